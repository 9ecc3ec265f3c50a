"""Airflow's task context: what each name in it means, for templates and for Python bodies alike.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html
Half of this file is tables; they stay beside the few functions that read them, which makes it longer than usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr


class NotUnderstood(Exception):
    """A use of the context that has no neutral meaning; the text says why, in a clause that follows the thing's name."""


class Undeclared(NotUnderstood):
    """A parameter that neither the DAG nor the task declares: only the run's own configuration could give it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"asks for the parameter {name!r}, which nothing declares; Airflow fails there unless the run is given it")


@dataclass(frozen=True)
class Scope:
    """What the meaning of a template or a body depends on: the DAG, the task and the inputs declared for them."""

    workflow: str
    task: str = ""
    airflow: str = "2.11"
    declared: frozenset[str] = frozenset()
    task_params: Mapping[str, Expr] = field(default_factory=dict)
    macros: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    native: bool = False
    mapped: frozenset[str] = frozenset()
    templates_dict: Expr | None = None

    def within(self, **changes: object) -> Scope:
        """The same scope with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Entity:
    """Something of the engine's that is no value by itself: the task instance, the DAG run, the stored variables ..."""

    name: str
    detail: str = ""


Meaning = Expr | Entity

LOGICAL = x.Context(name="logical_date")


def format_date(moment: Expr, pattern: str) -> Expr:
    """`moment.strftime(pattern)`."""
    return x.Call(function="format_date", args=(moment, x.Constant(value=pattern)))


def _day(offset: int) -> Expr:
    return x.Call(function="add_days", args=(format_date(LOGICAL, "%Y-%m-%d"), x.Constant(value=offset)))


def _without(text: Expr, *signs: str) -> Expr:
    for sign in signs:
        text = x.Call(function="replace", args=(text, x.Constant(value=sign), x.Constant(value="")))
    return text


def iso(moment: Expr) -> Expr:
    """`moment.isoformat()`."""
    return x.Call(function="iso", args=(moment,))


# Context keys that are values. In 2.x the logical date of a scheduled run is the start of its data interval; `ds` and its relatives
# come from the logical date, whatever started the run.
VALUES: dict[str, Expr] = {
    "logical_date": LOGICAL,
    "execution_date": LOGICAL,
    "ds": format_date(LOGICAL, "%Y-%m-%d"),
    "ds_nodash": format_date(LOGICAL, "%Y%m%d"),
    "ts": iso(LOGICAL),
    "ts_nodash": format_date(LOGICAL, "%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": _without(iso(LOGICAL), "-", ":"),
    "yesterday_ds": _day(-1),
    "tomorrow_ds": _day(1),
    "yesterday_ds_nodash": _without(_day(-1), "-"),
    "tomorrow_ds_nodash": _without(_day(1), "-"),
    "data_interval_start": x.Context(name="interval_start"),
    "data_interval_end": x.Context(name="interval_end"),
    "run_id": x.Context(name="run_id"),
    "task_instance_key_str": x.Format(
        parts=(
            x.Context(name="workflow_id"),
            x.Constant(value="__"),
            x.Context(name="task_id"),
            x.Constant(value="__"),
            format_date(LOGICAL, "%Y%m%d"),
        )
    ),
    "test_mode": x.Constant(value=False),
}

ENTITIES: dict[str, Entity] = {
    "ti": Entity("ti"),
    "task_instance": Entity("ti"),
    "dag_run": Entity("dag_run"),
    "dag": Entity("dag"),
    "task": Entity("task"),
    "params": Entity("params"),
    "var": Entity("var"),
    "conn": Entity("conn"),
    "macros": Entity("macros"),
    "templates_dict": Entity("templates_dict"),
}

# Context keys that nothing neutral stands for.
WITHOUT_MEANING: dict[str, str] = {
    **dict.fromkeys(
        (
            "prev_ds",
            "prev_ds_nodash",
            "next_ds",
            "next_ds_nodash",
            "prev_execution_date",
            "next_execution_date",
            "prev_execution_date_success",
            "prev_data_interval_start_success",
            "prev_data_interval_end_success",
            "prev_start_date_success",
            "prev_end_date_success",
        ),
        "asks for an earlier or later run of the DAG",
    ),
    **dict.fromkeys(("inlets", "outlets", "inlet_events", "outlet_events"), "works with dataset events"),
    **dict.fromkeys(("triggering_dataset_events", "triggering_asset_events"), "works with dataset events"),
    "conf": "is Airflow's own configuration",
    "expanded_ti_count": "is the number of mapped instances",
    "map_index_template": "names mapped instances",
    "exception": "is the error of a failed task",
    "reason": "is the reason of a DAG callback",
    "try_number": "is given to e-mail templates alone",
}

# Entities that a function cannot do without: there is no neutral value to hand over under that name.
CONTEXT_KEYS = frozenset(VALUES) | frozenset(ENTITIES) | frozenset(WITHOUT_MEANING)

_TI = {
    "task_id": x.Context(name="task_id"),
    "dag_id": x.Context(name="workflow_id"),
    "run_id": x.Context(name="run_id"),
    "try_number": x.Context(name="attempt"),
    "map_index": x.Context(name="map_index"),
    "execution_date": LOGICAL,
    "logical_date": LOGICAL,
}
_DAG_RUN = {
    "logical_date": LOGICAL,
    "execution_date": LOGICAL,
    "data_interval_start": x.Context(name="interval_start"),
    "data_interval_end": x.Context(name="interval_end"),
    "run_id": x.Context(name="run_id"),
    "dag_id": x.Context(name="workflow_id"),
}
_ATTRIBUTES: dict[str, dict[str, Meaning]] = {
    "ti": {**_TI, "task": Entity("task"), "dag_run": Entity("dag_run")},
    "dag_run": {**_DAG_RUN, "conf": Entity("conf")},
    "dag": {"dag_id": x.Context(name="workflow_id"), "params": Entity("params")},
    "task": {
        "task_id": x.Context(name="task_id"),
        "dag_id": x.Context(name="workflow_id"),
        "params": Entity("params"),
        "dag": Entity("dag"),
    },
    "var": {"value": Entity("var.value"), "json": Entity("var.json")},
}
_CONNECTION_FIELDS = {
    "host": "host",
    "login": "login",
    "password": "password",
    "schema": "schema",
    "port": "port",
    "extra_dejson": "extra",
}
_MOMENT_FIELDS = frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"})
_MOMENTS = frozenset({"logical_date", "interval_start", "interval_end", "run_start"})
_TEXT_CALLS = frozenset({"format_date", "iso", "add_days", "reformat_date", "str", "json_dumps", "json_html", "lower", "upper", "strip"})
_TEXT_CALLS |= {"replace", "join", "uuid"}


def is_moment(expr: Expr) -> bool:
    """Whether the value is surely a datetime."""
    return (
        (isinstance(expr, x.Context) and expr.name in _MOMENTS)
        or (isinstance(expr, x.Moment) and expr.type == "datetime")
        or (isinstance(expr, x.Call) and expr.function == "shift")
    )


def is_text(expr: Expr) -> bool:
    """Whether the value is surely a `str`."""
    if isinstance(expr, x.Constant):
        return isinstance(expr.value, str)
    if isinstance(expr, x.Conditional):
        return is_text(expr.then) and is_text(expr.otherwise)
    if isinstance(expr, x.Variable):
        return not expr.json_value and (expr.default is None or is_text(expr.default))
    return (
        isinstance(expr, x.Format)
        or (isinstance(expr, x.Call) and expr.function in _TEXT_CALLS)
        or (isinstance(expr, x.Context) and expr.name in ("run_id", "workflow_id", "task_id"))
    )


def lookup(name: str, scope: Scope) -> Meaning:
    """What the context holds under `name`."""
    if name in VALUES:
        return VALUES[name]
    if name == "templates_dict" and scope.templates_dict is not None:
        return scope.templates_dict
    if name in ENTITIES:
        return ENTITIES[name]
    if name in WITHOUT_MEANING:
        raise NotUnderstood(WITHOUT_MEANING[name])
    raise NotUnderstood("is no name that Airflow's context holds")


def attribute(base: Meaning, name: str, scope: Scope, *, dotted_items: bool = False) -> Meaning:
    """`base.name`; with `dotted_items`, as in Jinja, a dotted name may also be a key."""
    if isinstance(base, Entity):
        found = _ATTRIBUTES.get(base.name, {}).get(name)
        if found is not None:
            return found
        if base.name == "connection":
            return _connection_field(base.detail, name)
        if base.name in ("conn", "var.value", "var.json") or (dotted_items and base.name in ("params", "conf", "extra")):
            return item(base, x.Constant(value=name), scope)
        raise NotUnderstood(f"has {base.name}.{name}, for which there is no neutral meaning")
    if is_moment(base) and name in _MOMENT_FIELDS:
        return x.Attribute(base=base, name=name)
    if is_moment(base) and name in ("int_timestamp", "timestamp_int"):
        return x.Call(function="int", args=(x.Call(function="timestamp", args=(base,)),))
    if dotted_items and not is_moment(base) and not is_text(base):
        return x.Index(base=base, key=x.Constant(value=name))
    raise NotUnderstood(f"reads .{name} of a value")


def _connection_field(connection: str, name: str) -> Meaning:
    if name == "extra_dejson":
        return Entity("extra", connection)
    if name == "conn_id":
        return x.Constant(value=connection)
    if name in _CONNECTION_FIELDS:
        return x.Connection(id=connection, field=_CONNECTION_FIELDS[name])
    raise NotUnderstood(f"reads the field {name!r} of the connection {connection!r}")


def item(base: Meaning, key: Expr, scope: Scope) -> Meaning:
    """`base[key]`."""
    if not isinstance(base, Entity):
        return x.Index(base=base, key=key)
    name = key.value if isinstance(key, x.Constant) and isinstance(key.value, str) else None
    if base.name == "context" and name is not None:
        return lookup(name, scope)
    if name is None:
        raise NotUnderstood(f"looks up a key of {base.name} that is computed")
    if base.name == "params":
        return parameter(name, scope)
    if base.name == "conf":
        return x.Index(base=x.Context(name="run_parameters"), key=key) if name not in scope.declared else x.Parameter(name=name)
    if base.name in ("var.value", "var.json"):
        return x.Variable(name=name, json_value=base.name == "var.json")
    if base.name == "conn":
        return Entity("connection", name)
    if base.name == "extra":
        return x.Connection(id=base.detail, field=f"extra.{name}")
    raise NotUnderstood(f"looks up {name!r} in {base.name}")


def parameter(name: str, scope: Scope) -> Expr:
    """`params[name]`: a task's own params win over the DAG's; one that nobody declares can come from the run alone."""
    if name in scope.task_params:
        return scope.task_params[name]
    if name in scope.declared:
        return x.Parameter(name=name)
    raise Undeclared(name)


def get(base: Entity, name: str, default: Expr | None, scope: Scope) -> Expr:
    """`base.get(name, default)` of params, conf, var.value, var.json, the context, or a connection's extra."""
    none = x.Constant(value=None)
    if base.name in ("var.value", "var.json"):
        return x.Variable(name=name, json_value=base.name == "var.json", default=default)
    if base.name == "params" and (name in scope.task_params or name in scope.declared):
        return parameter(name, scope)
    if base.name in ("params", "conf"):
        # An undeclared name becomes a run parameter whose default is None: exactly what `.get` gives when it is absent.
        read = x.Parameter(name=name)
        return read if default is None or default == none else x.Call(function="default", args=(read, default))
    if base.name == "context":
        found = lookup(name, scope)
        if isinstance(found, Entity):
            raise NotUnderstood(f"takes {name!r} out of the context in a way that is not followed")
        return found
    raise NotUnderstood(f"calls .get of {base.name}")


def pull(args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Expr:
    """`ti.xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, *, map_indexes=None, default=None)`."""
    names = ("task_ids", "dag_id", "key", "include_prior_dates")
    if len(args) > len(names):
        raise NotUnderstood("calls xcom_pull with too many arguments")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    for name in given:
        if name not in (*names, "map_indexes", "default", "session"):
            raise NotUnderstood(f"calls xcom_pull with the unknown argument {name!r}")
    if any(not isinstance(value, x.Constant) for name, value in given.items() if name not in ("task_ids", "default")):
        raise NotUnderstood("calls xcom_pull with an argument that is computed")
    plain = {name: value.value for name, value in given.items() if isinstance(value, x.Constant)}
    if plain.get("dag_id") not in (None, scope.workflow):
        raise NotUnderstood(f"pulls an XCom of the other DAG {plain['dag_id']!r}")
    if plain.get("include_prior_dates"):
        raise NotUnderstood("pulls XComs of earlier runs")
    if plain.get("map_indexes") is not None:
        raise NotUnderstood("pulls the XCom of single mapped instances")
    key = plain.get("key", "return_value")
    if not isinstance(key, str):
        raise NotUnderstood("pulls XComs of every key")
    value = _pulled(given.get("task_ids"), key, scope)
    default = given.get("default")
    return value if default is None or default == x.Constant(value=None) else x.Call(function="default", args=(value, default))


def _pulled(source: Expr | None, key: str, scope: Scope) -> Expr:
    if source is None or source == x.Constant(value=None):
        raise NotUnderstood("pulls an XCom without naming a task, which takes the newest of any task")
    try:
        tasks = x.constant(source)
    except ValueError:
        raise NotUnderstood("pulls an XCom of a task whose id is computed") from None
    if isinstance(tasks, str):
        return x.TaskOutput(task=tasks, key=key, mapped=tasks in scope.mapped)
    if isinstance(tasks, list) and all(isinstance(task, str) for task in tasks):
        if any(task in scope.mapped for task in tasks):
            raise NotUnderstood("pulls a list of XComs of mapped tasks")
        # A task that handed over nothing is left out of the list, not None in it.
        outputs = tuple(x.TaskOutput(task=task, key=key) for task in tasks)
        return x.Call(function="present", args=(x.ListOf(items=outputs),))
    raise NotUnderstood("pulls an XCom with task_ids that are no text")


_SECONDS = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}


def duration(args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> float:
    """The seconds of `timedelta(...)` with literal arguments."""
    given = dict(zip(("days", "seconds"), args, strict=False)) | dict(kwargs)
    total = 0.0
    for name, value in given.items():
        number = value.value if isinstance(value, x.Constant) else None
        if name not in _SECONDS or not isinstance(number, int | float):
            raise NotUnderstood("computes a duration from values that are not literal")
        total += _SECONDS[name] * number
    return total


def shift(moment: Expr, seconds: float) -> Expr:
    """`moment` moved by `seconds`."""
    whole = int(seconds) if seconds == int(seconds) else seconds
    return x.Call(function="shift", args=(moment, x.Constant(value=whole)))


_TEXT_METHODS = {"lower": 0, "upper": 0, "strip": 0, "replace": 2, "split": 1}


def method(base: Meaning, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Meaning:
    """`base.name(*args, **kwargs)`."""
    if isinstance(base, Entity):
        return _entity_method(base, name, args, kwargs, scope)
    if is_moment(base):
        return _moment_method(base, name, args, kwargs)
    if name in _TEXT_METHODS and len(args) == _TEXT_METHODS[name] and not kwargs:
        return x.Call(function=name, args=(base, *args))
    if name == "get" and len(args) == 1 and not kwargs:
        raise NotUnderstood("calls .get of a value")
    raise NotUnderstood(f"calls .{name}() of a value")


def _entity_method(base: Entity, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Meaning:
    if base.name == "ti" and name == "xcom_pull":
        return pull(args, kwargs, scope)
    if name == "get" and args and isinstance(args[0], x.Constant) and isinstance(args[0].value, str) and len(args) <= 2:
        key = args[0].value
        if base.name == "conn":
            return Entity("connection", key)
        default = args[1] if len(args) == 2 else kwargs.get("default_var", kwargs.get("default"))
        if base.name == "context" and key in ENTITIES:
            return lookup(key, scope)
        return get(base, key, default, scope)
    if base.name == "macros":
        return macro(name, args, kwargs)
    raise NotUnderstood(f"calls {base.name}.{name}()")


def _moment_method(base: Expr, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> Expr:
    if name == "strftime" and len(args) == 1 and isinstance(args[0], x.Constant):
        return format_date(base, str(args[0].value))
    if name == "isoformat" and not args and not kwargs:
        return iso(base)
    if name in ("to_date_string", "to_datetime_string"):
        return format_date(base, "%Y-%m-%d" if name == "to_date_string" else "%Y-%m-%d %H:%M:%S")
    if name == "timestamp" and not args:
        return x.Call(function="timestamp", args=(base,))
    if name in ("add", "subtract") and not args and kwargs:
        return shift(base, duration((), kwargs) * (1 if name == "add" else -1))
    raise NotUnderstood(f"calls .{name}() of a date")


def macro(name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> Meaning:
    """`macros.<name>(...)`."""
    if name == "ds_add" and len(args) == 2:
        return x.Call(function="add_days", args=tuple(args))
    if name == "ds_format" and len(args) == 3:
        return x.Call(function="reformat_date", args=tuple(args))
    if name == "timedelta":
        return x.Moment(iso=str(duration(args, kwargs)), type="timedelta")
    if name in ("random", "uuid"):
        return x.Call(function=name)
    raise NotUnderstood(f"calls macros.{name}(), for which there is no neutral meaning")
