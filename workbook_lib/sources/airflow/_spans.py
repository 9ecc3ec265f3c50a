"""Where a piece of Python touches Airflow: spans for what has a neutral meaning, blockers for what has none.

One walk in source order, because what a name means depends on the statements before it; that walk is one class, longer than usual.
"""

from __future__ import annotations

import ast
import itertools
import re

from workbook_lib.model import expr as x
from workbook_lib.model.function import Span
from workbook_lib.sources.airflow._asset_events import ALIAS, UNTOLD, Told, overwritten, told
from workbook_lib.sources.airflow._body_meanings import DATETIME, KEPT, Meanings, Surroundings
from workbook_lib.sources.airflow._meanings import Entity, NotUnderstood
from workbook_lib.sources.airflow._moments import is_moment
from workbook_lib.sources.airflow._places import Marks, shortened
from workbook_lib.sources.airflow._reference import SHOWN
from workbook_lib.sources.airflow._source import names_of
from workbook_lib.sources.airflow._static import NotStatic

__all__ = ["Marks", "Surroundings", "mark"]

SKIPS = frozenset({"AirflowSkipException"})
FAILS = frozenset({"AirflowFailException"})
# Ordinary failures, wherever they are imported from: `airflow`, `airflow.sdk`, `airflow.providers.common.compat.sdk` ...
_FAILURES = frozenset({"AirflowException", "AirflowSensorTimeout", "AirflowTaskTimeout", "AirflowBadRequest", "AirflowNotFoundException"})
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
_LOGGER = re.compile(r"log(ger|ging)?$")


def mark(source: str, tree: ast.Module, around: Surroundings, skip_header: bool = True) -> Marks:
    """Spans and blockers of the one statement in `tree`, whose text is `source`."""
    marker = _Marker(source, around)
    marker.fields = frozenset(id(inner) for owner in ast.walk(tree) if isinstance(owner, ast.ClassDef) for inner in owner.body)
    node = tree.body[0]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        marker.enter(node)
    if skip_header and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            marker.visit(default)
        marker.block(node.body)
    else:
        marker.statement(node)
    marker.updates_settled(node)
    marker.marks.spans.sort(key=lambda span: (span.start, span.end))
    return marker.marks


class _Marker(Meanings):
    fields: frozenset[int] = frozenset()  # statements of classes, by identity: an annotation makes a field of a dataclass
    printing = False  # inside of a call that only shows its arguments
    inner = 0  # how many functions are around, inside of the one that is marked
    loops = 0  # how many loops are

    def __init__(self, source: str, around: Surroundings) -> None:
        super().__init__(source, around)
        self.told: list[tuple[Told, bool]] = []

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
        if isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.span(node, "drop")
            return True
        if isinstance(node, ast.Assert) and self.there(node.test):
            self.span(node, "drop")
            return True
        if isinstance(node, ast.Expr) and self.pushed(node):
            return False
        if isinstance(node, ast.Expr | ast.Assign) and self.tells(node):
            return False
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and self.shows(node.value.func):
            self.printing = True
            self.visit(node.value)
            self.printing = False
            return False
        if isinstance(node, ast.Raise) and node.exc is not None and self.raised(node, node.exc):
            return False
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.inner += 1
            self.nested(node)
            self.inner -= 1
            return False
        self.loops += (looping := isinstance(node, ast.For | ast.AsyncFor | ast.While))
        self.parts(node)
        self.loops -= looping
        return False

    def parts(self, node: ast.stmt) -> None:
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

    def there(self, node: ast.expr) -> bool:
        """Whether an expression is something of the engine's that is always there."""
        try:
            found = self.meaning(node)
        except NotUnderstood:
            return False
        return isinstance(found, Entity) and found.name in SHOWN

    def shows(self, function: ast.expr) -> bool:
        """Whether a function only prints or logs: nobody takes what it is given any further."""
        name = ast.unparse(function)
        if name in ("print", "pprint", "pprint.pprint"):
            return name not in self.own.bound
        owner, _, last = name.rpartition(".")
        return last in _LEVELS and bool(_LOGGER.search(owner.lower()))

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
        touches = self.touches(node.annotation) if id(node) in self.fields else self.untold(node.annotation)
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

    def tells(self, node: ast.Expr | ast.Assign) -> bool:
        """A statement that says something of an updated asset becomes a call; what it is given stays."""
        try:
            found = told(node, self.asset, self.surely, self.symbol)
            if found is None:
                return False
            if not self.around.scope.task or (self.inner and found.yields):
                raise NotUnderstood("tells of an updated asset outside of a task's own body")
            if found.alias is not None and f"{ALIAS}{found.alias}" not in self.around.scope.outlets:
                raise NotUnderstood(f"adds an update to the alias {found.alias!r}, which is not among the task's outlets")
            if found.yields and found.alias is not None and found.asset in self.around.scope.outlets:
                raise NotUnderstood("tells of an asset both by itself and through an alias")
            pieces = [piece for piece in found.pieces if isinstance(piece, ast.expr)]
            if any(self.ends(one)[1] > self.ends(other)[0] for one, other in itertools.pairwise(pieces)):
                raise NotUnderstood("tells of an updated asset by arguments in another order")
        except NotUnderstood as why:
            self.blocked(node, why)
            return True
        at, text = self.ends(node)[0], ""
        for piece in found.pieces:
            if isinstance(piece, str):
                text += piece
                continue
            self.marks.spans.append(Span(start=at, end=self.ends(piece)[0], kind="update", argument=text))
            self.visit(piece)
            at, text = self.ends(piece)[1], ""
        self.marks.spans.append(Span(start=at, end=self.ends(node)[1], kind="update", argument=text))
        self.marks.tells += found.yields
        self.told.append((found, self.loops > 0))
        return True

    def surely(self, node: ast.expr) -> object:
        """What an expression means, where that is understood."""
        try:
            return self.meaning(node)
        except NotUnderstood:
            return None

    def updates_settled(self, node: ast.stmt) -> None:
        """What can be said only when the whole piece was looked at."""
        for asset in overwritten(self.told):
            self.marks.block(f"it sets the extra of {asset!r} more than once")
        if any(isinstance(span.value, x.Call) and span.value.function == "updates_of" for span in self.marks.spans):
            asked = sorted({part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)} & UNTOLD)
            if asked:
                self.marks.block(f"it asks updates of assets for `{asked[0]}`, which Prefect's events do not tell")

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
        named = len(parts) > 2 and "exceptions" in parts
        return parts[-1] if named or (parts and parts[0] == "airflow" and parts[-1] in SKIPS | FAILS | _FAILURES) else None

    def untold(self, annotation: ast.expr) -> bool:
        """Whether an annotation names something of Airflow's, or what is not there when the code runs."""
        return self.touches(annotation) or any(map(self.around.only_typed, names_of(annotation)))

    def nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.visit(part)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for arg in [*every, *(a for a in (node.args.vararg, node.args.kwarg) if a is not None)]:
            if arg.annotation is not None and self.untold(arg.annotation):
                start = self.at(arg.lineno, arg.col_offset) + len(arg.arg)
                self.marks.spans.append(Span(start=start, end=self.ends(arg.annotation)[1], kind="drop"))
        if node.returns is not None and self.untold(node.returns):
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
        elif found is None and not self.poke(node) and not self.pendulum(node) and not self.looked_up(node):
            self.inside(node)

    def whole(self, node: ast.expr, entity: Entity) -> None:
        if entity.name == "params" and not self.around.scope.task_params:
            self.span(node, "value", value=x.Context(name="run_parameters"))
        elif entity.name == "conf" and self.dictionary(entity):
            self.span(node, "value", value=x.Context(name="run_parameters"))
            self.marks.remark("`dag_run.conf` as a whole is what the flow was given for its parameters, defaults included")
        elif self.printing and entity.name in SHOWN:
            shown = SHOWN[entity.name]
            if entity.name == "context" and isinstance(shown, x.DictOf):
                own = tuple((x.Constant(value=name), value) for name, value in self.around.extras.items())
                shown = x.DictOf(items=(*shown.items, *own))
            self.span(node, "value", value=shown)
            self.marks.remark(f"`{shortened(self.text(node))}` is only printed, and shows what is known of it here")
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

    def looked_up(self, node: ast.expr) -> bool:
        """What the server keeps by a name that is only known when the code runs: the function is another one, its arguments stay."""
        dotted = (self.symbol(node.func) if isinstance(node, ast.Call) else None) or ""
        owner, _, name = dotted.rpartition(".")
        kept = KEPT.get((owner.rpartition(".")[2], name))
        if kept is None or not isinstance(node, ast.Call):
            return False
        self.span(node.func, "value", value=x.Call(function=kept[0]))
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(argument)
        return True

    def pendulum(self, node: ast.expr) -> bool:
        """A date of the context that is used in a way `datetime` does not know."""
        if not isinstance(node, ast.Attribute):
            return False
        try:
            base = self.meaning(node.value)
        except NotUnderstood:
            return False
        if base is not None and not isinstance(base, Entity) and is_moment(base) and node.attr not in DATETIME:
            self.blocked(node, "is a method of pendulum's dates that `datetime` does not have")
            return True
        return False
