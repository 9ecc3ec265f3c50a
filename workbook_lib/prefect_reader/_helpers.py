"""The helpers that a project carries in `shared/`: their meaning is built into the reader, so they must still be the writer's own.

Definitions are compared by their syntax, without docstrings and formatting. The writer leaves out what a project does not need, so
definitions and entries of the tables keyed by rules may be absent, but only those that nothing uses.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from workbook_lib.prefect_reader._known import RULE_MODULES
from workbook_lib.prefect_reader._modules import Modules
from workbook_lib.prefect_reader._program import Unfollowed

EMITTED = (*RULE_MODULES, "shared.waiting", "shared.shell")
RULES = "shared.rule_table"
_TABLES = ("RULES", "EARLY")
_ADVICE = "undo that, or write the project again"
_ADD = "add it as the workbook's own helpers have it, or do without"


@dataclass
class _Piece:
    """One statement that binds a name: where it stands, its syntax, the names that it mentions, and where an import gets it."""

    line: int
    syntax: str
    mentions: frozenset[str]
    imported: tuple[str, str] | None = None


@dataclass
class _Module:
    """A module as its definitions; `others` are the lines of statements that are none, `tables` the entries of RULES and EARLY."""

    names: dict[str, list[_Piece]] = field(default_factory=dict)
    tables: dict[str, dict[str, list[_Piece]]] = field(default_factory=dict)
    others: list[int] = field(default_factory=list)


def problems(modules: Modules, rules: Collection[str]) -> Iterator[Unfollowed]:
    """What of the helpers that the project uses is not what the reader knows; `rules` are the trigger rules in use."""
    if modules.root is None:
        return
    check = _Check(modules)
    for number, (module, tree) in enumerate(modules.trees):
        uses = list(_uses(module, tree))
        for line, base, name, _ in uses:
            yield from (Unfollowed(reason, line if number == 0 else None) for reason in check.uses(base, name))
        if module not in EMITTED:
            for line, text in _reached(tree, {bound for *_, bound in uses}):
                where = "" if number == 0 else f"{module}, line {line}: "
                yield Unfollowed(f"{where}{text} reaches into the helpers of shared/", line if number == 0 else None)
    if rules and RULES in check.read:
        yield from (Unfollowed(reason) for reason in check.rules(rules))


class _Check:
    """Compares definitions, each once."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.read: dict[str, tuple[str, _Module | None]] = {}
        self.seen: set[tuple[str, str]] = set()

    def uses(self, module: str, name: str) -> Iterator[str]:
        """What is wrong with a name of a helper module, with what it needs, and with the module around it."""
        if module not in self.read:
            path, tree = self.modules.parsed(module)
            self.read[module] = path, _pieces(tree) if tree is not None else None
            yield from self._around(module)
        if (module, name) in self.seen:
            return
        self.seen.add((module, name))
        path, own = self.read[module]
        if own is None:
            return
        original = _packaged(module)
        if name == "*":
            for each in [name for name in own.names if not name.startswith("_")]:
                yield from self.uses(module, each)
            return
        pieces, known = own.names.get(name), original.names.get(name)
        if pieces is None and known is not None:
            yield f"{path}: {name} is used but missing; {_ADD}"
        for piece in pieces or ():
            if known is None:
                yield f"{path}, line {piece.line}: {name} is not a helper that the reader knows; {_ADVICE}"
            elif piece.syntax not in {one.syntax for one in known}:
                yield f"{path}, line {piece.line}: {name} was changed, so that it is not known what it does; {_ADVICE}"
            elif piece.imported is not None and piece.imported[0] in EMITTED:
                yield from self.uses(*piece.imported)
            for mention in sorted(piece.mentions):
                if mention in own.names or mention in original.names:
                    yield from self.uses(module, mention)
        for table in [name] if name in own.tables else []:
            yield from self._entries(path, module, table)

    def rules(self, rules: Collection[str]) -> Iterator[str]:
        """Entries of the tables that a rule in use needs."""
        path, own = self.read[RULES]
        for table in _TABLES if own is not None else ():
            for rule in rules:
                known = _packaged(RULES).tables[table]
                if own is not None and table in own.tables and rule in known and rule not in own.tables[table]:
                    yield f"{path}: {table} has no entry for the rule {rule!r}, which the flow uses; {_ADD}"

    def _around(self, module: str) -> Iterator[str]:
        path, own = self.read[module]
        if own is None:
            yield f"{path} is used but cannot be read; {_ADVICE}"
        for line in own.others if own is not None else ():
            yield f"{path}, line {line}: a statement that defines nothing may change what the helpers do; {_ADVICE}"

    def _entries(self, path: str, module: str, table: str) -> Iterator[str]:
        own, known = self.read[module][1], _packaged(module).tables.get(table, {})  # an older project may have tables of its own
        for rule, pieces in own.tables[table].items() if own is not None else ():
            for piece in pieces:
                if piece.syntax not in {one.syntax for one in known.get(rule, ())}:
                    yield f"{path}, line {piece.line}: {table} has another entry for {rule!r} than the reader knows; {_ADVICE}"


def _uses(module: str, tree: ast.Module) -> Iterator[tuple[int, str, str, str]]:
    """Line, module, name and what it is bound to, for each use of a helper module by a file; "*" is all of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                if base in EMITTED:
                    yield node.lineno, base, alias.name, alias.asname or alias.name
                elif f"{base}.{alias.name}" in EMITTED:
                    yield node.lineno, f"{base}.{alias.name}", "*", alias.asname or alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in EMITTED:
                    yield node.lineno, alias.name, "*", alias.asname or "shared"


def _reached(tree: ast.Module, bound: set[str]) -> Iterator[tuple[int, str]]:
    """Where a file changes a helper, or takes what only the helpers themselves use: line and text."""
    inner = {name for module in EMITTED for name in _packaged(module).names if name.startswith("_") or name.isupper()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and _root(node) in bound:
            if not isinstance(node.ctx, ast.Load) or (isinstance(node, ast.Attribute) and node.attr in inner):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Name) and node.id in bound & inner:
            yield node.lineno, node.id


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _pieces(tree: ast.Module) -> _Module:
    found = _Module()
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                _import(found, node, alias)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.names.setdefault(node.name, []).append(_Piece(node.lineno, _syntax(node), _mentioned(node)))
        else:
            _bound(found, node)
    return found


def _import(found: _Module, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    if module == "__future__":
        return
    bound = alias.asname or (alias.name if module else alias.name.partition(".")[0])
    piece = _Piece(node.lineno, f"import {module}:{alias.name}", frozenset(), (module, alias.name) if module else None)
    found.names.setdefault(bound, []).append(piece)


def _bound(found: _Module, node: ast.stmt) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    if len(targets) != 1 or not isinstance(targets[0], ast.Name) or not isinstance(node, ast.Assign | ast.AnnAssign):
        found.others.append(node.lineno)
        return
    name = targets[0].id
    entries = _entries(node.value) if name in _TABLES and name not in found.tables else None
    if entries is not None:
        found.tables[name] = entries
        found.names.setdefault(name, []).append(_Piece(node.lineno, "table", _mentioned(node) - {name}))
        return
    found.names.setdefault(name, []).append(_Piece(node.lineno, _syntax(node), _mentioned(node) - {name}))


def _entries(table: ast.expr | None) -> dict[str, list[_Piece]] | None:
    """The entries of a table whose keys are texts."""
    entries: dict[str, list[_Piece]] = {}
    for key, value in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        entries.setdefault(key.value, []).append(_Piece(key.lineno, _syntax(value), _mentioned(value)))
    return entries if isinstance(table, ast.Dict) else None


def _syntax(node: ast.AST) -> str:
    """The syntax of a definition, docstrings left out."""
    node = copy.deepcopy(node)
    for part in ast.walk(node):
        body = getattr(part, "body", None)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and isinstance(body, list):
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                part.body = body[1:] or [ast.Pass()]
    return ast.dump(node)


def _mentioned(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


@cache
def _packaged(module: str) -> _Module:
    """The writer's own source, read as text."""
    file = resources.files("workbook_lib").joinpath("prefect_writer", "emitted", f"{module.rpartition('.')[2]}.py")
    return _pieces(ast.parse(file.read_text(encoding="utf-8")))
