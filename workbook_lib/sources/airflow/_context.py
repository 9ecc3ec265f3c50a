"""Airflow's task context: what each name in it means, for templates and for Python bodies alike. The names are in `_reference`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow import _reference as reference
from workbook_lib.sources.airflow._asset_events import told_before
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._moments import is_moment, is_text, macro, macro_module, moment_attribute, moment_method
from workbook_lib.sources.airflow._pull import pull
from workbook_lib.sources.airflow._reference import CONTEXT_KEYS, ENTITIES, LOGICAL, VALUES

__all__ = [
    "CONTEXT_KEYS",
    "LOGICAL",
    "VALUES",
    "Entity",
    "Meaning",
    "NotUnderstood",
    "Scope",
    "attribute",
    "get",
    "item",
    "lookup",
    "method",
]

_NONE = x.Constant(value=None)


def lookup(name: str, scope: Scope) -> Meaning:
    """What the context holds under `name`."""
    if scope.is_3 and name in reference.REMOVED:
        raise NotUnderstood("Airflow 3 has not any more")
    if not scope.is_3 and name in reference.ADDED:
        raise NotUnderstood("Airflow 2 does not have")
    if name in reference.SCHEDULED and scope.scheduled is None:
        raise NotUnderstood("depends on the schedule in a way that is not followed")
    if name in reference.SCHEDULED:
        return reference.SCHEDULED[name] if scope.scheduled else _NONE
    if name in VALUES:
        return VALUES[name]
    if name == "templates_dict" and scope.templates_dict is not None:
        return scope.templates_dict
    if name in ENTITIES:
        return ENTITIES[name]
    if name in reference.WITHOUT_MEANING:
        raise NotUnderstood(reference.WITHOUT_MEANING[name])
    raise NotUnderstood("is no name that Airflow's context holds")


def attribute(base: Meaning, name: str, scope: Scope, *, dotted_items: bool = False) -> Meaning:
    """`base.name`; with `dotted_items`, as in Jinja, a dotted name may also be a key."""
    if isinstance(base, Entity):
        return _of_entity(base, name, scope, dotted_items)
    if is_moment(base):
        found = moment_attribute(base, name)
        if found is not None:
            return found
    if isinstance(base, x.Index) and isinstance(base.base, x.Call) and base.base.function == "updates_of":
        if name not in ("extra", "timestamp"):
            raise NotUnderstood(f"asks an update of an asset for {name!r}, which Prefect's events do not tell")
        return x.Attribute(base=base, name=name)
    if dotted_items and not is_moment(base) and not is_text(base):
        return x.Index(base=base, key=x.Constant(value=name))
    raise NotUnderstood(f"reads .{name} of a value")


def _of_entity(base: Entity, name: str, scope: Scope, dotted_items: bool) -> Meaning:
    found = reference.ATTRIBUTES.get(base.name, {}).get(name)
    if found is None and not scope.is_3:
        found = reference.ATTRIBUTES_2.get(base.name, {}).get(name)
    if found is None and base.name == "task":
        found = scope.facts.get(name)
    if found is not None:
        return found
    if base.name == "connection":
        return connection_field(base.detail, name)
    if base.name == "asset" and name == "uri":
        return x.Constant(value=base.detail)
    if base.name == "macros":
        return macro_module(base, name)
    if base.name in ("conn", "var.value", "var.json") or (dotted_items and base.name in ("params", "conf", "extra")):
        return item(base, x.Constant(value=name), scope)
    raise NotUnderstood(f"has {base.name}.{name}, for which there is no neutral meaning")


def connection_field(connection: str, name: str) -> Meaning:
    """`connection.name`."""
    if name == "extra_dejson":
        return Entity("extra", connection)
    if name == "conn_id":
        return x.Constant(value=connection)
    if name in reference.CONNECTION_FIELDS:
        return x.Connection(id=connection, field=name)
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
        scope.from_conf.add(name)
        return x.Parameter(name=name) if name in scope.declared else _required(name)
    if base.name in ("var.value", "var.json"):
        return x.Variable(name=name, json_value=base.name == "var.json")
    if base.name == "conn":
        return Entity("connection", name)
    if base.name == "extra":
        return x.Connection(id=base.detail, field=f"extra.{name}")
    raise NotUnderstood(f"looks up {name!r} in {base.name}")


def _required(name: str) -> Expr:
    """A parameter that the run must be given: Airflow fails there, in this task, when it is not."""
    return x.Call(function="required", args=(x.Parameter(name=name), x.Constant(value=name)))


def is_required(expr: Expr) -> str | None:
    """The name of a parameter that the run must be given."""
    found = expr.args[0] if isinstance(expr, x.Call) and expr.function == "required" else None
    return found.name if isinstance(found, x.Parameter) else None


def parameter(name: str, scope: Scope) -> Expr:
    """`params[name]`: a task's own params win over the DAG's; one that nobody declares can come from the run alone."""
    if name in scope.task_params:
        return scope.task_params[name]
    return x.Parameter(name=name) if name in scope.declared else _required(name)


def get(base: Entity, name: str, default: Expr | None, scope: Scope) -> Meaning:
    """`base.get(name, default)` of params, conf, var.value, var.json, the context, or a connection's extra."""
    if base.name in ("var.value", "var.json"):
        return x.Variable(name=name, json_value=base.name == "var.json", default=default)
    if base.name == "params" and (name in scope.task_params or name in scope.declared):
        return parameter(name, scope)
    if base.name == "conf":
        scope.from_conf.add(name)
    if base.name in ("params", "conf"):
        # An undeclared name becomes a run parameter whose default is None: exactly what `.get` gives when it is absent.
        read = x.Parameter(name=name)
        return read if default is None or default == _NONE else x.Call(function="default", args=(read, default))
    if base.name == "context":
        if name not in CONTEXT_KEYS or (scope.is_3 and name in reference.REMOVED):
            return default if default is not None else _NONE
        return lookup(name, scope)
    if base.name == "extra":
        whole = x.Connection(id=base.detail, field="extra_dejson")
        return x.Call(function="dict_get", args=(whole, x.Constant(value=name), *([default] if default is not None else [])))
    raise NotUnderstood(f"calls .get of {base.name}")


_TEXT_METHODS = {"lower": 0, "upper": 0, "strip": 0, "title": 0, "capitalize": 0, "replace": 2, "split": 1}


def method(base: Meaning, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Meaning:
    """`base.name(*args, **kwargs)`."""
    if isinstance(base, Entity):
        return _entity_method(base, name, args, kwargs, scope)
    if is_moment(base):
        return moment_method(base, name, args, kwargs)
    if name in _TEXT_METHODS and len(args) == _TEXT_METHODS[name] and not kwargs:
        return x.Call(function=name, args=(base, *args))
    if name in ("get", "items", "keys", "values") and not kwargs and len(args) <= 2:
        return x.Call(function=f"dict_{name}", args=(base, *args))
    if name == "join" and len(args) == 1 and not kwargs and is_text(base):
        return x.Call(function="join", args=(base, *args))
    raise NotUnderstood(f"calls .{name}() of a value")


_INLETS = {"for_asset": ("uri", "asset"), "for_asset_alias": ("name", "alias")}  # of Airflow 3: by what they look up, and what it is


def _entity_method(base: Entity, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Meaning:
    if base.name == "ti" and name == "xcom_pull":
        return pull(args, kwargs, scope)
    if base.name == "ti" and name == "get_dagrun":
        return Entity("dag_run")
    if base.name == "macros":
        return macro(f"{base.detail}.{name}".lstrip("."), args, kwargs)
    if base.name == "inlet_events" and name in _INLETS and scope.is_3 and not args and [*kwargs] == [_INLETS[name][0]]:
        (wanted,) = kwargs.values()
        if isinstance(wanted, x.Constant) and isinstance(wanted.value, str):
            return told_before(Entity(_INLETS[name][1], wanted.value), scope)
    if base.name == "connection" and name in reference.CONNECTION_METHODS and not args and not kwargs:
        return x.Connection(id=base.detail, field=reference.CONNECTION_METHODS[name])
    if name == "get" and args and isinstance(args[0], x.Constant) and isinstance(args[0].value, str) and len(args) <= 2:
        key = args[0].value
        if base.name == "conn" and len(args) == 1 and not kwargs:
            return Entity("connection", key)
        default = args[1] if len(args) == 2 else kwargs.get("default_var", kwargs.get("default"))
        return get(base, key, default, scope)
    if base.name == "extra" and name == "get":
        raise NotUnderstood("looks up a computed key in the extra of a connection")
    raise NotUnderstood(f"calls {base.name}.{name}()")
