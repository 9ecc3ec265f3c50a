"""Values that are taken from the clock or at random while a file is read: written down, they would be today's.

They are found in the source: a call of such a function in an argument, or a name in it that was bound to one. Names are followed through
assignments of the module and of the functions that led to the argument, through their parameters and through plain functions of the
file; not through attributes, starred arguments and other modules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from workbook_lib.sources.tracing._stack import NAMES, SOURCES

# Methods and functions by their last name, whatever they are called on.
_CLOCK = frozenset({"now", "utcnow", "today", "yesterday", "tomorrow", "days_ago", "uuid1", "uuid4", "time_ns", "monotonic"})
# The same, but only of these modules: other things have methods of these names.
_MODULES = frozenset({"random", "secrets", "time"})
_NAMES = frozenset({"time", "random", "randint", "randrange", "uniform", "choice", "choices", "sample", "getrandbits", "gauss"})
_NAMES |= {"token_hex", "token_urlsafe", "token_bytes", "randbelow"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class _File(NamedTuple):
    """What one file binds by scope ("" is the module) and name, its functions and calls, and clock functions imported by name."""

    bound: dict[str, dict[str, list[ast.expr]]]
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
    calls: dict[str, list[ast.Call]]
    imported: frozenset[str]


@lru_cache(maxsize=16)
def _file(name: str) -> _File:
    found = _File({}, {}, {}, frozenset())
    tree = SOURCES[name][1]
    imported: set[str] = set()

    def walk(node: ast.AST, scope: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found.functions[child.name] = child
                walk(child, child.name)
                continue
            if isinstance(child, ast.ImportFrom) and child.module in _MODULES:
                imported.update(alias.asname or alias.name for alias in child.names if alias.name in _NAMES)
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
                found.calls.setdefault(child.func.id, []).append(child)
            for target, value in _assigned(child):
                for inner in ast.walk(target):
                    if isinstance(inner, ast.Name):
                        found.bound.setdefault(scope, {}).setdefault(inner.id, []).append(value)
            walk(child, scope)

    walk(tree, "")
    return found._replace(imported=frozenset(imported))


def _assigned(node: ast.AST) -> Iterable[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        return [(node.target, node.value)]
    return [(node.target, node.iter)] if isinstance(node, ast.For) else []


def refused_anyway(name: str, source: str) -> bool:
    """Whether a bound of a sensor or branch names the clock directly: its operator's rule refuses that with a reason of its own."""
    return name.startswith("target_") and re.search(r"\b(now|utcnow|today)\(", source) is not None


class Clock:
    """Asks about expressions of one file, seen from a call stack: frames as in `Origin`, outermost first."""

    def __init__(self, shown: str, stack: Sequence[dict[str, Any]] = ()) -> None:
        name = next((name for name, as_shown in NAMES.items() if as_shown == shown and name in SOURCES), None)
        self.file = _file(name) if name is not None else _File({}, {}, {}, frozenset())
        self.scopes = [scope for scope in (*dict.fromkeys(frame["function"] for frame in stack), "") if scope in self.file.bound]
        self.passed = self._passed(stack)

    def _passed(self, stack: Sequence[dict[str, Any]]) -> dict[str, list[ast.expr]]:
        """What the functions of the stack were called with, by parameter; told by the line that each was called from."""
        found: dict[str, list[ast.expr]] = {}
        for before, frame in zip(stack, stack[1:], strict=False):
            function = self.file.functions.get(frame["function"])
            for call in self.file.calls.get(frame["function"], []) if function is not None else ():
                if function is not None and call.lineno <= before["line"] <= (call.end_lineno or call.lineno):
                    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
                    for name, value in [*zip(names, call.args, strict=False), *((word.arg or "", word.value) for word in call.keywords)]:
                        found.setdefault(name, []).append(value)
        return found

    def moves(self, source: str, without: frozenset[str] = frozenset()) -> bool:
        """Whether the value of an argument's source text is taken from the clock or at random; `without` are keys of a dict left out."""
        try:
            node = ast.parse(source.strip(), mode="eval").body
        except SyntaxError:
            return False
        if without:
            return any(self._moving(value, set()) for key, value in self._items(node) if key not in without)
        return self._moving(node, set())

    def key_moves(self, source: str, key: str) -> bool:
        """The same for the value under one key of a dict."""
        try:
            node = ast.parse(source.strip(), mode="eval").body
        except SyntaxError:
            return False
        return any(self._moving(value, set()) for name, value in self._items(node) if name == key)

    def _items(self, node: ast.expr) -> list[tuple[str, ast.expr]]:
        if isinstance(node, ast.Dict):
            return [(str(key.value), value) for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            return [(word.arg, word.value) for word in node.keywords if word.arg]
        if isinstance(node, ast.Name):
            values = [value for scope in self.scopes for value in self.file.bound[scope].get(node.id, [])]
            return [pair for value in values if not isinstance(value, ast.Name) for pair in self._items(value)]
        return []

    def _moving(self, node: ast.AST, seen: set[str]) -> bool:
        if isinstance(node, _FUNCTIONS):
            return False  # it runs later
        if isinstance(node, ast.Call) and self._called(node.func, seen):
            return True
        if isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            values = [value for scope in self.scopes for value in self.file.bound[scope].get(node.id, [])]
            if any(self._moving(value, seen) for value in [*values, *self.passed.get(node.id, [])]):
                return True
        return any(self._moving(child, seen) for child in ast.iter_child_nodes(node))

    def _called(self, function: ast.expr, seen: set[str]) -> bool:
        if isinstance(function, ast.Attribute):
            base = ast.unparse(function.value).split(".")[-1]
            return function.attr in _CLOCK or (function.attr in _NAMES and base in _MODULES)
        if not isinstance(function, ast.Name):
            return False
        if function.id in _CLOCK or function.id in self.file.imported:
            return True
        found = self.file.functions.get(function.id)
        if found is None or function.id in seen or getattr(found, "decorator_list", []):
            return False
        seen.add(function.id)
        inner = Clock.__new__(Clock)
        inner.file, inner.scopes, inner.passed = self.file, [scope for scope in (function.id, "") if scope in self.file.bound], {}
        returned = [part.value for part in ast.walk(found) if isinstance(part, ast.Return) and part.value is not None]
        return any(inner._moving(value, seen) for value in returned)
