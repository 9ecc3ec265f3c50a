"""What a branching task can answer, as far as its code tells."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall


@dataclass(frozen=True)
class Answers:
    """The names that a branch answers with, each time one; `open`: it may be another text, too."""

    names: frozenset[str]
    open: bool = False


def answers(action: object) -> Answers | None:
    """What the code of a branch can answer, one text each time; None where it may be something else."""
    if not isinstance(action, PythonCall):
        return None
    try:
        function = ast.parse(action.function.source).body[0]
    except SyntaxError:
        return None
    given = {name: value for name, value in action.arguments if not _bound_again(function, name)}
    found: set[str] = set()
    is_open = False
    for value in _returned(function):
        one = _text(value, given)
        if one is None:
            return None
        found |= one.names
        is_open = is_open or one.open
    return Answers(frozenset(found), is_open) if found or is_open else None


def _text(value: ast.expr | None, given: dict[str, e.Expr]) -> Answers | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Answers(frozenset({value.value}))
    if isinstance(value, ast.JoinedStr):
        return Answers(frozenset(), open=True)
    if isinstance(value, ast.Name):
        constant = given.get(value.id)
        return _text(ast.Constant(constant.value), given) if isinstance(constant, e.Constant) else None
    if isinstance(value, ast.IfExp):
        first, second = _text(value.body, given), _text(value.orelse, given)
        return Answers(first.names | second.names, first.open or second.open) if first is not None and second is not None else None
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
