"""Tiny helpers for tests of the Airflow room: raw data by hand, and an evaluator of expressions to hold against Jinja."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jinja2

from workbook_lib.findings import Finding
from workbook_lib.model import expr as x
from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Function, Origin
from workbook_lib.model.workflow import Edge, RunParameter, Task, Workflow
from workbook_lib.prefect_writer.emitted import templates as rendering
from workbook_lib.sources.airflow._raw import RawDag, RawFile, RawTask
from workbook_lib.sources.airflow.assemble import assemble

FILE = "dags/dag.py"


def value(found: Any) -> Expr:
    """A Python value as the worker would give it; expressions pass."""
    if isinstance(found, Frozen):
        return found  # type: ignore[return-value]
    if isinstance(found, dict) and any(isinstance(item, Frozen) for item in found.values()):
        return x.DictOf(items=tuple((x.Constant(value=key), value(item)) for key, item in found.items()))
    if isinstance(found, tuple | list) and (isinstance(found, tuple) or any(isinstance(item, Frozen) for item in found)):
        return x.ListOf(items=tuple(map(value, found)), type="tuple" if isinstance(found, tuple) else "list")
    if isinstance(found, timedelta):
        return x.Moment(iso=str(found.total_seconds()), type="timedelta")
    if isinstance(found, datetime):
        return x.Moment(iso=found.isoformat())
    return x.Constant(value=found)


def function_at(source: str, name: str) -> x.Callable:
    """The callable `name` of `source`, with the line that the interpreter gives it (that of its first decorator)."""
    import ast

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return x.Callable(name=name, file=FILE, line=min([node.lineno, *(d.lineno for d in node.decorator_list)]))
    raise KeyError(name)


def raw_task(id: str = "t", operator: str = "EmptyOperator", *, line: int = 1, **fields: Any) -> RawTask:
    """A task; names that are no fields of `RawTask` are arguments of the operator."""
    own = {name: fields.pop(name) for name in list(fields) if name in RawTask.model_fields}
    arguments = tuple((name, value(found)) for name, found in fields.items())
    own["bases"] = (operator, *(name for name in own.get("bases", ("BaseOperator",)) if name != operator))
    own.setdefault("base_modules", ("airflow.operators",) * len(own["bases"]))
    return RawTask(id=id, operator=operator, arguments=arguments, origin=Origin(file=FILE, line=line), **own)


def read(
    source: str,
    *tasks: RawTask,
    edges: tuple[tuple[str, str], ...] = (),
    files: dict[str, str] | None = None,
    airflow: str = "2.11",
    **fields: Any,
) -> tuple[Workflow, list[Finding]]:
    """The one workflow of a DAG `d` with these tasks, and the findings."""
    params = fields.pop("params", {})
    modules = tuple(fields.pop("modules", {}).items())
    parameters = tuple(RunParameter(name=name, default=x.Constant(value=found)) for name, found in params.items())
    dag = RawDag(
        id="d",
        origin=Origin(file=FILE, line=1),
        tasks=tasks,
        edges=tuple(Edge(source=a, target=b) for a, b in edges),
        parameters=parameters,
        **fields,
    )
    texts = {FILE: source, **(files or {})}
    workflows, findings = assemble(RawFile(file=FILE, airflow=airflow, dags=(dag,), modules=modules), texts=texts.__getitem__)
    assert len(workflows) == 1, findings
    return workflows[0], findings


def python_task(source: str, name: str, id: str = "t", operator: str = "PythonOperator", **fields: Any) -> RawTask:
    """A PythonOperator that calls the function `name` of `source`."""
    return raw_task(id, operator, python_callable=function_at(source, name), **fields)


def applied(function: Function, shown: Any = None) -> str:
    """The source with its spans shown: values as <...>, pushes as push(key, value), dropped text gone."""
    text = function.source
    for span in reversed(function.spans):
        argument = span.argument
        shown_span = {
            "value": lambda s=span: f"<{brief(s.value)}>",
            "push": lambda s=span: f"push({s.key!r}, {s.argument if s.value is None else '<' + brief(s.value) + '>'})",
            "skip": lambda a=argument: f"skip({a})",
            "fail": lambda a=argument: f"fail({a})",
            "exception": lambda: "FAILURE",
            "skip_type": lambda: "SKIP",
            "update": lambda a=argument: a,
            "drop": lambda: "",
        }[span.kind]()
        text = text[: span.start] + shown_span + text[span.end :]
    return text


def brief(expr: Expr | None) -> str:
    """An expression in a few signs, for reading expectations."""
    match expr:
        case None:
            return ""
        case x.Constant():
            return repr(expr.value)
        case x.TaskOutput():
            return expr.task + (f".{expr.key}" if expr.key != "return_value" else "") + ("[*]" if expr.mapped else "")
        case x.Context():
            return expr.name
        case x.Parameter():
            return f"param {expr.name}"
        case x.Variable():
            shown = f"var {expr.name}" + (" json" if expr.json_value else "")
            return shown + (f" or {brief(expr.default)}" if expr.default is not None else "")
        case x.Connection():
            return f"conn {expr.id}" + (f".{expr.field}" if expr.field else "")
        case x.Call():
            return f"{expr.function}({', '.join(map(brief, expr.args))})"
        case x.ListOf():
            return f"[{', '.join(map(brief, expr.items))}]"
        case x.DictOf():
            return "{" + ", ".join(f"{brief(key)}: {brief(item)}" for key, item in expr.items) + "}"
        case x.Format():
            return "f(" + " + ".join(map(brief, expr.parts)) + ")"
        case x.Index():
            return f"{brief(expr.base)}[{brief(expr.key)}]"
        case x.Attribute():
            return f"{brief(expr.base)}.{expr.name}"
        case x.Operation():
            return f"({f' {expr.operator} '.join(map(brief, expr.operands))})"
        case x.Conditional():
            return f"({brief(expr.then)} if {brief(expr.test)} else {brief(expr.otherwise)})"
        case x.Element():
            return f"element {expr.name}"
        case x.Reference():
            return f"ref {expr.name}"
        case x.Moment():
            return expr.iso
        case x.Template():
            return f"template: {expr.reason}"
    return f"{expr.kind} {expr}"


def bound(task: Task) -> dict[str, str]:
    """What the parameters of a Python task are bound to, in brief."""
    return {name: brief(found) for name, found in task.action.arguments}  # type: ignore[union-attr]


# --- a run, for Jinja and for expressions alike ------------------------------------------------------------------------------------
DAY = datetime(2024, 3, 9, 6, 30, tzinfo=UTC)
XCOMS = {
    ("total", "return_value"): 1200,
    ("names", "return_value"): ["b", "a"],
    ("row", "return_value"): {"k": "v", "n": [1, 2]},
    ("push", "k2"): "x<y",
    ("none", "return_value"): None,
}
VARIABLES = {"plain": "text", "doc": '{"deep": {"er": 5}}'}
CONNECTION = {"host": "h", "login": "u", "password": "p", "schema": "s", "port": 5432, "extra": {"region": "eu"}}
PARAMS = {"x": 3, "s": "abc", "flag": True}
CONF = {"message": "hi"}


def jinja_rendered(text: str) -> str:
    """What Jinja makes of a template with values of Airflow's names, given as Airflow gives them."""

    def pull(task_ids: Any = None, dag_id: Any = None, key: str = "return_value", default: Any = None) -> Any:
        if isinstance(task_ids, str):
            found = XCOMS.get((task_ids, key))
            return default if found is None else found
        return [XCOMS[task, key] for task in task_ids if XCOMS.get((task, key)) is not None]

    def add(ds: str, days: int) -> str:
        return (datetime.strptime(ds, "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")

    def reformat(ds: str, first: str, second: str) -> str:
        return datetime.strptime(ds, first).strftime(second)

    class Stored:
        def __init__(self, as_json: bool) -> None:
            self._json = as_json

        def __getattr__(self, name: str) -> Any:
            return self.get(name)

        def get(self, name: str, default: Any = jinja2.Undefined) -> Any:
            if name not in VARIABLES and default is not jinja2.Undefined:
                return default
            return json.loads(VARIABLES[name]) if self._json else VARIABLES[name]

    env = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    env.filters |= {
        "ds": lambda v: v.strftime("%Y-%m-%d"),
        "ds_nodash": lambda v: v.strftime("%Y%m%d"),
        "ts": lambda v: v.isoformat(),
        "ts_nodash": lambda v: v.strftime("%Y%m%dT%H%M%S"),
        "ts_nodash_with_tz": lambda v: v.isoformat().replace("-", "").replace(":", ""),
    }
    ti = SimpleNamespace(xcom_pull=pull, task_id="t", dag_id="d", run_id="r", try_number=2, map_index=-1)
    end = DAY + timedelta(days=1)
    names = {
        "ds": DAY.strftime("%Y-%m-%d"),
        "ds_nodash": DAY.strftime("%Y%m%d"),
        "ts": DAY.isoformat(),
        "ts_nodash": DAY.strftime("%Y%m%dT%H%M%S"),
        "ts_nodash_with_tz": DAY.isoformat().replace("-", "").replace(":", ""),
        "yesterday_ds": "2024-03-08",
        "tomorrow_ds_nodash": "20240310",
        "logical_date": DAY,
        "execution_date": DAY,
        "data_interval_start": DAY,
        "data_interval_end": end,
        "run_id": "r",
        "dag": SimpleNamespace(dag_id="d"),
        "task": SimpleNamespace(task_id="t"),
        "ti": ti,
        "task_instance": ti,
        "task_instance_key_str": "d__t__20240309",
        "params": PARAMS | CONF,
        "dag_run": SimpleNamespace(conf=CONF, logical_date=DAY, run_id="r"),
        "var": SimpleNamespace(value=Stored(False), json=Stored(True)),
        "conn": SimpleNamespace(
            db=SimpleNamespace(**{k: v for k, v in CONNECTION.items() if k != "extra"}, extra_dejson=CONNECTION["extra"])
        ),
        "macros": SimpleNamespace(ds_add=add, ds_format=reformat, timedelta=timedelta),
    }
    return env.from_string(text).render(names)


_CALLS: dict[str, Any] = {
    "format_date": lambda m, f: m.strftime(f),
    "iso": lambda m: m.isoformat(),
    "add_days": lambda d, n: (datetime.strptime(d, "%Y-%m-%d") + timedelta(days=n)).strftime("%Y-%m-%d"),
    "shift": lambda m, s: m + timedelta(seconds=s),
    "reformat_date": lambda t, a, b: datetime.strptime(t, a).strftime(b),
    "timestamp": lambda m: m.timestamp(),
    "replace": lambda t, a, b: t.replace(a, b),
    "join": lambda s, i: s.join(map(str, i)),
    "split": lambda t, s: t.split(s),
    "upper": str.upper,
    "lower": str.lower,
    "strip": str.strip,
    "default": lambda v, o: o if v is None else v,
    "required": lambda v, _: v,
    "render": rendering.render,
    "pulled": rendering.pulled,
    "present": lambda items: [item for item in items if item is not None],
    "json_html": lambda v: jinja2.utils.htmlsafe_json_dumps(v, sort_keys=True),
    **{f.__name__: f for f in (str, int, float, bool, len, list, dict, sum, min, max, sorted)},
}
_CONTEXT = {
    "logical_date": DAY,
    "interval_start": DAY,
    "interval_end": DAY + timedelta(days=1),
    "run_id": "r",
    "workflow_id": "d",
    "task_id": "t",
    "attempt": 2,
    "map_index": -1,
    "run_parameters": PARAMS | CONF,
}


def evaluated(expr: Expr) -> Any:
    """The value of an expression in the same run, as `model.expr` defines it."""
    match expr:
        case x.Constant():
            return expr.value
        case x.Context():
            return _CONTEXT[expr.name]
        case x.Parameter():
            return (PARAMS | CONF).get(expr.name)
        case x.TaskOutput():
            return XCOMS.get((expr.task, expr.key))
        case x.Variable():
            if expr.name not in VARIABLES and expr.default is not None:
                return evaluated(expr.default)
            return json.loads(VARIABLES[expr.name]) if expr.json_value else VARIABLES[expr.name]
        case x.Connection():
            field = expr.field or ""
            return CONNECTION["extra"][field[6:]] if field.startswith("extra.") else CONNECTION[field]
        case x.Call():
            return _CALLS[expr.function](*map(evaluated, expr.args))
        case x.ListOf():
            return (tuple if expr.type == "tuple" else list)(map(evaluated, expr.items))
        case x.DictOf():
            return {evaluated(key): evaluated(item) for key, item in expr.items}
        case x.Format():
            return "".join(str(evaluated(part)) for part in expr.parts)
        case x.Index():
            return evaluated(expr.base)[evaluated(expr.key)]
        case x.Attribute():
            return getattr(evaluated(expr.base), expr.name)
        case x.Conditional():
            return evaluated(expr.then if evaluated(expr.test) else expr.otherwise)
        case x.Operation():
            return _operate(expr)
    raise AssertionError(expr)


def _operate(expr: x.Operation) -> Any:
    if expr.operator == "not":
        return not evaluated(expr.operands[0])
    left = evaluated(expr.operands[0])
    if expr.operator in ("and", "or"):
        return left if bool(left) == (expr.operator == "or") else evaluated(expr.operands[1])
    right = evaluated(expr.operands[1])
    return eval("left " + expr.operator + " right", {"left": left, "right": right})
