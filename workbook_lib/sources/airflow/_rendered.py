"""Templates that no expression says: rendered by Jinja while the task runs, with just the names that they use.

What Airflow gives a template are objects; here they become dicts of the attributes that the template reads, for Jinja takes both alike
(https://jinja.palletsprojects.com/en/stable/templates/#variables).
"""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import nodes

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._body_meanings import DATETIME
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._moments import is_moment
from workbook_lib.sources.airflow._pull import pull
from workbook_lib.sources.airflow._reference import CONNECTION_METHODS, REMOVED

_NONE = x.Constant(value=None)
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_GLOBALS = frozenset({"range", "dict", "lipsum", "cycler", "joiner", "namespace", "loop", "caller"})
_ASKS = frozenset({"default", "d", "defined", "undefined"})
_DICTS = frozenset({"params", "conf", "macros"})
_MACROS = frozenset({"datetime", "timedelta", "ds_add", "ds_format", "json", "random", "time", "uuid"})
Path = tuple[str, ...]


def rendered(text: str, tree: nodes.Template, scope: Scope, value: Callable[[nodes.Node], Expr]) -> Expr:
    """`render(text, names)`; `value` compiles the arguments of calls. NotUnderstood where a name has no counterpart."""
    if next(tree.find_all(_ELSEWHERE), None) is not None:
        raise NotUnderstood("takes in another template")
    every = list(tree.find_all(nodes.Name))
    bound = {node.name for node in every if node.ctx != "load"} | {node.name for node in tree.find_all(nodes.Macro)}
    reader = _Reader({node.name for node in every} - bound - _GLOBALS, scope, value)
    reader.visit(tree)
    asked = sum(isinstance(node.node, nodes.Name) for node in tree.find_all((nodes.Filter, nodes.Test)) if node.name in _ASKS)
    absent = [node.name for node in every if node.name in reader.paths and node.name != "macros" and not reader.is_there(node.name)]
    if len(absent) > asked:  # what Airflow does not give is undefined, and only these may ask for it
        raise NotUnderstood(f"uses {absent[0]!r}, which is no name that Airflow's context holds")
    names = tuple((x.Constant(value=name), reader.made(name)) for name in sorted(reader.paths) if reader.is_there(name))
    filters = sorted({node.name for node in tree.find_all(nodes.Filter) if node.name in scope.filters})
    own = tuple((x.Constant(value=name), _own(name, scope, scope.own_filter)) for name in filters)
    function = "render_native" if scope.native else "render"
    return x.Call(function=function, args=(x.Constant(value=text), x.DictOf(items=names), *([x.DictOf(items=own)] if own else [])))


def _own(name: str, scope: Scope, find: Callable[[str], Expr | None]) -> Expr:
    found = find(name)
    if found is None:
        raise NotUnderstood(f"uses {name!r}, which the DAG defines in a way that cannot be carried over")
    return found


class _Reader:
    """Walks a template and notes which parts of which names it reads."""

    def __init__(self, names: set[str], scope: Scope, value: Callable[[nodes.Node], Expr]) -> None:
        self.names = names
        self.scope = scope
        self.value = value
        self.paths: dict[str, set[Path]] = {}
        self.outputs: dict[tuple[str, str], Expr] = {}
        self.defaulted: set[Path] = set()

    def visit(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Call):
            path = _path(node.node)
            if path is not None and path[0] in self.names:
                self.called(path, node)
                for part in (*node.args, *node.kwargs):
                    self.visit(part)
                return
        path = _path(node)
        if path is not None:
            if path[0] in self.names:
                self.paths.setdefault(path[0], set()).add(path[1:])
            return
        for child in node.iter_child_nodes():
            self.visit(child)

    def called(self, path: Path, node: nodes.Call) -> None:
        root, *rest = path
        if rest == ["xcom_pull"] and root in ("ti", "task_instance"):
            args = [self.value(arg) for arg in node.args]
            found = pull(args, {str(pair.key): self.value(pair.value) for pair in node.kwargs}, self.scope)
            for part in x.walk(found):
                if isinstance(part, x.TaskOutput):
                    self.outputs[part.task, part.key] = part
            self.paths.setdefault(root, set()).add(("xcom_pull",))
        elif rest[-1:] == ["get"] and root == "var" and node.args and isinstance(node.args[0], nodes.Const):
            path = (*rest[:-1], str(node.args[0].value))
            self.defaulted.add((root, *path))
            self.paths.setdefault(root, set()).add(path)
        elif (root, rest) == ("conn", ["get"]) and len(node.args) == 1 and isinstance(node.args[0], nodes.Const) and not node.kwargs:
            self.paths.setdefault(root, set()).add((str(node.args[0].value),))
        elif root == "conn" and (len(rest) > 2 or rest[1:] and rest[1] in CONNECTION_METHODS):
            self.paths.setdefault(root, set()).add(tuple(rest))
        elif rest and _is_engine(self.base(root, rest)):
            raise NotUnderstood(f"calls {'.'.join(path)}()")
        elif root != "macros" and rest and is_moment_method(self.meaning(root, tuple(rest[:-1])), rest[-1]):
            raise NotUnderstood(f"calls .{rest[-1]}() of a date, which `datetime` does not have")
        else:
            self.paths.setdefault(root, set()).add(tuple(rest if root == "macros" else rest[:-1]))

    def base(self, root: str, rest: list[str]) -> Meaning:
        """What a method is called of."""
        return Entity("macros") if root == "macros" else self.meaning(root, tuple(rest[:-1]))

    def meaning(self, root: str, path: Path) -> Meaning:
        found: Meaning = self.root(root)
        for name in path:
            found = context.attribute(found, name, self.scope, dotted_items=True)
        return found

    def root(self, name: str) -> Meaning:
        if name in self.scope.macros:
            return _own(name, self.scope, self.scope.own_macro)
        try:
            return context.lookup(name, self.scope)
        except NotUnderstood as why:
            raise NotUnderstood(f"uses {name!r}, which {why}") from None

    def is_there(self, name: str) -> bool:
        """Whether Airflow gives a template the name."""
        if name == "macros":
            unknown = sorted({path[0] for path in self.paths[name] if path} - _MACROS)
            if unknown or () in self.paths[name]:
                raise NotUnderstood(f"uses macros.{unknown[0] if unknown else '*'}, for which there is no neutral meaning")
            return False
        return name in self.scope.macros or (name in context.CONTEXT_KEYS and not (self.scope.is_3 and name in REMOVED))

    def made(self, root: str) -> Expr:
        """What a name is given."""
        return self.build(self.root(root), self.paths[root], (root,))

    def build(self, found: Meaning, paths: set[Path], at: Path) -> Expr:
        if not isinstance(found, Entity):
            for path in paths:
                if path and is_moment(found) and path[0] not in DATETIME:
                    raise NotUnderstood(f"reads .{path[0]} of a date, which `datetime` does not have")
            if isinstance(found, x.Variable) and at in self.defaulted:
                return found.model_copy(update={"default": _NONE})
            return found
        if found.name == "conf":
            self.scope.from_conf.update(path[0] for path in paths if path)
        if found.name in ("params", "conf") and not self.scope.task_params:
            return x.Context(name="run_parameters")
        if found.name == "connection":  # it has what the template reads of it
            for path in paths:
                if path and path[0] not in CONNECTION_METHODS:
                    context.connection_field(found.detail, path[0])
            return x.Connection(id=found.detail)
        if () in paths:
            raise NotUnderstood(f"renders {found.name} itself")
        parts: dict[str, set[Path]] = {}
        for path in paths:
            if path:
                parts.setdefault(path[0], set()).add(path[1:])
        items: list[tuple[Expr, Expr]] = []
        for name in sorted(parts):
            item = self.pulled() if name == "xcom_pull" else self.part(found, name, parts[name], (*at, name))
            items.append((x.Constant(value=name), item))
        return x.DictOf(items=tuple(items))

    def part(self, found: Entity, name: str, paths: set[Path], at: Path) -> Expr:
        return self.build(context.attribute(found, name, self.scope, dotted_items=True), paths, at)

    def pulled(self) -> Expr:
        items = tuple(
            (x.ListOf(items=(x.Constant(value=task), x.Constant(value=key)), type="tuple"), output)
            for (task, key), output in sorted(self.outputs.items())
        )
        return x.Call(function="pulled_3" if self.scope.is_3 else "pulled", args=(x.DictOf(items=items),))


def _is_engine(found: Meaning) -> bool:
    return isinstance(found, Entity) and found.name not in _DICTS


def is_moment_method(found: Meaning, name: str) -> bool:
    """Whether a method is one that pendulum's dates have and `datetime` has not."""
    return not isinstance(found, Entity) and is_moment(found) and name not in DATETIME


def _path(node: nodes.Node) -> Path | None:
    """`a.b["c"]` as its names; None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner = _path(node.node)
        return (*inner, node.attr) if inner is not None else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        inner = _path(node.node)
        return (*inner, node.arg.value) if inner is not None else None
    return None
