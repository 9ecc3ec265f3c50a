"""Values that a piece of source surely has: literals, and what is plainly computed from literals."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any


class NotStatic(Exception):
    """The value is only known when the code runs."""


def evaluate(node: ast.expr, lookup: Callable[[str], ast.expr | None], names: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """The value of `node`; `lookup` gives the expression that a module-level name is bound to. NotStatic when it is not plain."""
    names = names or {}
    if depth > 20:
        raise NotStatic

    def inner(part: ast.expr) -> Any:
        return evaluate(part, lookup, names, depth + 1)

    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set) and not any(isinstance(item, ast.Starred) for item in node.elts):
        items = [inner(item) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.Dict) and all(key is not None for key in node.keys):
        return {inner(key): inner(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}
    if isinstance(node, ast.Name):
        if node.id in names:
            return names[node.id]
        found = lookup(node.id)
        if found is None:
            raise NotStatic
        return evaluate(found, lookup, {}, depth + 1)
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(part, inner) for part in node.values)
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        return _comprehension(node, lookup, names, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
        left, right = inner(node.left), inner(node.right)
        if isinstance(node.op, ast.Add) and type(left) is type(right) and isinstance(left, str | int | float | list):
            return left + right
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left * right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and not node.keywords:
        bounds = [inner(arg) for arg in node.args]
        if 1 <= len(bounds) <= 3 and all(isinstance(bound, int) for bound in bounds) and len(range(*bounds)) <= 1000:
            return list(range(*bounds))
    raise NotStatic


def _piece(part: ast.expr, inner: Callable[[ast.expr], Any]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None:
        value = inner(part.value)
        if isinstance(value, str | int):
            return str(value)
    raise NotStatic


def _comprehension(node: ast.ListComp, lookup: Callable[[str], ast.expr | None], names: dict[str, Any], depth: int) -> list[Any]:
    loop = node.generators[0]
    if loop.ifs or loop.is_async or not isinstance(loop.target, ast.Name):
        raise NotStatic
    over = evaluate(loop.iter, lookup, names, depth + 1)
    if not isinstance(over, list | tuple | dict | str) or len(over) > 1000:
        raise NotStatic
    return [evaluate(node.elt, lookup, names | {loop.target.id: value}, depth + 1) for value in over]
