"""Where a piece of Python touches Airflow: spans for what has a neutral meaning, blockers for what has none.

One walk in source order, because what a name means depends on the statements before it; that walk is one class, longer than usual.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Span
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._context import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._source import offsets
from workbook_lib.sources.airflow._static import NotStatic, evaluate

SKIPS = frozenset({"AirflowSkipException"})
FAILS = frozenset({"AirflowFailException"})
# Enumerations of Airflow that are plain values: class -> how a member's value comes from its name.
_ENUMS: dict[str, Callable[[str], str | int | None]] = {
    "TriggerRule": str.lower,
    "State": str.lower,
    "TaskInstanceState": str.lower,
    "DagRunState": str.lower,
    "WeekDay": lambda name: {"MONDAY": 1, "TUESDAY": 2, "WEDNESDAY": 3, "THURSDAY": 4, "FRIDAY": 5, "SATURDAY": 6, "SUNDAY": 7}.get(name),
}
# What `datetime` knows too, so that it may be called on a date of the context as the source does.
_DATETIME = frozenset(
    {"strftime", "isoformat", "date", "time", "timestamp", "replace", "weekday", "isoweekday", "isocalendar", "timetuple", "tzinfo"}
    | {"year", "month", "day", "hour", "minute", "second", "microsecond", "astimezone", "utcoffset", "toordinal"}
)


@dataclass
class Surroundings:
    """What the names in a piece of source mean: `names` of the context, `airflow` imports, and literals of the module."""

    scope: Scope
    names: dict[str, Meaning] = field(default_factory=dict)
    airflow: Callable[[str], str | None] = lambda name: None
    literal: Callable[[str], ast.expr | None] = lambda name: None
    extras: Mapping[str, Expr] = field(default_factory=dict)  # what the task puts into **kwargs itself
    checks: bool = False  # the piece is a sensor's check: PokeReturnValue has a meaning


@dataclass
class Marks:
    """The result: spans in order, reasons why the piece still needs Airflow, and what it can do."""

    spans: list[Span] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)
    may_skip: bool = False
    hands_over: bool = False  # a check that gives (done, value)

    def block(self, reason: str) -> None:
        """Note a reason once."""
        if reason not in self.blockers:
            self.blockers.append(reason)


def mark(source: str, tree: ast.Module, around: Surroundings, skip_header: bool = True) -> Marks:
    """Spans and blockers of the one statement in `tree`, whose text is `source`."""
    marker = _Marker(source, around)
    node = tree.body[0]
    if skip_header and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            marker.visit(default)
        marker.block(node.body)
    else:
        marker.statement(node)
    marker.marks.spans.sort(key=lambda span: (span.start, span.end))
    return marker.marks


class _Marker:
    def __init__(self, source: str, around: Surroundings) -> None:
        self.source = source
        self.around = around
        self.names = dict(around.names)
        self.local_imports: dict[str, str] = {}
        self.marks = Marks()
        self.at = offsets(source)
        self.joined: ast.JoinedStr | None = None

    # --- places -------------------------------------------------------------------------------------------------------------
    def ends(self, node: ast.AST) -> tuple[int, int]:
        first = self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return first, self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        start, end = self.ends(node)
        return self.source[start:end]

    def span(self, node: ast.AST, kind: str, value: Expr | None = None, key: str | None = None, argument: str = "") -> None:
        start, end = self.ends(node)
        if isinstance(node, ast.expr) and not _is_text_of(self.source[start:end], node):
            found = self.sought(node)
            if found is None:
                self.marks.block(f"`{_short(ast.unparse(node))}` stands in a text over several lines, where Python does not tell its place")
                return
            start, end = found
        if kind == "drop" and isinstance(node, ast.stmt):
            start, end = self.whole_line(start, end)
        self.marks.spans.append(Span(start=start, end=end, kind=kind, value=value, key=key, argument=argument))

    def sought(self, node: ast.expr) -> tuple[int, int] | None:
        """Where an expression really stands in the format string around it: Python before 3.12 misplaces it in joined strings."""
        if self.joined is None:
            return None
        first, last = self.ends(self.joined)
        taken = {span.start for span in self.marks.spans}
        width = len(ast.unparse(node))  # quotes and spaces may differ; the width in the source is near
        root = node
        while not isinstance(root, ast.Name) and (children := [c for c in ast.iter_child_nodes(root) if isinstance(c, ast.expr)]):
            root = children[0]
        if not isinstance(root, ast.Name):
            return None
        for match in islice(re.finditer(rf"\b{re.escape(root.id)}\b", self.source[first:last]), 50):
            start = first + match.start()
            for end in range(start + max(1, width - 10), min(last, start + width + 40)):
                if start not in taken and _is_text_of(self.source[start:end], node) and not self.source[start:end].endswith(" "):
                    return start, end
        return None

    def whole_line(self, start: int, end: int) -> tuple[int, int]:
        """A statement that stands alone on its lines goes with its indentation and its line end."""
        begin = self.source.rfind("\n", 0, start) + 1
        finish = self.source.find("\n", end)
        finish = len(self.source) if finish < 0 else finish + 1
        alone = not self.source[begin:start].strip() and not self.source[end:finish].strip()
        return (begin, finish) if alone else (start, end)

    def blocked(self, node: ast.AST, reason: object) -> None:
        self.marks.block(f"`{_short(self.text(node))}` {reason}")

    # --- statements ---------------------------------------------------------------------------------------------------------
    def block(self, statements: list[ast.stmt]) -> None:
        dropped = [self.statement(node) for node in statements]
        if statements and all(dropped):  # a block must not become empty
            last = self.marks.spans.pop()
            start, end = self.ends(statements[-1])
            self.marks.spans.append(last.model_copy(update={"start": start, "end": end, "kind": "value", "value": x.Constant(value=None)}))

    def statement(self, node: ast.stmt) -> bool:
        """Mark one statement; true when all of it goes."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self.imported(node)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            return self.assigned(node, node.targets[0], node.value)
        if isinstance(node, ast.AnnAssign):
            return self.annotated(node)
        if isinstance(node, ast.Expr) and self.pushed(node):
            return False
        if isinstance(node, ast.Raise) and node.exc is not None and self.raised(node, node.exc):
            return False
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.nested(node)
            return False
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.visit(child)
            elif isinstance(child, ast.excepthandler):
                self.handler(child)
            elif not isinstance(child, ast.stmt):
                self.inside(child)
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                self.block(inner)
        return False

    def imported(self, node: ast.Import | ast.ImportFrom) -> bool:
        targets = {}
        for alias in node.names:
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            bound = alias.asname or (alias.name if prefix else alias.name.split(".")[0])
            targets[bound] = prefix + alias.name if alias.asname or prefix else bound
        ours = {name: target for name, target in targets.items() if target.split(".")[0] == "airflow"}
        if not ours:
            return False
        if len(ours) < len(targets):
            self.blocked(node, "imports Airflow together with something else")
            return False
        self.local_imports |= ours
        self.span(node, "drop")
        return True

    def assigned(self, node: ast.stmt, target: ast.Name, value: ast.expr) -> bool:
        try:
            found = self.meaning(value)
        except NotUnderstood as why:
            self.blocked(value, why)
            return False
        if isinstance(found, Entity) and found.name != "airflow":
            self.names[target.id] = found
            self.span(node, "drop")
            return True
        if found is not None and not isinstance(found, Entity):
            self.names[target.id] = found
        else:
            self.names.pop(target.id, None)
        self.visit(value)
        return False

    def annotated(self, node: ast.AnnAssign) -> bool:
        touches = any(isinstance(inner, ast.Name) and self.dotted(inner.id) for inner in ast.walk(node.annotation))
        if node.value is not None and isinstance(node.target, ast.Name) and self.assigned(node, node.target, node.value):
            return True
        if touches:
            if node.value is None:
                self.span(node, "drop")
                return True
            start, end = self.ends(node.target)[1], self.ends(node.annotation)[1]
            self.marks.spans.append(Span(start=start, end=end, kind="drop"))
        return False

    def pushed(self, node: ast.Expr) -> bool:
        call = node.value
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "xcom_push"):
            return False
        try:
            if self.meaning(call.func.value) != Entity("ti"):
                return False
            given = dict(zip(("key", "value"), call.args, strict=False)) | {keyword.arg or "**": keyword.value for keyword in call.keywords}
            if set(given) - {"key", "value", "execution_date", "session"} or not {"key", "value"} <= set(given):
                raise NotUnderstood("pushes an XCom with arguments that are not understood")
            key = self.static(given["key"])
            if not isinstance(key, str):
                raise NotUnderstood("pushes an XCom under a key that is no text")
            found = self.meaning(given["value"])
            if isinstance(found, Entity) or (found is None and self.touches(given["value"])):
                raise NotUnderstood("pushes a value that needs Airflow")
        except (NotUnderstood, NotStatic) as why:
            self.blocked(call, str(why) or "pushes an XCom under a key that is computed")
            return True
        self.span(node, "push", value=found, key=key, argument=self.text(given["value"]))
        return True

    def raised(self, node: ast.Raise, exc: ast.expr) -> bool:
        thrown = exc.func if isinstance(exc, ast.Call) else exc
        name = self.exception(thrown)
        if name is None:
            return False
        if name in SKIPS | FAILS:
            argument = ", ".join(self.text(arg) for arg in exc.args) if isinstance(exc, ast.Call) else ""
            if isinstance(exc, ast.Call) and any(self.touches(arg) for arg in exc.args):
                argument = ""  # only the message of the log; what it shows needs Airflow
            self.span(node, "skip" if name in SKIPS else "fail", argument=argument)
            self.marks.may_skip |= name in SKIPS
            return True
        if not name.endswith(("Exception", "Error", "Timeout", "NotFound")):
            return False
        self.span(thrown, "exception")
        for part in [*(exc.args if isinstance(exc, ast.Call) else ()), *([node.cause] if node.cause else ())]:
            self.visit(part)
        return True

    def handler(self, node: ast.excepthandler) -> None:
        if isinstance(node, ast.ExceptHandler):
            for kind in (node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]) if node.type is not None else []:
                name = self.exception(kind)
                if name is None:
                    self.visit(kind)
                elif name in FAILS:
                    self.blocked(kind, "is caught, and the difference to other failures would be lost")
                else:
                    self.span(kind, "skip_type" if name in SKIPS else "exception")
            self.block(node.body)

    def exception(self, node: ast.expr) -> str | None:
        dotted = self.symbol(node)
        parts = dotted.split(".") if dotted else []
        return parts[-1] if len(parts) > 2 and "exceptions" in parts else None

    def nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.visit(part)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for arg in [*every, *(a for a in (node.args.vararg, node.args.kwarg) if a is not None)]:
            if arg.annotation is not None and self.touches(arg.annotation):
                start = self.at(arg.lineno, arg.col_offset) + len(arg.arg)
                self.marks.spans.append(Span(start=start, end=self.ends(arg.annotation)[1], kind="drop"))
        if node.returns is not None and self.touches(node.returns):
            start, end = self.ends(node.returns)
            arrow = self.source.rfind("->", 0, start)
            self.marks.spans.append(Span(start=len(self.source[:arrow].rstrip()), end=end, kind="drop"))
        kept = self.names
        hidden = {arg.arg for arg in every} | {arg.arg for arg in (node.args.vararg, node.args.kwarg) if arg is not None}
        self.names = {name: found for name, found in kept.items() if name not in hidden}
        self.block(node.body)
        self.names = kept

    def inside(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.visit(child)
            elif isinstance(child, ast.stmt):
                self.statement(child)
            else:
                self.inside(child)

    # --- expressions --------------------------------------------------------------------------------------------------------
    def visit(self, node: ast.expr) -> None:
        """Mark an expression: the outermost part that has a meaning is replaced."""
        if isinstance(node, ast.JoinedStr) and self.joined is None:
            self.joined = node
            self.inside(node)
            self.joined = None
            return
        try:
            found = self.meaning(node)
        except NotUnderstood as why:
            self.blocked(node, why)
            return
        if isinstance(found, Entity):
            self.whole(node, found)
        elif isinstance(found, x.Reference) or (found is not None and not isinstance(node, ast.Name)):
            self.span(node, "value", value=found)  # a bare name of a value is a parameter that stays
        elif found is None and not self.poke(node) and not self.pendulum(node):
            self.inside(node)

    def whole(self, node: ast.expr, entity: Entity) -> None:
        if entity.name == "params" and not self.around.scope.task_params:
            self.span(node, "value", value=x.Context(name="run_parameters"))
        elif entity.name == "airflow":
            self.blocked(node, f"is Airflow's {entity.detail}")
        else:
            what = {"context": "the whole task context", "ti": "the task instance", "dag_run": "the DAG run"}.get(entity.name, entity.name)
            self.blocked(node, f"uses {what} as a whole")

    def poke(self, node: ast.expr) -> bool:
        """`PokeReturnValue(is_done=..., xcom_value=...)` becomes a pair, or the bare condition."""
        if not (self.around.checks and isinstance(node, ast.Call)):
            return False
        dotted = self.symbol(node.func)
        if not dotted or not dotted.endswith(".PokeReturnValue"):
            return False
        given = dict(zip(("is_done", "xcom_value"), node.args, strict=False)) | {kw.arg: kw.value for kw in node.keywords}
        if not set(given) <= {"is_done", "xcom_value"} or [*given][:1] != ["is_done"]:
            self.blocked(node, "gives a PokeReturnValue in a way that is not followed")
            return True
        self.span(node.func, "drop")
        for keyword in node.keywords:
            start = self.ends(keyword)[0]
            self.marks.spans.append(Span(start=start, end=self.ends(keyword.value)[0], kind="drop"))
        self.marks.hands_over |= "xcom_value" in given
        for value in given.values():
            self.visit(value)
        return True

    def pendulum(self, node: ast.expr) -> bool:
        """A date of the context that is used in a way `datetime` does not know."""
        if not isinstance(node, ast.Attribute):
            return False
        try:
            base = self.meaning(node.value)
        except NotUnderstood:
            return False
        if base is not None and not isinstance(base, Entity) and context.is_moment(base) and node.attr not in _DATETIME:
            self.blocked(node, "is a method of pendulum's dates that `datetime` does not have")
            return True
        return False

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
        return evaluate(node, self.around.literal)

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
        if isinstance(base, x.Reference) or base is None:
            return None
        if isinstance(base, Entity):
            if base.name == "module":
                return x.Reference(name=node.attr)
            if base.name == "airflow":
                return _airflow_attribute(base.detail, node.attr)
            if base.name == "ti" and node.attr in ("log",):
                raise NotUnderstood("logs through the task instance; use `logging`")
            return context.attribute(base, node.attr, self.around.scope)
        if context.is_moment(base) and node.attr not in _DATETIME:
            return context.attribute(base, node.attr, self.around.scope) if node.attr == "int_timestamp" else None
        return None

    def subscript(self, node: ast.Subscript) -> Meaning | None:
        base = self.meaning(node.value)
        if not isinstance(base, Entity) or base.name == "airflow":
            return None
        try:
            key = self.static(node.slice)
        except NotStatic:
            if base.name == "params" and not self.around.scope.task_params:
                return None  # a computed key: the dictionary of parameters is handed over
            raise NotUnderstood(f"looks up a computed key in {base.name}") from None
        if base.name == "context" and isinstance(key, str) and key in self.around.extras:
            return self.around.extras[key]
        return context.item(base, x.Constant(value=key), self.around.scope)

    def call(self, node: ast.Call) -> Meaning | None:
        if isinstance(node.func, ast.Name):
            base = self.meaning(node.func)
            if isinstance(base, Entity) and base.name == "airflow":
                return self.airflow_call(base.detail, node)
            return None
        if not isinstance(node.func, ast.Attribute):
            return None
        base = self.meaning(node.func.value)
        if isinstance(base, Entity) and base.name == "airflow":
            return self.airflow_call(f"{base.detail}.{node.func.attr}", node)
        if isinstance(base, Entity):
            if base.name == "module":
                return None
            args, kwargs = self.arguments(node)
            key = args[0].value if args and isinstance(args[0], x.Constant) else None
            if base.name == "context" and node.func.attr == "get" and key in self.around.extras:
                return self.around.extras[str(key)]
            return context.method(base, node.func.attr, args, kwargs, self.around.scope)
        if base is not None and context.is_moment(base) and node.func.attr not in _DATETIME:
            args, kwargs = self.arguments(node)
            return context.method(base, node.func.attr, args, kwargs, self.around.scope)
        return None

    def airflow_call(self, dotted: str, node: ast.Call) -> Meaning | None:
        name = dotted.split(".")[-1]
        owner = dotted.split(".")[-2] if dotted.count(".") > 1 else ""
        if name == "get_current_context":
            return Entity("context")
        if owner == "Variable" and name == "get":
            args, kwargs = self.arguments(node)
            given = dict(zip(("key", "default_var", "deserialize_json"), args, strict=False)) | kwargs
            key, as_json = given.get("key"), given.get("deserialize_json", x.Constant(value=False))
            if isinstance(key, x.Constant) and isinstance(as_json, x.Constant) and isinstance(key.value, str):
                default = given.get("default_var", given.get("default"))
                return x.Variable(name=key.value, json_value=bool(as_json.value), default=default)
        if name in ("get_connection", "get_connection_from_secrets") and owner in ("BaseHook", "Connection"):
            args, kwargs = self.arguments(node)
            key = args[0] if args else kwargs.get("conn_id")
            if isinstance(key, x.Constant) and isinstance(key.value, str):
                return Entity("connection", key.value)
        if name == "PokeReturnValue" and self.around.checks:
            return None
        raise NotUnderstood(f"calls Airflow's {dotted}")

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


def _is_text_of(text: str, node: ast.expr) -> bool:
    """Whether `text` is the source of `node`: inside of f-strings, Python before 3.12 may give wrong places."""
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except SyntaxError:
        return False


def _airflow_attribute(dotted: str, name: str) -> Meaning:
    convert = _ENUMS.get(dotted.split(".")[-1])
    value = convert(name) if convert is not None and name.isupper() else None
    return x.Constant(value=value) if value is not None else Entity("airflow", f"{dotted}.{name}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
