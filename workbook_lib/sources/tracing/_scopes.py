"""What one of the user's files holds, by position and by scope: calls, assigned attributes, functions, and what binds which name.

Made once per file, and only when somebody asks for source text.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from functools import lru_cache

from workbook_lib.sources.tracing._stack import SOURCES
from workbook_lib.sources.tracing._trees import walk

Callish = ast.FunctionDef | ast.AsyncFunctionDef
# As tuples, which are several times as fast to ask for as `A | B` is.
_DEFINING, _IMPORTING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), (ast.Import, ast.ImportFrom)
_FOR, _LOOPS = (ast.For, ast.AsyncFor), (ast.For, ast.AsyncFor, ast.While)
_WITH, _SHIFTS = (ast.With, ast.AsyncWith), (ast.RShift, ast.LShift)
Position = tuple[int, int]  # line from 1, column in UTF-8 bytes from 0
Blocks = tuple[tuple[int, str], ...]  # the branches and loops around a statement, outermost first


@dataclass(frozen=True)
class Binding:
    """One place that binds a name. `value` is the expression it is bound to; None for loop variables, `with` and unpacked values."""

    at: Position
    blocks: Blocks
    value: ast.expr | None = None
    statement: ast.stmt | None = None


@dataclass(frozen=True)
class KeyChange:
    """One place that sets keys of a dict bound to a name: `name[key] = value`, or `name.update(values)` (then `key` is None)."""

    at: Position
    blocks: Blocks
    key: str | None
    value: ast.expr | None
    call: ast.Call | None = None


@dataclass
class Scope:
    """A module, class or function: what it binds. `owner` is the class that a method stands in."""

    node: ast.Module | ast.ClassDef | Callish
    parent: Scope | None = None
    bound: dict[str, list[Binding]] = field(default_factory=dict)
    keys: dict[str, list[KeyChange]] = field(default_factory=dict)
    attributes: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)  # of a class: `self.x = value` in a method
    returned: list[ast.expr] = field(default_factory=list)

    @property
    def owner(self) -> Scope | None:
        """The class around a method."""
        return self.parent if self.parent is not None and isinstance(self.parent.node, ast.ClassDef) else None


@dataclass
class FileIndex:
    """Everything of one file. Calls, and attributes that are assigned, by where they end: their start moves with the line of the dot."""

    file: str
    module: Scope
    calls: dict[Position, ast.Call] = field(default_factory=dict)
    stores: dict[Position, ast.expr] = field(default_factory=dict)
    shifts: dict[Position, ast.BinOp] = field(default_factory=dict)
    functions: dict[tuple[str, int], Scope] = field(default_factory=dict)  # name and first line, that of a decorator if there is one
    classes: dict[str, Scope] = field(default_factory=dict)
    blocks: dict[int, Blocks] = field(default_factory=dict)  # by line, where these are any


@lru_cache(maxsize=256)
def index(file: str) -> FileIndex | None:
    """The index of a file that was run; None for any other."""
    return _Builder(file, SOURCES[file][1]).run() if file in SOURCES else None


@lru_cache(maxsize=256)
def _lines(file: str) -> tuple[bytes, ...]:
    return tuple(line.encode() for line in SOURCES[file][0].split("\n"))


def segment(file: str, node: ast.expr) -> str:
    """Source text of a node; columns count UTF-8 bytes."""
    lines = _lines(file)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    begin, end = node.col_offset, node.end_col_offset
    if first == last:
        return lines[first][begin:end].decode(errors="replace")
    return b"\n".join([lines[first][begin:], *lines[first + 1 : last], lines[last][:end]]).decode(errors="replace")


def file_of(module: str) -> str | None:
    """The user's file that an imported module was run from."""
    found = getattr(sys.modules.get(module), "__file__", None)
    return found if isinstance(found, str) and found in SOURCES else None


def first_line(node: ast.AST) -> int:
    """The line that a function's code begins in: that of its first decorator."""
    return int(min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]))  # type: ignore[attr-defined]


class _Builder:
    def __init__(self, file: str, tree: ast.Module) -> None:
        self.found = FileIndex(file, Scope(tree))
        self.work: list[tuple[list[ast.stmt], Scope, Blocks]] = [(tree.body, self.found.module, ())]

    def run(self) -> FileIndex:
        while self.work:  # no recursion: a chain of `elif` is as deep as it is long
            body, scope, blocks = self.work.pop()
            for statement in body:
                self.statement(statement, scope, blocks)
        for scope in (self.found.module, *self.found.functions.values(), *self.found.classes.values()):
            for bindings in scope.bound.values():
                bindings.sort(key=lambda binding: binding.at)
        return self.found

    def statement(self, node: ast.stmt, scope: Scope, blocks: Blocks) -> None:
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if blocks else ():
            if len(self.found.blocks.get(line, ())) < len(blocks):
                self.found.blocks[line] = blocks
        if isinstance(node, _DEFINING):
            self.bind(node.name, node, scope, blocks, None, node)
            inner = Scope(node, scope)
            if not isinstance(node, ast.ClassDef):
                self.found.functions[node.name, first_line(node)] = inner
                for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
                    self.expression(default, scope, blocks)
            else:
                self.found.classes[node.name] = inner
                for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
                    self.expression(part, scope, blocks)
            for decorator in node.decorator_list:
                self.expression(decorator, scope, blocks)
            self.work.append((node.body, inner, blocks))
            return
        if isinstance(node, _IMPORTING):
            for alias in node.names:
                self.bind(alias.asname or alias.name.partition(".")[0], node, scope, blocks, None, node)
            return
        self.assigned(node, scope, blocks)
        if isinstance(node, ast.Return) and node.value is not None:
            scope.returned.append(node.value)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child, scope, blocks)
        self.inside(node, scope, blocks)

    def inside(self, node: ast.stmt, scope: Scope, blocks: Blocks) -> None:
        """The statements within a compound statement; those of a `with` run as surely as the statement itself."""
        if isinstance(node, _WITH):
            for item in node.items:
                self.expression(item.context_expr, scope, blocks)
                if isinstance(item.optional_vars, ast.Name):
                    self.bind(item.optional_vars.id, node, scope, blocks, None, None)
            self.work.append((node.body, scope, blocks))
            return
        loop = isinstance(node, _LOOPS)
        for name in ("body", "orelse", "finalbody"):
            part = getattr(node, name, None)
            if isinstance(part, list) and part:
                sure = name == "finalbody" and isinstance(node, ast.Try)
                self.work.append((part, scope, blocks if sure else (*blocks, (id(node), "loop" if loop else name))))
        for number, part in enumerate([*getattr(node, "handlers", []), *getattr(node, "cases", [])]):
            if isinstance(part, ast.ExceptHandler) and part.name:
                self.bind(part.name, node, scope, blocks, None, None)
            self.work.append((part.body, scope, (*blocks, (id(node), f"case {number}"))))

    def assigned(self, node: ast.stmt, scope: Scope, blocks: Blocks) -> None:
        if isinstance(node, _FOR):
            self.target(node.target, None, node, scope, blocks)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign | ast.AugAssign) else []
        value = getattr(node, "value", None)
        for target in targets if value is not None else ():
            self.target(target, None if isinstance(node, ast.AugAssign) else value, node, scope, blocks)

    def target(self, target: ast.expr, value: ast.expr | None, node: ast.stmt, scope: Scope, blocks: Blocks) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, node, scope, blocks, value, None)
        elif isinstance(target, ast.Tuple | ast.List):
            same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
            same = same and not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))  # type: ignore[union-attr]
            values = value.elts if same else [None] * len(target.elts)  # type: ignore[union-attr]
            for part, its in zip(target.elts, values, strict=True):
                self.target(part, its, node, scope, blocks)
        elif isinstance(target, ast.Starred):
            self.target(target.value, None, node, scope, blocks)
        elif isinstance(target, ast.Attribute) and value is not None:
            self.found.stores[_end(target)] = value
            if isinstance(target.value, ast.Name) and scope.owner is not None and target.value.id in ("self", "cls"):
                scope.owner.attributes.setdefault(target.attr, []).append((value, scope))
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            if isinstance(key, str):
                change = KeyChange((node.lineno, node.col_offset), blocks, key, value)
                scope.keys.setdefault(target.value.id, []).append(change)

    def bind(self, name: str, node: ast.AST, scope: Scope, blocks: Blocks, value: ast.expr | None, statement: ast.stmt | None) -> None:
        at = (node.lineno, node.col_offset)  # type: ignore[attr-defined]
        scope.bound.setdefault(name, []).append(Binding(at, blocks, value, statement))

    def expression(self, root: ast.expr, scope: Scope, blocks: Blocks) -> None:
        for node in walk(root):
            if isinstance(node, ast.Call):
                self.found.calls.setdefault(_end(node), node)
                self.changed(node, scope, blocks)
            elif isinstance(node, ast.NamedExpr):
                self.bind(node.target.id, node, scope, blocks, node.value, None)
            elif isinstance(node, ast.comprehension):
                for name in ast.walk(node.target):
                    if isinstance(name, ast.Name):
                        self.bind(name.id, name, scope, (*blocks, (id(node), "loop")), None, None)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, _SHIFTS):
                self.found.shifts.setdefault(_end(node), node)

    def changed(self, node: ast.Call, scope: Scope, blocks: Blocks) -> None:
        func = node.func
        if not (isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name)):
            return
        at, name = (node.lineno, node.col_offset), func.value.id
        if func.attr == "update":
            scope.keys.setdefault(name, []).append(KeyChange(at, blocks, None, None, node))
        elif func.attr == "setdefault" and len(node.args) == 2 and isinstance(node.args[0], ast.Constant):
            scope.keys.setdefault(name, []).append(KeyChange(at, blocks, str(node.args[0].value), node.args[1]))


def _end(node: ast.expr) -> Position:
    return node.end_lineno or node.lineno, node.end_col_offset or 0
