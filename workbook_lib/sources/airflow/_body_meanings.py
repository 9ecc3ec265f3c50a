"""What an expression of a function body means in Airflow's terms: the context, Airflow's imports, and what is plain Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbook_lib.model import expr as x
from workbook_lib.model._base import Json
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._asset_events import asset_call, told_before
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._moments import is_moment, moment_attribute
from workbook_lib.sources.airflow._places import Places
from workbook_lib.sources.airflow._reference import CONNECTION_FIELDS, CONNECTION_METHODS
from workbook_lib.sources.airflow._source import Names, collect
from workbook_lib.sources.airflow._static import NotStatic, evaluate

# Enumerations of Airflow that are plain values: class -> how a member's value comes from its name.
_ENUMS: dict[str, Callable[[str], str | int | None]] = {
    "TriggerRule": str.lower,
    "State": str.lower,
    "TaskInstanceState": str.lower,
    "DagRunState": str.lower,
    "WeekDay": lambda name: {"MONDAY": 1, "TUESDAY": 2, "WEDNESDAY": 3, "THURSDAY": 4, "FRIDAY": 5, "SATURDAY": 6, "SUNDAY": 7}.get(name),
}
# What `datetime` knows too, so that it may be called on a date of the context as the source does.
DATETIME = frozenset(
    {"strftime", "isoformat", "date", "time", "timestamp", "replace", "weekday", "isoweekday", "isocalendar", "timetuple", "tzinfo"}
    | {"year", "month", "day", "hour", "minute", "second", "microsecond", "astimezone", "utcoffset", "toordinal"}
)


# Functions of what the server keeps, by class and name: which function of the model it is, and its parameters.
KEPT: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("BaseHook", "get_connection"): ("connection_of", ("conn_id",)),
    ("Connection", "get_connection_from_secrets"): ("connection_of", ("conn_id",)),
    ("Connection", "get"): ("connection_of", ("conn_id",)),
    ("Variable", "get"): ("variable_of", ("key", "default_var", "deserialize_json", "default")),
    ("Variable", "set"): ("set_variable", ("key", "value", "description", "serialize_json")),
    ("Variable", "delete"): ("delete_variable", ("key",)),
}
# What to do instead of calling something of Airflow's, where there is something that serves the same.
_INSTEAD = {"ObjectStoragePath": "; open the path by `upath.UPath` of universal_pathlib, with the connection's credentials"}
# What may be asked of a connection as the source does.
CONNECTION = CONNECTION_FIELDS | frozenset(CONNECTION_METHODS) | {"conn_id"}
# Methods of a dict that leave it as it is.
_DICT_METHODS = frozenset({"get", "items", "keys", "values", "copy"})


@dataclass
class Surroundings:
    """What the names in a piece of source mean: `names` of the context, `airflow` imports, and literals of the module."""

    scope: Scope
    names: dict[str, Meaning] = field(default_factory=dict)
    airflow: Callable[[str], str | None] = lambda name: None
    literal: Callable[[str], ast.expr | None] = lambda name: None
    only_typed: Callable[[str], bool] = lambda name: False  # imported for type checking only
    extras: Mapping[str, Expr] = field(default_factory=dict)  # what the task puts into **kwargs itself
    checks: bool = False  # the piece is a sensor's check: PokeReturnValue has a meaning
    constants: Mapping[str, Json] = field(default_factory=dict)  # parameters that are given a constant


class Meanings(Places):
    """Looks up what expressions mean; `names` are those that the statements so far have bound to something of Airflow's."""

    def __init__(self, source: str, around: Surroundings) -> None:
        super().__init__(source)
        self.around = around
        self.names = dict(around.names)
        self.local_imports: dict[str, str] = {}
        self.own = Names()
        self.parameters: frozenset[str] = frozenset()

    def enter(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """From here on names mean what they do inside of this function."""
        self.own = collect(node.body)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self.parameters = frozenset(arg.arg for arg in every if arg is not None)

    def touches(self, node: ast.AST) -> bool:
        """Whether anything inside needs Airflow or the context."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and (self.dotted(inner.id) or isinstance(self.names.get(inner.id), Entity)):
                return True
        return False

    def dotted(self, name: str) -> str | None:
        return self.local_imports.get(name) or (None if name in self.names else self.around.airflow(name))

    def symbol(self, node: ast.expr) -> str | None:
        """The dotted Airflow name that an expression is, if it is one."""
        if isinstance(node, ast.Name):
            return self.dotted(node.id)
        if isinstance(node, ast.Attribute):
            base = self.symbol(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def static(self, node: ast.expr) -> object:
        """The value of an expression that is the same in every run; NotStatic when there is none."""
        return evaluate(node, self.literal)

    def literal(self, name: str) -> ast.expr | None:
        """What a name stands for in every run: a local that is bound once, a parameter that is given a constant, a name of the module."""
        bound = self.own.bound.get(name, [])
        if name in self.parameters:
            known = not bound and name in self.around.constants and name not in self.own.changed
            return ast.parse(repr(self.around.constants[name]), mode="eval").body if known else None
        if not bound:
            return self.around.literal(name)
        node = bound[0].node
        if len(bound) > 1 or bound[0].loop or bound[0].guard is not None or name in self.own.changed:
            return None
        return node.value if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) else None

    def meaning(self, node: ast.expr) -> Meaning | None:
        """What an expression means in Airflow's terms; None when it is plain Python, NotUnderstood when it is neither."""
        if isinstance(node, ast.Name):
            if node.id in self.names:
                return self.names[node.id]
            dotted = self.dotted(node.id)
            return Entity("airflow", dotted) if dotted else None
        if isinstance(node, ast.Attribute):
            return self.attribute(node)
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
            first = self.meaning(node.values[0])  # `dag_run.conf or {}`
            empty = isinstance(node.values[1], ast.Dict) and not node.values[1].keys
            return first if first in (Entity("conf"), Entity("params")) and empty else None
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            return self.membership(node)
        return None

    def membership(self, node: ast.Compare) -> Meaning | None:
        """`"x" in params` is decided for a declared parameter."""
        if self.meaning(node.comparators[0]) != Entity("params") or not isinstance(node.left, ast.Constant):
            return None
        scope = self.around.scope
        if node.left.value in scope.declared or node.left.value in scope.task_params:
            return x.Constant(value=isinstance(node.ops[0], ast.In))
        return None

    def attribute(self, node: ast.Attribute) -> Meaning | None:
        base = self.meaning(node.value)
        if isinstance(base, x.Call) and base.function == "updates_of":
            raise NotUnderstood("asks for some of the updates of an asset in a way that is not followed")
        if isinstance(base, x.Reference) or base is None:
            return None
        if isinstance(base, Entity):
            if base.name == "module":
                return x.Reference(name=node.attr)
            if base.name == "airflow":
                return _airflow_attribute(base.detail, node.attr)
            return context.attribute(base, node.attr, self.around.scope)
        if is_moment(base) and node.attr not in DATETIME:
            return moment_attribute(base, node.attr)
        if is_connection(base) and node.attr not in CONNECTION:
            raise NotUnderstood(f"asks the connection for {node.attr!r}, which is not carried over")
        return None

    def subscript(self, node: ast.Subscript) -> Meaning | None:
        base = self.meaning(node.value)
        if not isinstance(base, Entity) or base.name == "airflow":
            return None
        if base.name == "inlet_events" and isinstance(asset := self.asset(node.slice), Entity):
            return told_before(asset, self.around.scope)
        if base.name == "outlet_events":
            raise NotUnderstood("uses what is said of an updated asset in a way that is not followed")
        try:
            key = self.static(node.slice)
        except NotStatic:
            if self.dictionary(base):
                return None  # a computed key: the dictionary of parameters is handed over
            raise NotUnderstood(f"looks up a computed key in {base.name}") from None
        if base.name == "context" and isinstance(key, str) and key in self.around.extras:
            return self.around.extras[key]
        return context.item(base, x.Constant(value=key), self.around.scope)

    def dictionary(self, base: Entity) -> bool:
        """Whether the flow's own parameters can stand for what is looked up: the task has none of its own."""
        return base.name in ("params", "conf") and not self.around.scope.task_params

    def asset(self, node: ast.expr) -> Entity | ast.expr | None:
        """The asset or alias that an expression names; the expression of an asset's URI where only the run knows it."""
        if isinstance(node, ast.Name) and isinstance(known := self.names.get(node.id), Entity) and known.name in ("asset", "alias"):
            return known
        call = asset_call(node, self.symbol)
        kind, uri = call if call is not None else ("asset", node)
        try:
            text = self.static(uri)
        except NotStatic:
            return uri if call is not None and kind == "asset" else None
        return Entity(kind, text) if isinstance(text, str) and (call is not None or not self.around.scope.is_3) else None

    def settled(self, node: ast.Call) -> bool:
        """Whether all arguments of a call are known while the file is read."""
        try:
            self.arguments(node)
        except NotUnderstood:
            return False
        return True

    def call(self, node: ast.Call) -> Meaning | None:
        if isinstance(node.func, ast.Name):
            base = self.meaning(node.func)
            if isinstance(base, Entity) and base.name == "airflow":
                return self.airflow_call(base.detail, node)
            return None
        if not isinstance(node.func, ast.Attribute):
            return None
        if node.func.attr == "add_partitions" and self.touches(node.func):
            raise NotUnderstood("tells of partitions of an asset: start the flows that take them, with the partition as a parameter")
        base = self.meaning(node.func.value)
        if isinstance(base, Entity) and base.name == "airflow":
            return self.airflow_call(f"{base.detail}.{node.func.attr}", node)
        if isinstance(base, Entity):
            if base.name == "module":
                return None
            if base.name == "task" and node.func.attr == "render_template":
                return self.rendered(node)
            if self.dictionary(base) and node.func.attr in _DICT_METHODS and not (node.func.attr == "get" and self.settled(node)):
                return None
            args, kwargs = self.arguments(node)
            key = args[0].value if args and isinstance(args[0], x.Constant) else None
            if base.name == "context" and node.func.attr == "get" and key in self.around.extras:
                return self.around.extras[str(key)]
            return context.method(base, node.func.attr, args, kwargs, self.around.scope)
        if base is not None and is_moment(base) and node.func.attr not in DATETIME:
            args, kwargs = self.arguments(node)
            return context.method(base, node.func.attr, args, kwargs, self.around.scope)
        return None

    def rendered(self, node: ast.Call) -> Expr:
        """`task.render_template(text, context)` with a text that is the same in every run."""
        from workbook_lib.sources.airflow.templates import compile_template  # which stands on what bodies mean

        given = dict(zip(("content", "context"), node.args, strict=False))
        given |= {keyword.arg or "**": keyword.value for keyword in node.keywords}
        if set(given) != {"content", "context"} or self.meaning(given["context"]) != Entity("context"):
            raise NotUnderstood("renders a template in a way that is not followed")
        try:
            text = self.static(given["content"])
        except NotStatic:
            raise NotUnderstood("renders a template that is only known when it runs") from None
        found = compile_template(text, self.around.scope) if isinstance(text, str) else None
        if found is None or isinstance(found, x.Template):
            raise NotUnderstood(f"renders a template that is not understood: {found.reason if found is not None else 'it is no text'}")
        return found

    def airflow_call(self, dotted: str, node: ast.Call) -> Meaning | None:
        name = dotted.split(".")[-1]
        owner = dotted.split(".")[-2] if dotted.count(".") > 1 else ""
        if name == "get_current_context":
            return Entity("context")
        if (owner, name) in KEPT:
            return self.kept(owner, name, node)
        if name == "PokeReturnValue" and self.around.checks:
            return None
        if asset_call(node, self.symbol) is not None and isinstance(asset := self.asset(node), Entity):
            return asset
        raise NotUnderstood(f"calls Airflow's {dotted}{_INSTEAD.get(name, '')}")

    def kept(self, owner: str, name: str, node: ast.Call) -> Expr | None:
        """A variable or connection of the server; None where its name is only known when the code runs, or where it is changed."""
        function, parameters = KEPT[owner, name]
        words = {keyword.arg for keyword in node.keywords}
        if any(isinstance(arg, ast.Starred) for arg in node.args) or not words <= set(parameters) or len(node.args) > len(parameters):
            raise NotUnderstood(f"calls {owner}.{name} in a way that is not followed")
        if function not in ("variable_of", "connection_of"):
            return None
        try:
            args, kwargs = self.arguments(node)
        except NotUnderstood:
            return None
        given = dict(zip(parameters, args, strict=False)) | kwargs
        key, as_json = given.get(parameters[0]), given.get("deserialize_json", x.Constant(value=False))
        if not (isinstance(key, x.Constant) and isinstance(key.value, str) and isinstance(as_json, x.Constant)):
            return None
        if function == "connection_of":
            return x.Connection(id=key.value)
        return x.Variable(name=key.value, json_value=bool(as_json.value), default=given.get("default_var", given.get("default")))

    def arguments(self, node: ast.Call) -> tuple[list[Expr], dict[str, Expr]]:
        if any(isinstance(arg, ast.Starred) for arg in node.args) or any(keyword.arg is None for keyword in node.keywords):
            raise NotUnderstood("calls with starred arguments")
        return [self.value(arg) for arg in node.args], {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}

    def value(self, node: ast.expr) -> Expr:
        found = self.meaning(node)
        if found is not None and not isinstance(found, Entity):
            return found
        try:
            value = self.static(node)
        except NotStatic:
            raise NotUnderstood("is given something that is only known when it runs") from None
        return x.Constant(value=list(value) if isinstance(value, tuple) else value)


def is_connection(found: Meaning | None) -> bool:
    """Whether the value is a stored connection as a whole."""
    return isinstance(found, x.Connection) and found.field is None


def _airflow_attribute(dotted: str, name: str) -> Meaning:
    convert = _ENUMS.get(dotted.split(".")[-1])
    value = convert(name) if convert is not None and name.isupper() else None
    return x.Constant(value=value) if value is not None else Entity("airflow", f"{dotted}.{name}")
