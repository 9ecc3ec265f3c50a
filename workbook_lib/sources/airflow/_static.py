"""Values that a piece of source surely has: literals, and what is plainly computed from literals."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any


class NotStatic(Exception):
    """The value is only known when the code runs."""


_STEPS = 20_000  # the source is anybody's: what takes longer is not worked out
_LENGTH = 1000


def evaluate(node: ast.expr, lookup: Callable[[str], ast.expr | None]) -> Any:
    """The value of `node`; `lookup` gives the expression that a module-level name is bound to. NotStatic when it is not plain."""
    return _evaluate(node, lookup, {}, 0, [_STEPS])


def _evaluate(node: ast.expr, lookup: Callable[[str], ast.expr | None], names: dict[str, Any], depth: int, left_over: list[int]) -> Any:
    left_over[0] -= 1
    if depth > 20 or left_over[0] < 0:
        raise NotStatic

    def inner(part: ast.expr) -> Any:
        return _evaluate(part, lookup, names, depth + 1, left_over)

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
        return _evaluate(found, lookup, {}, depth + 1, left_over)
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(part, inner) for part in node.values)
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        return _comprehension(node, lambda part, more: _evaluate(part, lookup, names | more, depth + 1, left_over))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
        left, right = inner(node.left), inner(node.right)
        if isinstance(node.op, ast.Add) and type(left) is type(right) and isinstance(left, str | int | float | list):
            return left + right
        if isinstance(node.op, ast.Mult) and all(isinstance(factor, int | float) and abs(factor) < 1 << 40 for factor in (left, right)):
            return left * right
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = inner(node.operand)
        if isinstance(number, int | float):
            return -number
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and not node.keywords:
        return short_range([inner(arg) for arg in node.args], _LENGTH)
    if isinstance(node, ast.Call) and not node.keywords and not any(isinstance(arg, ast.Starred) for arg in node.args):
        return _called(node.func, inner, [inner(arg) for arg in node.args])
    if isinstance(node, ast.Subscript):
        return _entry(inner(node.value), inner(node.slice))
    raise NotStatic


_BUILTINS: dict[str, Callable[..., Any]] = {"list": list, "tuple": tuple, "sorted": sorted, "str": str, "len": len, "dict": dict}
_OF_TEXTS = frozenset({"lower", "upper", "strip", "split", "removeprefix", "removesuffix", "title", "capitalize"})
_OF_DICTS = frozenset({"keys", "values", "items"})


def _called(function: ast.expr, inner: Callable[[ast.expr], Any], args: list[Any]) -> Any:
    """A function or method that gives the same in every run; nothing that makes long texts of short ones."""
    make: Callable[..., Any]
    if isinstance(function, ast.Name) and function.id in _BUILTINS and len(args) == 1:
        make = _BUILTINS[function.id]
    elif isinstance(function, ast.Attribute):
        owner = inner(function.value)
        plain = isinstance(owner, str) and function.attr in _OF_TEXTS and all(isinstance(arg, str) for arg in args)
        joins = isinstance(owner, str) and function.attr == "join" and [*map(type, args)] in ([list], [tuple])
        if isinstance(owner, dict) and function.attr in _OF_DICTS and not args:
            return list(getattr(owner, function.attr)())
        if not plain and not joins:
            raise NotStatic
        make = getattr(owner, function.attr)
    else:
        raise NotStatic
    try:
        return make(*args)
    except (TypeError, ValueError):
        raise NotStatic from None


def _entry(base: Any, key: Any) -> Any:
    """`base[key]`."""
    if not isinstance(base, str | list | tuple | dict) or not isinstance(key, str | int):
        raise NotStatic
    try:
        return base[key]  # type: ignore[index]
    except (LookupError, TypeError):
        raise NotStatic from None


def short_range(bounds: list[Any], most: int) -> list[int]:
    """The numbers of `range(*bounds)`; NotStatic when these are no numbers or too many."""
    if not 1 <= len(bounds) <= 3 or not all(isinstance(bound, int) and abs(bound) < 1 << 40 for bound in bounds) or bounds[2:] == [0]:
        raise NotStatic
    numbers = range(*bounds)
    if len(numbers) > most:
        raise NotStatic
    return list(numbers)


def _piece(part: ast.expr, inner: Callable[[ast.expr], Any]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None:
        value = inner(part.value)
        if isinstance(value, str | int):
            return str(value)
    raise NotStatic


def _comprehension(node: ast.ListComp, inner: Callable[[ast.expr, dict[str, Any]], Any]) -> list[Any]:
    loop = node.generators[0]
    names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    targets = [name.id for name in names if isinstance(name, ast.Name)]
    if loop.ifs or loop.is_async or len(targets) < len(names):
        raise NotStatic
    over = inner(loop.iter, {})
    if not isinstance(over, list | tuple | dict | str) or len(over) > _LENGTH:
        raise NotStatic
    if not isinstance(loop.target, ast.Tuple):
        return [inner(node.elt, {targets[0]: value}) for value in over]
    if not all(isinstance(value, list | tuple) and len(value) == len(targets) for value in over):
        raise NotStatic
    return [inner(node.elt, dict(zip(targets, value, strict=True))) for value in over]
