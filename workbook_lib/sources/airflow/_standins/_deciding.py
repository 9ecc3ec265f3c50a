"""Whether a schedule hangs on a condition that nobody knows: through `if` and `match`, functions, other modules and attributes.

A value that is computed from an unknown one is symbolic and needs none of this. Here it is about statements: an assumed value made the
reading take one arm (`STATE.decisions`), and what was assigned, returned or built there would have been another in the other arm.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from workbook_lib.sources.tracing._entries import STATE, Decision
from workbook_lib.sources.tracing._stack import SOURCES, call_at

ARGUMENTS = ("schedule", "schedule_interval", "timetable")
_KEYS = frozenset(f"[{name}]" for name in ARGUMENTS)
_WORDS = "a list of keyword arguments"
_Arms = list[list[ast.stmt]]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LOOKED_AT = (
    ast.If, ast.While, ast.Match, ast.Assign, ast.AnnAssign, ast.Return, ast.IfExp, ast.Import, ast.ImportFrom, ast.FunctionDef,
    ast.AsyncFunctionDef,
)  # fmt: skip


def decision_for(dag: Any) -> Decision | None:
    """The decision on an assumed value that the schedule of a DAG hangs on."""
    open_ones = [one for one in STATE.decisions if not one.moving and one.file in SOURCES]
    return _Search(dag, open_ones).run() if open_ones else None


def _within(node: ast.AST, line: int) -> bool:
    return bool(node.lineno <= line <= (node.end_lineno or node.lineno))  # type: ignore[attr-defined]


@lru_cache(maxsize=64)
def _nodes(file: str) -> tuple[ast.AST, ...]:
    """What is looked at of a file, in the order of `ast.walk`: a file that makes many DAGs is walked once."""
    return tuple(node for node in ast.walk(SOURCES[file][1]) if isinstance(node, _LOOKED_AT))


@lru_cache(maxsize=1024)
def _governed(file: str, line: int) -> tuple[tuple[_Arms, ast.stmt | ast.expr], ...]:
    """The arms of the statements of which a condition stands on a line."""
    return tuple(_governing(file, line))


def _governing(file: str, line: int) -> Iterator[tuple[_Arms, ast.stmt | ast.expr]]:
    for node in _nodes(file):
        if isinstance(node, (ast.If, ast.While)) and _within(node.test, line):
            yield [node.body, node.orelse], node
        elif isinstance(node, ast.Match) and (node.subject.lineno == line or any(_within(case.pattern, line) for case in node.cases)):
            yield [case.body for case in node.cases], node
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) and _within(node, line) and _chooses(node.value):
            yield [[node]], node
        elif isinstance(node, ast.IfExp) and _within(node.test, line):
            yield [[ast.copy_location(ast.Expr(part), part)] for part in (node.body, node.orelse)], node


def _chooses(value: ast.expr | None) -> bool:
    choices = (ast.IfExp, ast.BoolOp, ast.Subscript)
    return value is not None and any(isinstance(node, choices) for node in ast.walk(value))


@lru_cache(maxsize=64)
def _functions(file: str) -> list[_Function]:
    return [node for node in _nodes(file) if isinstance(node, _Function)]


def _stored(statements: list[ast.stmt]) -> Iterator[str]:
    """Names and attributes that are assigned; `[key]` for an entry of a dict under that key."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.attr
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                if isinstance(node.slice, ast.Constant):
                    yield f"[{node.slice.value!s}]"
                elif isinstance(node.value, ast.Name):
                    yield node.value.id
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "setdefault"):
                yield from (f"[{word.arg}]" for word in node.keywords)
                yield from (f"[{key.value!s}]" for arg in node.args for key in getattr(arg, "keys", []) if isinstance(key, ast.Constant))


class _Search:
    """Looks from a DAG's schedule back to what was decided; `hanging`: file and name -> the decision that its value hangs on."""

    def __init__(self, dag: Any, decisions: list[Decision]) -> None:
        self.dag, self.decisions = dag, decisions
        self.spots = [(spot.file, spot.code.co_name, spot.position()) for spot in dag._trail.spots]
        self.hanging: dict[tuple[str, str], Decision] = {}
        self.arms: list[tuple[str, _Arms, Decision]] = []
        self.seen: set[tuple[str, str]] = set()
        places: dict[tuple[str, int], Decision] = {}  # of the decisions of one place, the first counts
        for decision in decisions:
            places.setdefault((decision.file or "", decision.line or 0), decision)
        for (file, line), decision in places.items():
            for arms, node in _governed(file, line):
                self.arms.append((file, arms, decision))
                inside = [statement for arm in arms for statement in arm]
                for name in _stored(inside):
                    self.hanging.setdefault((file, name), decision)
                if any(isinstance(part, ast.Return) for statement in inside for part in ast.walk(statement)):
                    for function in _functions(file):
                        if _within(function, node.lineno):
                            self.hanging.setdefault((file, function.name), decision)

    def run(self) -> Decision | None:
        """The decision, if there is one."""
        return self._built() or self._assigned() or self._given()

    def _built(self) -> Decision | None:
        """The DAG was built in one arm, and the other arm builds one as well."""
        for file, _, (line, *_) in self.spots:
            for where, arms, decision in self.arms:
                if where == file and len(arms) > 1:
                    mine = [arm for arm in arms if any(_within(statement, line) for statement in arm)]
                    others = [arm for arm in arms if arm not in mine] or mine[1:]  # all on one line
                    if mine and any(_calls(mine[0], line) & _calls(other) for other in others):
                        return decision
        return None

    def _assigned(self) -> Decision | None:
        """`dag.schedule = ...` in an arm."""
        for name in ARGUMENTS:
            trail = self.dag.__dict__.get("_sets", {}).get(name)
            for spot in trail.spots[:1] if trail is not None else ():
                for file, arms, decision in self.arms:
                    if file == spot.file and any(_within(statement, spot.position()[0]) for arm in arms for statement in arm):
                        return decision
        return None

    def _given(self) -> Decision | None:
        """What the schedule was given as."""
        found = call_at(self.dag.place)
        if found is None:
            return None
        file = self.dag.place[0]
        named = [word.value for word in found[0].keywords if word.arg in ARGUMENTS] or found[0].args[2:3]
        for node in named:
            decision = self._of(file, node)
            if decision is not None:
                return decision
        for word in found[0].keywords if not named else ():
            if word.arg is None:
                whole = next(
                    (one for one in self.decisions if one.what == _WORDS and one.file == file and _within(found[0], one.line or 0)), None
                )
                if whole is not None:
                    return whole
                by_key = next((one for (_, name), one in self.hanging.items() if name in _KEYS), None)
                return by_key or self._of(file, word.value)
        return None

    def _of(self, file: str, node: ast.AST) -> Decision | None:
        for part in ast.walk(node):
            name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else None
            if name is not None:
                found = self._named(file, name, isinstance(part, ast.Attribute))
                if found is not None:
                    return found
        return None

    def _named(self, file: str, name: str, attribute: bool = False) -> Decision | None:
        if (file, name) in self.seen:
            return None
        self.seen.add((file, name))
        if (file, name) in self.hanging:
            return self.hanging[file, name]
        for node in _nodes(file):
            found = None
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any((getattr(one, "id", None) or getattr(one, "attr", None)) == name for one in targets):
                    found = self._of(file, node.value)
            elif isinstance(node, ast.ImportFrom):
                original = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), None)
                found = self._imported(node.module or "", original, name) if original or attribute else None
            elif isinstance(node, ast.Import) and attribute:
                found = next(filter(None, (self._imported(alias.name, None, name) for alias in node.names)), None)
            elif isinstance(node, ast.FunctionDef) and node.name == name:
                returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
                found = next(filter(None, (self._of(file, value) for value in returned)), None)
            if found is not None:
                return found
        return self._passed(file, name)

    def _imported(self, module: str, original: str | None, name: str) -> Decision | None:
        """A name of another file of the user's: `original`, or as an attribute of what is imported `name`."""
        ends = [f"/{module.replace('.', '/')}.py", f"/{module.replace('.', '/')}/__init__.py"] if module else []
        ends += [f"/{original}.py"] if original else []
        for file in SOURCES:
            if file.endswith(tuple(ends)):
                for one in (original, name):
                    found = self._named(file, one) if one else None
                    if found is not None:
                        return found
        return None

    def _passed(self, file: str, name: str) -> Decision | None:
        """What a parameter of a function that led to the DAG was given."""
        for number, (inner, function_name, _) in enumerate(self.spots):
            function = next((one for one in _functions(inner) if one.name == function_name), None) if inner == file else None
            names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)] if function else []
            if name in names and number + 1 < len(self.spots):
                outer, _, (*_, line, column) = self.spots[number + 1]
                found = call_at((outer, line, column))
                for word, value in _by_name(found[0], names) if found is not None else ():
                    if word == name:
                        decision = self._of(outer, value)
                        if decision is not None:
                            return decision
        return None


def _by_name(call: ast.Call, names: list[str]) -> list[tuple[str, ast.expr]]:
    return [*zip(names, call.args, strict=False), *((word.arg, word.value) for word in call.keywords if word.arg)]


def _calls(statements: list[ast.stmt], line: int | None = None) -> set[str]:
    """The last names of what is called, of all calls or of those that span a line; `@dag` counts as `DAG`."""
    found = set()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and (line is None or _within(node, line)):
                found.add(re.sub(r"^.*\.", "", ast.unparse(node.func)))
    return found - {"print", "append", "get", "format", "join"}


def arms_of(decision: Decision) -> list[str]:
    """What the statements that hang on a decision assign or return, where it is literally there."""
    texts = []
    for arms, node in _governed(decision.file or "", decision.line or 0):
        if isinstance(node, (ast.If, ast.Match)):
            for statement in (one for arm in arms for one in arm):
                if isinstance(statement, (ast.Assign, ast.Return)) and isinstance(statement.value, ast.Constant):
                    texts.append(repr(statement.value.value))
    return list(dict.fromkeys(texts))
