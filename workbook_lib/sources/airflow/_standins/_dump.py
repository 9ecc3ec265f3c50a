"""What was built, as plain data in the form of `_raw.RawDag`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from workbook_lib.sources.airflow._standins import _moving, _names, _sources, _tables
from workbook_lib.sources.airflow._standins._dag import DAG
from workbook_lib.sources.airflow._standins._group import TaskGroup
from workbook_lib.sources.airflow._standins._mapped import Mapped
from workbook_lib.sources.airflow._standins._operator import defines_execution, seconds
from workbook_lib.sources.airflow._standins._relations import as_list
from workbook_lib.sources.airflow._standins._schedule import dag_zone, schedule_of
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION, report
from workbook_lib.sources.airflow._standins._timetables import as_moment
from workbook_lib.sources.tracing._entries import constant, decides
from workbook_lib.sources.tracing._exprs import clean, to_expr
from workbook_lib.sources.tracing._symbols import entry_of, name_inputs, plain, value_of


def _settled(value: Any, kind: str, default: Any, setting: str, task: Any) -> Any:
    """A setting that the model holds as a plain value; an unknown one is assumed, with a finding."""
    entry = entry_of(value)
    result = entry.value if entry is not None else value
    try:
        result = _CONVERT[kind](result)
    except (TypeError, ValueError):
        result = default
    if entry is not None and not entry.known:
        where = getattr(task, "_origin", None) or getattr(task, "origin", {})
        decides(entry.inputs, f"{setting} ({where.get('file')}:{where.get('line') or 1})")
        report(
            "airflow.assumed_setting", "warning", f"{setting} depends on {name_inputs(entry.inputs)}; {result!r} is assumed",
            advice="Supply the value (--inputs, --variables ...) and read again.", file=where.get("file"),
            line=where.get("line") or 1,
            workflow=task.dag_id, task=getattr(task, "task_id", None),
        )  # fmt: skip
    return result


_BASE = frozenset(_tables.BASE_ARGUMENTS) | {"task_id"}
_CONVERT: dict[str, Callable[[Any], Any]] = {
    "int": lambda value: 0 if value is None else int(value),
    "bool": bool,
    "same": lambda value: value,
    "nothing": lambda value: None,
    "text": lambda value: None if value is None else clean(plain(str(getattr(value, "value", value)))),
    "seconds": seconds,
    "factor": lambda value: 2.0 if value is True else float(value or 0),
}


def _text(value: Any) -> str | None:
    return clean(plain(value)) if isinstance(value, str) else None


def _origin(origin: dict[str, Any]) -> dict[str, Any]:
    return origin if origin.get("file") else {**origin, "file": SESSION.file}


def dag_to_raw(dag: DAG) -> dict[str, Any]:
    """As `RawDag`."""
    tasks = [_task(task) for task in dag.tasks]
    _tell_moving(dag)
    known = {task["id"] for task in tasks}
    groups = [group for key, group in dag.task_group.get_task_group_dict().items() if key]
    edges = [
        {"source": task.task_id, "target": after.task_id, "label": _text(label), "origin": _sources.of_edge(task, after)}
        for task in dag.tasks
        for after, label in task._downstream.items()
        if after.task_id in known
    ]
    catchup = dag.settings.get("catchup")
    limits = {
        "active_runs": _limit(dag, "max_active_runs"),
        "active_tasks": _limit(dag, "concurrency") or _limit(dag, "max_active_tasks"),
        "consecutive_failed_runs": _limit(dag, "max_consecutive_failed_dag_runs"),
        "run_timeout_seconds": _settled(dag.settings.get("dagrun_timeout"), "seconds", None, "dagrun_timeout", dag),
        "fail_fast": bool(dag.settings.get("fail_stop") or dag.settings.get("fail_fast")),
    }
    owner = dag.default_args.get("owner")
    if owner is None:
        owner = next((task.owner for task in dag.tasks if task.owner), None)
    searchpath = dag.settings.get("template_searchpath")
    return {
        "id": clean(dag.dag_id),
        "origin": _origin(dag.origin),
        "doc": _text(dag.doc_md),
        "description": _text(dag.description),
        "tags": sorted({clean(plain(str(tag))) for tag in dag.tags}),
        "owner": _text(owner),
        "schedule": schedule_of(dag),
        "start_date": _date(dag, "start_date"),
        "end_date": _date(dag, "end_date"),
        "timezone": dag_zone(dag),
        "catchup": (not SESSION.is_3) if catchup is None else bool(_settled(catchup, "bool", False, "catchup", dag)),
        "parameters": [_parameter(dag, name) for name in dag.params],
        "limits": limits,
        "argument_sources": _sources.of_dag(dag),
        "tasks": tasks,
        "groups": [_group(group) for group in groups],
        "edges": edges,
        "callbacks": _callbacks(dag.settings),
        "macros": [[str(name), to_expr(value)] for name, value in dict(dag.user_defined_macros).items()],
        "filters": [[str(name), to_expr(value)] for name, value in dict(dag.user_defined_filters).items()],
        "template_paths": [clean(plain(str(path))) for path in as_list(searchpath)] if searchpath else [],
        "native_templates": bool(dag.settings.get("render_template_as_native_obj", False)),
    }


def _tell_moving(dag: DAG) -> None:
    """Tell which arguments of a DAG are taken from the clock or at random."""
    more = {"description": dag.description, "schedule": dag.given_schedule, "params": dag.params}
    defaults = [value for name, value in dag.default_args.items() if name not in ("start_date", "end_date")]
    arguments = [*dag.settings.items(), *more.items()]
    arguments.append(("default_args", defaults))
    _moving.tell(f"the DAG {dag.dag_id!r}", arguments, list, dag.origin, workflow=dag.dag_id)


def _tell_moving_of(task: Any) -> None:
    """The same for a task; what comes from `default_args` is told once, of the DAG."""
    attributes, defaults = task.__dict__, task.dag.default_args
    given = {**attributes.get("_base_given", {}), **attributes.get("_given", {}), **attributes.get("_own", {})}
    given |= dict(task.over) if isinstance(task, Mapped) else {}
    own = [(name, value) for name, value in given.items() if value is not defaults.get(name)]
    _moving.tell(f"the task {task.task_id!r}", own, lambda: _sources.literal(task), task._origin, workflow=task.dag_id, task=task.task_id)


def _limit(dag: DAG, name: str) -> int | None:
    value = dag.settings.get(name)
    return None if value is None else int(_settled(value, "int", 16, name, dag))


def _date(dag: DAG, name: str) -> str | None:
    value = getattr(dag, name, None)
    value = dag.default_args.get(name) if value is None else value
    moves = _moving.moves(value)
    if not moves:
        entry = entry_of(value)
        value = _settled(value, "same", None, name, dag) if entry is None or entry.known else _settled(value, "nothing", None, name, dag)
    value = as_moment(value, dag_zone(dag))
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, date):
        return None
    if moves:
        report(
            "airflow.moving_date", "note", f"{name} of {dag.dag_id!r} is counted from the day of reading; it is left out",
            advice="Write a fixed date.", file=dag.origin["file"], line=dag.origin["line"], workflow=dag.dag_id,
        )  # fmt: skip
        return None
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.isoformat() + "+00:00"
    return value.isoformat()


def _parameter(dag: DAG, name: str) -> dict[str, Any]:
    param = dag.params.get_param(name)
    schema = to_expr(param.schema)
    return {
        "name": clean(plain(name)),
        "default": None if param.value is NOTSET else to_expr(param.value),
        "json_schema": _json(schema),
        "description": _text(param.description),
        "source": _sources.of_parameter(dag, name),
    }


def _json(expr: dict[str, Any]) -> Any:
    """A JSON schema as JSON: keys become texts; what is no plain value is left out."""
    if expr["kind"] == "dict":
        named = [(plain(key["value"]), item) for key, item in expr["items"] if key["kind"] == "constant"]
        return {name: _json(item) for name, item in named if item["kind"] in ("constant", "list", "dict")}
    if expr["kind"] == "list":
        return [_json(item) for item in expr["items"] if item["kind"] in ("constant", "list", "dict")]
    return expr["value"] if expr["kind"] == "constant" else {}


def _group(group: TaskGroup) -> dict[str, Any]:
    parent = group.task_group
    return {
        "id": clean(str(group.group_id)),
        "parent": clean(str(parent.group_id)) if parent is not None and parent.group_id else None,
        "doc": _text(group.tooltip) or None,
        "mapping": _mapping(*group.mapping) if group.mapping else None,
        "origin": _origin(group.origin),
    }


def _mapping(form: str, over: dict[str, Any]) -> dict[str, Any]:
    if form not in ("product", "records"):
        raise TypeError("a mapping is made by expand or expand_kwargs")
    return {"form": form, "over": [[name, to_expr(value)] for name, value in over.items()]}


def _callbacks(settings: dict[str, Any]) -> list[list[Any]]:
    return [[name, to_expr(one)] for name in _tables.CALLBACKS for one in as_list(settings.get(name) or [])]


def _arguments(task: Any, user_execute: bool) -> list[list[Any]]:
    given: dict[str, Any] = {}
    if user_execute and not isinstance(task, Mapped):
        own = set(inspect.signature(type(task).__init__).parameters) - {"self", "task_id", "args", "kwargs"}
        for name, value in task._given.items():
            if name in own or name not in _BASE:
                given[name] = task.__dict__.get(name, value) if name in _BASE else value
    for name, value in task._own.items():
        if name != "__over__":
            given[name] = task.__dict__.get(name, value)
    for name in _tables.KEPT + tuple(_tables.UNSUPPORTED):
        if (
            name in task._base_given
            and task._base_given[name] is not None
            and name not in ("start_date", "end_date")
            or name in ("outlets", "inlets")
            and task.__dict__.get(name)
        ):
            given[name] = task.__dict__.get(name)
    result = []
    for name, value in given.items():
        if isinstance(value, DAG):
            result.append([name, constant(value.dag_id)])
        elif type(value).__name__ == "ParamsDict":
            result.append([name, to_expr(value.dump())])
        else:
            result.append([name, to_expr(value)])
    return result


def _unsupported(task: Any) -> list[str]:
    dag = task.dag
    names = []
    for name, default in _tables.UNSUPPORTED.items():
        value = value_of(task.__dict__.get(name))
        if value is None or value == default:
            continue
        if name in ("start_date", "end_date") and value == (dag.default_args.get(name) or getattr(dag, name)):
            continue
        if name == "email" and not (
            task.__dict__.get("email_on_failure") in (None, True) or task.__dict__.get("email_on_retry") in (None, True)
        ):
            continue
        names.append(name)
    return names


def _task(task: Any) -> dict[str, Any]:
    cls = task.operator_class if isinstance(task, Mapped) else type(task)
    line = [one for one in cls.__mro__ if one.__name__ not in ("object", "Dependent", "UnknownOperator")]
    rule = _settled(task.trigger_rule, "text", "all_success", "trigger_rule", task) or "all_success"
    user_execute = defines_execution(cls)
    attributes = task.__dict__
    arguments = _arguments(task, user_execute)
    group = task.task_group
    _tell_moving_of(task)
    docs = [attributes.get(name) for name in ("doc_md", "doc", "doc_rst", "doc_yaml", "doc_json")]
    return {
        "id": clean(task.task_id),
        "operator": cls.__name__,
        "operator_module": cls.__module__,
        "bases": [one.__name__ for one in line],
        "base_modules": [_names.module_of(one) for one in line],
        "decorator": attributes.get("_decorator", ""),
        "user_execute": user_execute,
        "execute": to_expr(cls.execute) if user_execute else None,
        "arguments": arguments,
        "argument_sources": _sources.of_task(task, [name for name, _ in arguments]),
        "trigger_rule": _tables.TRIGGER_RULES.get(rule, rule),
        "retry": {
            "retries": max(_settled(task.retries, "int", 0, "retries", task), 0),
            "delay_seconds": _duration(task, "retry_delay", 300.0),
            **_backoff(task),
            "policy": to_expr(task.retry_policy) if task.__dict__.get("retry_policy") is not None else None,
            "max_delay_seconds": _duration(task, "max_retry_delay", None),
        },
        "timeout_seconds": _duration(task, "execution_timeout", None),
        "pool": _settled(task.pool, "text", None, "pool", task),
        "pool_slots": _settled(task.pool_slots, "int", 1, "pool_slots", task) or 1,
        "group": clean(str(group.group_id)) if group is not None and group.group_id else None,
        "mapping": _mapping(task.form, task.over) if isinstance(task, Mapped) else None,
        "setup": bool(task.is_setup),
        "teardown": bool(task.is_teardown),
        "teardown_fails_run": bool(task.on_failure_fail_dagrun) if task.is_teardown else False,
        "callbacks": _callbacks(attributes),
        "unsupported": _unsupported(task),
        "doc": next((_text(doc) for doc in docs if isinstance(doc, str) and doc), None),
        "origin": _origin(task._origin),
    }


def _backoff(task: Any) -> dict[str, Any]:
    """Airflow 3 takes the factor itself: https://airflow.apache.org/docs/apache-airflow/3.3.2/core-concepts/tasks.html"""
    factor = _settled(task.retry_exponential_backoff, "factor", 0.0, "retry_exponential_backoff", task)
    if not SESSION.is_3:
        return {"exponential": bool(factor)}
    return {"exponential": True, "multiplier": factor} if factor > 0 and factor != 1 else {"exponential": False}


def _duration(task: Any, name: str, default: float | None) -> float | None:
    value = _settled(getattr(task, name), "seconds", default, name, task)
    return default if value is None else float(value)
