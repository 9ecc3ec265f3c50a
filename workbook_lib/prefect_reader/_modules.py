"""Reads the modules of a project: their tasks, flows and constants, without importing them."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbook_lib.prefect_reader._known import RULE_MODULES
from workbook_lib.prefect_reader._signals import GiveUp, Signal
from workbook_lib.prefect_reader._statements import Statements
from workbook_lib.prefect_reader._values import Either, Scope, Unknown

MOST_BYTES = 2_000_000


class Modules:
    """The modules of one project folder, each read once; `root` None: a single text without neighbours."""

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self.known: dict[str, Scope | None] = {}
        self.trees: list[tuple[str, ast.Module]] = []  # what was read, the flow's own file first

    def find(self, name: str) -> Scope | None:
        """The names of a module of the project; None when the project has no such module."""
        if name in RULE_MODULES:
            return None
        if name not in self.known:
            self.known[name] = None  # a cycle of imports sees nothing, as in Python
            path = self._path(name)
            if path is not None:
                tree = _tree(path)
                if tree is None:
                    return None
                self.known[name] = scope = Scope({"__name__": name}, None, name)
                read(tree, scope, self)
        return self.known[name]

    def parsed(self, name: str) -> tuple[str, ast.Module | None]:
        """The file of a module as people call it, and its syntax; None when it is missing or no Python."""
        path = self._path(name)
        if path is None or self.root is None:
            return name.replace(".", "/") + ".py", None
        return path.relative_to(self.root).as_posix(), _tree(path)

    def _path(self, name: str) -> Path | None:
        if self.root is None or not name or not all(part.isidentifier() for part in name.split(".")):
            return None
        base = self.root.joinpath(*name.split("."))
        for path in (base / "__init__.py", base.with_suffix(".py")):  # a package hides a module of the same name
            if path.is_file() and path.stat().st_size <= MOST_BYTES:
                return path
        return None


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return None


def read(tree: ast.Module, scope: Scope, modules: Modules) -> None:
    """Fill `scope` with what a module's statements bind."""
    modules.trees.append((scope.module, tree))
    scope.binds = frozenset(_bound(tree))
    walk = _ModuleWalk(modules)
    with contextlib.suppress(GiveUp):
        walk.block(tree.body, scope)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            yield node.name or ""
        elif isinstance(node, ast.MatchMapping):
            yield node.rest or ""


class _ModuleWalk(Statements):
    """Module level: nothing is decided and no task runs; what is not understood stays unknown."""

    def __init__(self, modules: Modules) -> None:
        super().__init__()
        self.modules = modules

    def undefined(self, name: str) -> Any:
        """Importing the module fails, which a pilot tells better."""
        return self.unknown(f"the name {name!r} is not defined")

    def module(self, name: str) -> Scope | None:
        return self.modules.find(name)

    def give_up(self, reason: str) -> None:
        return None

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        try:
            super().statement(node, scope)
        except GiveUp:
            raise
        except Signal:
            return

    def fork(self, test: Any, arms: Sequence[Sequence[ast.stmt]], scope: Scope, node: ast.stmt) -> None:
        before = dict(scope.names)
        results = []
        for arm in arms:
            scope.names = dict(before)
            self.block(arm, scope)
            results.append(scope.names)
        missing = Unknown("a name bound on one path only")
        merged = {}
        for name in dict.fromkeys([*results[0], *results[1]]):
            one, two = (result.get(name, missing) for result in results)
            merged[name] = one if one is two else Either((one, two))
        scope.names = merged

    def do_Try(self, node: ast.Try, scope: Scope) -> None:
        before = dict(scope.names)
        self.block([*node.body, *node.orelse], scope)
        for handler in node.handlers:
            if not isinstance(handler.body[-1], ast.Raise):
                other = Scope(dict(before), scope.parent, scope.module)
                self.block(handler.body, other)
                for name, value in other.names.items():
                    if before.get(name) is not value and scope.names.get(name) is not value:
                        scope.names[name] = Either((scope.names[name], value)) if name in scope.names else value
        self.block(node.finalbody, scope)

    def do_While(self, node: ast.While, scope: Scope) -> None:
        return None
