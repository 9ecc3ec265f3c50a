"""What `workbook read --full` and Airflow's DagBag must agree on: one table, aspect -> (what the dump says, what the document says).

`dump_dagbag.py` writes the dump; the document is the one that the command prints. Both sides are projected to plain values that are
equal when they mean the same: moments in UTC, durations in seconds, Airflow's defaults written out.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

Dag = dict[str, Any]
ROOT = Path(__file__).parents[3]
README = ROOT / "workbook_lib" / "sources" / "airflow" / "README.md"
DUMP = ROOT / "tests" / "corpus" / "airflow" / "dump_dagbag.py"


def _dump() -> ModuleType:
    """The script that runs in the engine: its way to shorten values is the way of the recording."""
    spec = importlib.util.spec_from_file_location("dump_dagbag", DUMP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shortened = _dump().shortened

# What Airflow's configuration says where a DAG says nothing:
# https://airflow.apache.org/docs/apache-airflow/3.3.2/configurations-ref.html#core
DEFAULT_LIMITS = {"active_runs": 16, "active_tasks": 16, "consecutive_failed_runs": 0}
DEFAULT_POOL = "default_pool"
# Positional arguments of partition mappers, and the mapper to which a window fans out unless told otherwise:
# https://airflow.apache.org/docs/apache-airflow/3.3.2/authoring-and-scheduling/assets.html
POSITIONAL = {"AllowedKeyMapper": "allowed_keys", "FixedKeyMapper": "downstream_key", "SegmentWindow": "segments", "MinimumCount": "n"}
FANS_OUT_TO = {"WeekWindow": "StartOfDayMapper"}
_TIMETABLES = """
    NullTimetable OnceTimetable ContinuousTimetable CronDataIntervalTimetable CronTriggerTimetable MultipleCronTriggerTimetable
    CronPartitionTimetable DeltaDataIntervalTimetable DeltaTriggerTimetable EventsTimetable DatasetTriggeredTimetable
    AssetTriggeredTimetable DatasetOrTimeSchedule AssetOrTimeSchedule PartitionedAssetTimetable PartitionedAtRuntime
"""
TIMETABLES = frozenset(_TIMETABLES.split())
# Names that Airflow hands on to croniter: https://github.com/pallets-eco/croniter
ALIASES = {"@midnight": "0 0 * * *", "@annually": "0 0 1 1 *"}
TEMPLATE = {"template": True}
SAYS_NOTHING = {"wait_policy": ["WaitForAll", {}]}


@dataclass(frozen=True)
class Aspect:
    """One thing to agree on: its value in a DAG of the dump, and in a workflow of the document. `structural`: no exception is allowed."""

    name: str
    truth: Callable[[Dag], Any]
    model: Callable[[Dag], Any]
    structural: bool = False


@dataclass(frozen=True)
class Difference:
    """Where the document differs: DAG, aspect, and both values."""

    dag: str
    aspect: str
    truth: Any
    model: Any


# ---- values


def moment(text: str | None) -> str | None:
    """A moment in UTC, to the second."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")


def value(expr: dict[str, Any] | None) -> Any:
    """An expression in the form of the dump's values."""
    if expr is None:
        return None
    kind = expr["kind"]
    if kind == "constant":
        return expr["value"]
    if kind == "moment":
        return {"timedelta": float, "date": str}.get(expr["type"], moment)(expr["iso"])
    if kind == "list":
        return [value(item) for item in expr["items"]]
    if kind == "dict":
        return {str(value(key)): value(item) for key, item in expr["items"]}
    return expr["source"] if kind == "unknown" else {kind: expr}


def mapped_value(expr: dict[str, Any]) -> Any:
    """What is mapped over, in the form of the dump."""
    kind = expr["kind"]
    if kind == "task_output":
        return {"output": [expr["task"], expr["key"]]}
    if kind == "element":
        return {"element": expr["name"]}
    if kind == "callable":
        return {"callable": expr["name"].rpartition(".")[2]}
    if kind == "call" and expr["function"] in _PUT_TOGETHER:
        return _PUT_TOGETHER[expr["function"]](expr["args"])
    if kind == "unknown":
        return {"unknown": expr["source"]}
    if kind == "constant":
        return _tagged(expr["value"])
    if kind == "list":
        return [mapped_value(item) for item in expr["items"]]
    if kind == "dict":
        return {"dict": {str(value(key)): mapped_value(item) for key, item in expr["items"]}}
    return value(expr) if kind == "moment" else TEMPLATE


def _tagged(plain: Any) -> Any:
    if isinstance(plain, str) and ("{{" in plain or "{%" in plain):
        return TEMPLATE
    if isinstance(plain, dict):
        return {"dict": {key: _tagged(item) for key, item in plain.items()}}
    return [_tagged(item) for item in plain] if isinstance(plain, list) else plain


def _map(function: dict[str, Any], inner: Any) -> Any:
    """`.map(f)` of a value in the form of the dump, which lists the functions of one chain."""
    source, before = inner["map"] if isinstance(inner, dict) and "map" in inner else (inner, [])
    return {"map": [source, [*before, function["name"] if function["kind"] == "reference" else {"unknown": function["source"]}]]}


# Lists that are put together: function of the model -> how the dump says it.
_PUT_TOGETHER: dict[str, Callable[[list[Any]], Any]] = {
    "zip": lambda args: {"zip": list(map(mapped_value, args))},
    "zip_longest": lambda args: {"zip": list(map(mapped_value, args[:-1])), "fillvalue": value(args[-1])},
    "concat": lambda args: {"concat": list(map(mapped_value, args))},
    "map": lambda args: _map(args[0], mapped_value(args[1])),
}


def _form(node: dict[str, Any]) -> Any:
    """What a task or group is mapped over, with the functions that the model applies to each element."""
    mapping = node["mapping"]
    if mapping is None:
        return None
    applied = dict(mapping["applied"])
    for made in applied.values():  # it has to happen in the task, not only to be said; a body that cannot be converted does nothing
        function = node.get("action", {}).get("function") or {}
        if function and not function["blockers"] and made not in list(_parts(node["action"])):
            return {"said but not done": made}
    if "" in applied:
        ((name, over),) = mapping["over"]
        return {"form": "records", "over": [["", _with_functions(over, applied[""], {"kind": "element", "name": name})]]}
    return {
        "form": mapping["form"],
        "over": [[name, _with_functions(over, applied.get(name), {"kind": "element", "name": name})] for name, over in mapping["over"]],
    }


def _with_functions(over: dict[str, Any], made: dict[str, Any] | None, element: dict[str, Any]) -> Any:
    """A list and what is made of an `element` of it, as the list of what is made."""
    if made is None or made == element:
        return mapped_value(over)
    if made["kind"] == "call" and made["function"] == "apply":
        function, inner = made["args"]
        return _map(function, _with_functions(over, inner, element))
    if made["kind"] == "list" and over["kind"] == "call" and over["function"] == "zip" and len(made["items"]) == len(over["args"]):
        keys = ({"kind": "constant", "value": number} for number in range(len(over["args"])))
        one_of_each = zip(over["args"], made["items"], keys, strict=True)
        return {"zip": [_with_functions(part, item, {"kind": "index", "base": element, "key": key}) for part, item, key in one_of_each]}
    return {"not understood": made}


def _parts(found: Any) -> Iterator[Any]:
    """A value of the document and everything inside it."""
    yield found
    for part in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _parts(part)


def _templates(found: Any) -> Any:
    """The dump's values with templates marked: the document holds what they mean, and that is proved elsewhere."""
    if isinstance(found, dict):
        return {key: _templates(item) for key, item in found.items()}
    return [_templates(item) for item in found] if isinstance(found, list) else TEMPLATE if _tagged(found) == TEMPLATE else found


# ---- schedules


def truth_schedule(table: dict[str, Any]) -> dict[str, Any]:
    """A timetable of the dump."""
    found = {key: item for key, item in table.items() if key not in ("own", "assets", "times", "time", "timezone")}
    if table["own"]:
        return {"timetable": table["timetable"]}
    if "cron" in found:
        found["cron"] = ALIASES.get(found["cron"], found["cron"])
    if "timezone" in table and ("cron" in table or "times" in table):
        found["timezone"] = table["timezone"]
    if "moments" in found:
        found["moments"] = sorted(map(moment, found["moments"]), key=str)
    if "times" in table:  # one cron trigger each, alike in all but the expression
        first = {key: item for key, item in truth_schedule(table["times"][0]).items() if key not in ("timetable", "cron")}
        found |= {**first, "crons": [one["cron"] for one in table["times"]]}
    if "time" in table:
        found["time"] = truth_schedule(table["time"])
    if "default_partition_mapper" in found:
        found["default_partition_mapper"] = _mapper(found["default_partition_mapper"])
    if "partition_mapper_config" in found:
        config = found["partition_mapper_config"].items()
        found["partition_mapper_config"] = {json.loads(key)["uri"] or json.loads(key)["name"]: _mapper(item) for key, item in config}
    return found


def model_schedule(schedule: dict[str, Any]) -> dict[str, Any]:
    """A schedule of the document."""
    found: dict[str, Any] = {"timetable": schedule["timetable"]}
    if schedule["timetable"] not in TIMETABLES:  # the repository's own: only it knows what its arguments mean
        return found
    if schedule["time"] is not None:
        found["time"] = model_schedule(schedule["time"])
    elif schedule["cron"] is not None:
        found["cron"] = schedule["cron"]
    if schedule["interval_seconds"] is not None:
        found["delta"] = schedule["interval_seconds"]
    if schedule["crons"]:
        found["crons"] = schedule["crons"]
    if ("cron" in found or "crons" in found) and schedule["timezone"]:
        found["timezone"] = _offset(schedule["timezone"])
    if schedule["moments"]:
        found["moments"] = sorted(map(moment, schedule["moments"]), key=str)
    for name, expr in schedule["arguments"]:
        if name in ("default_partition_mapper", "partition_mapper_config"):
            found[name] = _model_mapper(name, expr)
        elif name != "description":
            found[name] = value(expr)
    usual = {"restrict_to_events": False, "run_immediately": False, "interval": 0.0, "default_partition_mapper": ["IdentityMapper", {}]}
    return {key: item for key, item in found.items() if item != usual.get(key, Ellipsis)}


def _model_mapper(name: str, expr: dict[str, Any]) -> Any:
    if expr["kind"] == "dict":
        return {str(value(key)): _model_mapper(name, item) for key, item in expr["items"]}
    return _mapper(_called(ast.parse(expr["source"], mode="eval").body))


def _called(node: ast.expr) -> Any:
    """`RollupMapper(window=DayWindow())` as [class, arguments]."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        given = [_called(item) for item in node.args]
        more = {str(word.arg): _called(word.value) for word in node.keywords}
        first = {"mappers": given} if name == "ProductMapper" else {POSITIONAL[name]: given[0]} if given else {}
        return [name, {**first, **more}]
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    if isinstance(node, ast.List | ast.Tuple):
        return [_called(item) for item in node.elts]
    return ast.literal_eval(node)


def _mapper(found: Any) -> Any:
    """Without what a window or a policy says anyway; the segments of a window are a set."""
    if not (isinstance(found, list) and len(found) == 2 and isinstance(found[1], dict)):
        return found
    name, given = found[0], {key: _mapper(item) for key, item in found[1].items()}
    window = given.get("window", [""])[0]
    usual = {**SAYS_NOTHING, **({"downstream_mapper": [FANS_OUT_TO[window], {}]} if window in FANS_OUT_TO else {})}
    if "segments" in given:
        given["segments"] = sorted(given["segments"])
    if "mappers" in given:
        given["mappers"] = [_mapper(item) for item in given["mappers"]]
    return [name, {key: item for key, item in given.items() if item != usual.get(key, Ellipsis)}]


def truth_assets(condition: Any) -> Any:
    """The logic over assets, of the dump; an asset of Airflow 2 has no name, and a single one stands for itself."""
    if condition is None or "alias" in condition:
        return condition
    for sign in ("all", "any"):
        if sign in condition:
            return {sign: [truth_assets(part) for part in condition[sign]]}
    asset = condition["asset"]
    return {"asset": [asset["name"] or asset["uri"], asset["uri"]]}


def model_assets(condition: dict[str, Any] | None) -> Any:
    """The same of the document."""
    if condition is None:
        return None
    if condition["kind"] in ("all", "any"):
        return {condition["kind"]: [model_assets(part) for part in condition["parts"]]}
    name, uri = condition["name"], condition["uri"]
    return {"alias": name} if condition["kind"] == "alias" else {"asset": [name or uri, uri]}


# ---- tables of tasks


def _of_tasks(*names: str) -> Callable[[Dag], Any]:
    def project(dag: Dag) -> Any:
        return {task["id"]: task[names[0]] if len(names) == 1 else [task[name] for name in names] for task in dag["tasks"]}

    return project


def _of_model(read: Callable[[Dag], Any]) -> Callable[[Dag], Any]:
    return lambda workflow: {task["id"]: read(task) for task in workflow["model"]["tasks"]}


def _delays(task: Dag) -> Any:
    retry = task["retry"]
    policy = retry["policy"] and retry["policy"].get("source", "").partition("(")[0]
    return [retry["delay_seconds"], retry["multiplier"] if retry["exponential"] else 0.0, retry["max_delay_seconds"], policy]


def _edges(dag: Dag) -> list[list[str]]:
    return sorted([task["id"], after] for task in dag["tasks"] for after, _ in task["downstream"])


def _labels(dag: Dag) -> list[list[str]]:
    return sorted([task["id"], after, label] for task in dag["tasks"] for after, label in task["downstream"] if label is not None)


def _offset(zone: str) -> str:
    """IANA's name of a whole hour's offset, which counts westwards, as Airflow prints it."""
    hours = int(zone.removeprefix("Etc/GMT")) if zone.startswith("Etc/GMT") else 0
    return f"{-hours:+03d}:00" if hours else zone


def _effective(name: str, choose: Callable[[list[str]], str]) -> Callable[[Dag], Any]:
    """The DAG's date; else that of its tasks, to which `default_args` hands it."""

    def project(dag: Dag) -> Any:
        of_tasks = [task[name] for task in dag["tasks"] if task[name] is not None]
        return moment(dag[name] or (choose(of_tasks) if of_tasks else None))

    return project


def _params(dag: Dag) -> Any:
    return [[one["name"], "default" in one, one.get("default"), one["schema"]] for one in dag["params"]]


def _model_params(workflow: Dag) -> Any:
    found = []
    for one in workflow["model"]["parameters"]:
        if one["declared"]:
            said = shortened([value(one["default"]), one["json_schema"]])
            found.append([one["name"], one["default"] is not None, *said])
    return found


def _limits(dag: Dag) -> Any:
    return [dag["max_active_runs"], dag["max_active_tasks"], dag["max_consecutive_failed_dag_runs"], dag["fail_fast"]]


def _model_limits(workflow: Dag) -> Any:
    limits = workflow["model"]["limits"]
    return [*(default if limits[name] is None else limits[name] for name, default in DEFAULT_LIMITS.items()), limits["fail_fast"]]


def _model(*path: str) -> Callable[[Dag], Any]:
    def project(workflow: Dag) -> Any:
        found = workflow["model"]
        for name in path:
            found = found[name]
        return found

    return project


def _top(workflow: Dag) -> Any:
    return sorted([edge["source"], edge["target"]] for edge in workflow["edges"])


# What can be written as a text or a plain duration; everything else is compared as timetable and assets.
FIXED = {"NullTimetable": None, "OnceTimetable": "@once", "ContinuousTimetable": "@continuous"}
CRON = ("CronDataIntervalTimetable", "CronTriggerTimetable")


def _given(dag: Dag) -> Any:
    """Where a timetable object was given, the text that would make it."""
    table = dag["schedule"]
    if table["timetable"] in FIXED:
        return FIXED[table["timetable"]]
    if isinstance(table.get("delta"), float):
        return table["delta"]
    return (dag["given"] if isinstance(dag["given"], str) and dag["given"] else table["cron"]) if table["timetable"] in CRON else None


def _text(schedule: Dag) -> Any:
    if schedule["kind"] == "cron":
        return schedule["text"]
    return schedule["interval_seconds"] if schedule["kind"] == "interval" else FIXED.get(schedule["timetable"])


ASPECTS: tuple[Aspect, ...] = (
    Aspect("tasks", lambda dag: [task["id"] for task in dag["tasks"]], lambda flow: [task["id"] for task in flow["tasks"]], True),
    Aspect("edges", _edges, _top, True),
    Aspect("trigger rules", _of_tasks("trigger_rule"), lambda flow: {task["id"]: task["trigger_rule"] for task in flow["tasks"]}, True),
    Aspect(
        "edge labels",
        _labels,
        lambda flow: sorted([one["source"], one["target"], one["label"]] for one in flow["model"]["edges"] if one["label"] is not None),
    ),
    Aspect("operators", _of_tasks("operator"), lambda flow: {task["id"]: task["operator"] for task in flow["tasks"]}),
    Aspect("operator modules", _of_tasks("module"), _of_model(lambda task: task["operator_module"])),
    Aspect("retries", _of_tasks("retries"), lambda flow: {task["id"]: task["retries"] for task in flow["tasks"]}),
    Aspect("retry delays", _of_tasks("retry_delay", "backoff", "max_retry_delay", "retry_policy"), _of_model(_delays)),
    Aspect("pools", _of_tasks("pool", "pool_slots"), _of_model(lambda task: [task["pool"] or DEFAULT_POOL, task["pool_slots"]])),
    Aspect("task timeouts", _of_tasks("timeout"), _of_model(lambda task: task["timeout_seconds"])),
    Aspect("run timeout", lambda dag: dag["dagrun_timeout"], _model("limits", "run_timeout_seconds")),
    Aspect(
        "groups",
        lambda dag: sorted([group["id"], group["parent"]] for group in dag["groups"]),
        lambda flow: sorted([group["id"], group["parent"]] for group in flow["model"]["groups"]),
    ),
    Aspect("groups of tasks", _of_tasks("group"), lambda flow: {task["id"]: task["group"] for task in flow["tasks"]}),
    Aspect(
        "mapped tasks",
        lambda dag: {task["id"]: _templates(task["mapped"]) for task in dag["tasks"]},
        _of_model(_form),
    ),
    Aspect(
        "mapped groups",
        lambda dag: {group["id"]: _templates(group["mapped"]) for group in dag["groups"]},
        lambda flow: {group["id"]: _form(group) for group in flow["model"]["groups"]},
    ),
    Aspect(
        "setup and teardown",
        _of_tasks("setup", "teardown", "teardown_fails_run"),
        _of_model(lambda task: [task["setup"], task["teardown"], task["teardown_fails_run"]]),
    ),
    Aspect("schedule", lambda dag: truth_schedule(dag["schedule"]), lambda flow: model_schedule(flow["model"]["schedule"])),
    Aspect(
        "schedule as written",
        _given,
        lambda flow: _text(flow["model"]["schedule"]),
    ),
    Aspect(
        "assets",
        lambda dag: truth_assets(dag["schedule"].get("assets")),
        lambda flow: model_assets(flow["model"]["schedule"]["condition"]),
    ),
    Aspect("time zone", lambda dag: dag["timezone"], lambda flow: _offset(flow["model"]["timezone"])),
    Aspect("start date", _effective("start_date", min), lambda flow: moment(flow["model"]["start_date"])),
    Aspect("end date", _effective("end_date", max), lambda flow: moment(flow["model"]["end_date"])),
    Aspect("catchup", lambda dag: dag["catchup"], lambda flow: flow["catchup"]),
    Aspect("tags", lambda dag: sorted(set(dag["tags"])), _model("tags")),
    Aspect("parameters", _params, _model_params),
    Aspect("limits", _limits, _model_limits),
)


def differences(dump: dict[str, Any], document: dict[str, Any]) -> Iterator[Difference]:
    """Where a dump and the document of the same files differ; DAGs that only one of them has come first."""
    truth = {dag["id"]: dag for dag in dump["dags"]}
    model = {workflow["id"]: workflow for workflow in document["workflows"]}
    for dag_id in sorted(truth.keys() ^ model.keys()):
        yield Difference(dag_id, "DAG ids", dag_id in truth, dag_id in model)
    for dag_id in sorted(truth.keys() & model.keys()):
        yield from of_dag(truth[dag_id], model[dag_id])


def of_dag(truth: Dag, model: Dag) -> Iterator[Difference]:
    """Where one DAG differs."""
    for aspect in ASPECTS:
        said, read = aspect.truth(truth), aspect.model(model)
        if said != read:
            yield Difference(truth["id"], aspect.name, said, read)


def values(projected: Any) -> set[str]:
    """The different values that an aspect has in a DAG: of its tasks or groups, or its own."""
    return {json.dumps(one, sort_keys=True) for one in (projected.values() if isinstance(projected, dict) and projected else [projected])}


def exceptions(version: str) -> dict[tuple[str, str], str]:
    """(DAG, aspect) -> reason, from the table "Differences left" of the room's README."""
    part = README.read_text(encoding="utf-8").partition("## Differences left")[2].partition("\n## ")[0]
    rows = [[cell.strip().strip("`") for cell in line.strip().strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return {(row[1], row[2]): row[3] for row in rows[2:] if row[0] == version}
