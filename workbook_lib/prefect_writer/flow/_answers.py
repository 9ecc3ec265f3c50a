"""What a branching task can answer, as far as its code tells."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall


@dataclass(frozen=True)
class Answers:
    """The names that a branch answers with, each time one; `open`: it may be another text, too.

    `listed`: always a list of one name. `nothing`: it may also be an empty list.
    """

    names: frozenset[str]
    open: bool = False
    listed: bool = False
    nothing: bool = False


def answers(action: object) -> Answers | None:
    """What the code of a branch can answer, one name each time; None where it may be something else."""
    if not isinstance(action, PythonCall):
        return None
    try:
        function = ast.parse(action.function.source).body[0]
    except SyntaxError:
        return None
    given = {name: value for name, value in action.arguments if not _bound_again(function, name)}
    found = _any_of([_answer(value, given) for value in _returned(function)])
    return found if found is not None and (found.names or found.open) else None


def _any_of(several: list[Answers | None]) -> Answers | None:
    """One of several; None where one is not known, or some are texts and others lists."""
    known = [one for one in several if one is not None]
    kinds = {one.listed or one.nothing for one in known}
    if len(known) < len(several) or len(kinds) != 1:
        return None
    names = frozenset[str]().union(*(one.names for one in known))
    return Answers(names, any(one.open for one in known), kinds == {True}, any(one.nothing for one in known))


def _answer(value: ast.expr | None, given: dict[str, e.Expr]) -> Answers | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Answers(frozenset({value.value}))
    if isinstance(value, ast.JoinedStr):
        return Answers(frozenset(), open=True)
    if isinstance(value, ast.Name):
        constant = given.get(value.id)
        return _constant(constant.value) if isinstance(constant, e.Constant) else None
    if isinstance(value, ast.List) and all(isinstance(item, ast.Constant) for item in value.elts):
        return _constant(ast.literal_eval(value))
    if isinstance(value, ast.IfExp):
        return _any_of([_answer(value.body, given), _answer(value.orelse, given)])
    return None


def _constant(value: object) -> Answers | None:
    if isinstance(value, str):
        return Answers(frozenset({value}))
    if isinstance(value, list) and len(value) < 2 and all(isinstance(item, str) for item in value):
        return Answers(frozenset(value), listed=True, nothing=not value)
    return None


def _returned(function: ast.AST) -> list[ast.expr | None]:
    """What a function returns; None for its end, where that may be reached."""
    found: list[ast.expr | None] = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if isinstance(function, ast.FunctionDef) and _ends(function.body):
        found.append(None)
    return found


def _ends(body: list[ast.stmt]) -> bool:
    """Whether a block's end may be reached; True where that is not plain."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return False
    if isinstance(last, ast.If):
        return not last.orelse or _ends(last.body) or _ends(last.orelse)
    return not isinstance(last, ast.With) or _ends(last.body)


def _bound_again(function: ast.AST, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load) for node in ast.walk(function))
