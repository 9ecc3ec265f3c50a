"""Write what Airflow's own DagBag reads from folders of DAG files: ids and values only; no documentation, no source text.

Run with the engine's Python (see workbook_lib/sources/airflow/README.md):
    AIRFLOW_HOME=<scratch> <engine>/bin/python tests/corpus/airflow/dump_dagbag.py OUT.json FOLDER [FOLDER ...]
Works with Airflow 2.x and 3.x; what the values mean is told in `aspects.py`. Moments are in UTC, durations in seconds.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

# What a timetable knows: attribute of 2.x or 3.x -> its name here, and the default that says nothing.
TIMETABLE = {
    "_expression": ("cron", None),
    "expression": ("cron", None),
    "_delta": ("delta", None),
    "delta": ("delta", None),
    "_interval": ("interval", 0.0),
    "interval": ("interval", 0.0),
    "run_immediately": ("run_immediately", False),
    "restrict_to_events": ("restrict_to_events", False),
    "event_dates": ("moments", None),
    "run_offset": ("run_offset", None),
    "key_format": ("key_format", "%Y-%m-%dT%H:%M:%S"),
    "dataset_condition": ("assets", None),
    "asset_condition": ("assets", None),
    "default_partition_mapper": ("default_partition_mapper", ["IdentityMapper", {}]),
    "partition_mapper_config": ("partition_mapper_config", {}),
    "timetable": ("time", None),
    "timetables": ("times", None),
}
# What partition mappers and windows are where nothing is said.
MAPPER_DEFAULTS: dict[str, Any] = {
    "max_downstream_keys": None,
    "downstream_mapper": None,
    "direction": "forward",
    "timezone": "UTC",
    "delimiter": "|",
    "wait_policy": ["WaitForAll", {}],
}


def plain(value: Any) -> Any:
    """A value as JSON; other objects as [class, attributes]."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain, value), key=repr)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return type(value).__name__


def shortened(value: Any) -> Any:
    """Long texts by their digest, for a recording keeps no documentation; today by its name, for tomorrow it is another day."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if not isinstance(value, str):
        return value
    text = value.replace(date.today().isoformat(), "<today>")
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16] if len(text) > 40 else text


def output(value: Any) -> Any:
    """What is mapped over: `{"output": [task, key]}`, `.map`, `.zip`, `.concat`, an element of the group, or a plain value."""
    kind = type(value).__name__
    if kind in ("PlainXComArg", "SchedulerPlainXComArg"):
        return {"output": [value.operator.task_id, value.key]}
    if kind == "MapXComArg":
        return {"map": [output(value.arg), [getattr(function, "__name__", str(function)) for function in value.callables]]}
    if kind in ("ZipXComArg", "ConcatXComArg"):
        fill = getattr(value, "fillvalue", None)
        more = {} if type(fill).__name__ in ("ArgNotSet", "NoneType") else {"fillvalue": plain(fill)}
        return {kind[: -len("XComArg")].lower(): [output(part) for part in value.args], **more}
    if kind == "MappedArgument":
        return {"element": value._key}
    if isinstance(value, (list, tuple)):
        return [output(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): output(item) for key, item in value.items()}}
    if callable(value) and hasattr(value, "__name__"):
        return {"callable": value.__name__}
    return plain(value)


def over(expand: Any) -> dict[str, Any]:
    """An `expand` (argument by argument) or `expand_kwargs` (one value that yields arguments)."""
    if type(expand).__name__.endswith("ListOfDictsExpandInput"):
        return {"form": "records", "over": [["", output(expand.value)]]}
    return {"form": "product", "over": [[name, output(value)] for name, value in expand.value.items()]}


def assets(condition: Any) -> Any:
    """`{"all": [...]}`, `{"any": [...]}`, `{"alias": name}`, or `{"asset": {name, uri}}`."""
    kind = type(condition).__name__
    if hasattr(condition, "objects") and "Alias" not in kind:
        return {"any" if kind.endswith("Any") else "all": [assets(part) for part in condition.objects]}
    if "Alias" in kind:
        return {"alias": condition.name}
    return {"asset": {"name": getattr(condition, "name", None) or "", "uri": getattr(condition, "uri", None) or ""}}


def mapper(value: Any) -> Any:
    """A partition mapper, a window or a wait policy: [class, what it was given]; lists and plain values as they are."""
    if isinstance(value, (list, tuple)):
        return [mapper(item) for item in value]
    fields = [field.name for field in getattr(value, "__attrs_attrs__", ())]
    if isinstance(value, enum.Enum) or not (fields or type(value).__module__.startswith("airflow.")):
        return zone(value) if hasattr(value, "utcoffset") else plain(value)
    same = _nothing_given(type(value))
    given = {name.lstrip("_"): mapper(getattr(value, name)) for name in fields or vars(value)}
    usual = {name.lstrip("_"): mapper(getattr(same, name)) for name in fields or vars(value)} if same is not None else {}
    return [type(value).__name__, {name: item for name, item in given.items() if item != {**MAPPER_DEFAULTS, **usual}.get(name, Ellipsis)}]


def _nothing_given(cls: type) -> Any:
    try:
        return cls()
    except Exception:
        return None


def zone(value: Any) -> str:
    """The name of a time zone."""
    return str(getattr(value, "name", None) or getattr(value, "key", None) or value)


def timetable(table: Any) -> dict[str, Any]:
    """A timetable by its class and what it knows."""
    module = type(table).__module__
    found: dict[str, Any] = {"timetable": type(table).__name__, "own": not module.startswith("airflow.") or ".example_dags" in module}
    for attribute, (name, default) in TIMETABLE.items():
        value = getattr(table, attribute, None)
        if value is None or name in found or type(value).__name__ in ("_NullDataset", "_NullAsset"):
            continue
        if name == "assets":
            value = assets(value)
        elif name == "time":
            value = timetable(value)
        elif name == "times":
            value = [timetable(one) for one in value]
        elif name == "default_partition_mapper":
            value = mapper(value)
        elif name == "partition_mapper_config":
            value = {json.dumps(assets(asset)["asset"], sort_keys=True): mapper(one) for asset, one in value.items()}
        elif name in ("delta", "interval") and not isinstance(value, timedelta):
            value = str(value)
        value = plain(value)
        if value != default:
            found[name] = value
    named = getattr(table, "_timezone", None) or getattr(table, "timezone", None)
    return found | ({"timezone": zone(named)} if named is not None else {})


def backoff(given: Any) -> float:
    """The factor from one delay to the next: Airflow 2 knows only 2, and 3 takes 1 for none."""
    import airflow

    if given is True or (given and airflow.__version__.startswith("2")):
        return 2.0
    return float(given) if given > 0 and given != 1 else 0.0


def _task(task: Any) -> dict[str, Any]:
    mapped = type(task).__name__.endswith("MappedOperator")
    cls = task.operator_class if mapped else type(task)
    group = task.task_group.group_id if getattr(task, "task_group", None) else None
    policy = getattr(task, "retry_policy", None)
    labels = task.dag.edge_info.get(task.task_id, {})
    return {
        "id": task.task_id,
        "operator": cls.__name__,
        "module": re.sub(r"^unusual_prefix_[0-9a-f]{40}_", "", cls.__module__),  # DagBag's own name for a DAG file
        "downstream": sorted([after, labels.get(after, {}).get("label")] for after in task.downstream_task_ids),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "retries": task.retries,
        "retry_delay": plain(task.retry_delay),
        "backoff": backoff(task.retry_exponential_backoff),
        "max_retry_delay": plain(task.max_retry_delay),
        "retry_policy": type(policy).__name__ if policy is not None else None,
        "timeout": plain(task.execution_timeout),
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "group": group,
        "mapped": over(task._get_specified_expand_input()) if mapped else None,
        "setup": bool(task.is_setup),
        "teardown": bool(task.is_teardown),
        "teardown_fails_run": bool(getattr(task, "on_failure_fail_dagrun", False)) if task.is_teardown else False,
        "start_date": plain(task.start_date),
        "end_date": plain(task.end_date),
    }


def _param(name: str, param: Any) -> dict[str, Any]:
    value = {} if type(param.value).__name__ in ("ArgNotSet", "SetDuringExecution") else {"default": plain(param.value)}
    return {"name": name, **shortened({**value, "schema": plain(param.schema)})}


def _group(group: Any) -> dict[str, Any]:
    expand = getattr(group, "_expand_input", None)
    parent = group.parent_group
    return {
        "id": group.group_id,
        "parent": parent.group_id if parent is not None and not parent.is_root else None,
        "mapped": over(expand) if expand is not None else None,
    }


def _dag(dag: Any, folders: list[str]) -> dict[str, Any]:
    folder = next(one for one in folders if Path(dag.fileloc).is_relative_to(one))
    given = getattr(dag, "schedule_interval", getattr(dag, "schedule", None))
    return {
        "id": dag.dag_id,
        "file": os.path.relpath(dag.fileloc, folder),
        "schedule": timetable(dag.timetable),
        "given": plain(given) if given is None or isinstance(given, (str, timedelta)) else "",
        "timezone": zone(dag.timezone),
        "start_date": plain(dag.start_date),
        "end_date": plain(dag.end_date),
        "catchup": dag.catchup,
        "tags": sorted(dag.tags),
        "params": [_param(name, dag.params.get_param(name)) for name in dag.params],
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "fail_fast": bool(getattr(dag, "fail_fast", getattr(dag, "fail_stop", False))),
        "dagrun_timeout": plain(dag.dagrun_timeout),
        "groups": [_group(group) for key, group in sorted(dag.task_group.get_task_group_dict().items(), key=str) if key],
        "tasks": [_task(task) for task in dag.tasks],
    }


def read(folders: list[str]) -> dict[str, Any]:
    """What the DagBag of this engine holds for some folders."""
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    os.environ.setdefault("AIRFLOW__CORE__UNIT_TEST_MODE", "False")
    try:
        from airflow.models.dagbag import DagBag
    except ImportError:
        from airflow.dag_processing.dagbag import DagBag
    import airflow

    dags: list[Any] = []
    for folder in folders:
        bag = DagBag(folder)
        if bag.import_errors:
            sys.exit(f"these files do not import: {bag.import_errors}")
        dags += bag.dags.values()
    made = sorted((_dag(dag, folders) for dag in dags), key=lambda dag: dag["id"])
    return {"schema": 1, "airflow": airflow.__version__, "files": sorted({dag["file"] for dag in made}), "dags": made}


def main(out: str, folders: list[str]) -> None:
    """Read, write, and tell how much it was."""
    document = read(folders)
    dags = document.pop("dags")
    lines = ",\n".join(json.dumps(dag) for dag in dags)  # a line for each DAG: a difference shows where it is
    Path(out).write_text(f'{json.dumps(document)[:-1]}, "dags": [\n{lines}\n]}}\n')
    print(f"{len(dags)} DAGs, {sum(len(dag['tasks']) for dag in dags)} tasks from {len(document['files'])} files")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
