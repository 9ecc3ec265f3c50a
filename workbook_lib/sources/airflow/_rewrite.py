"""Expressions inside model values: visiting all of them, and replacing some everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeVar, get_args

from workbook_lib.model import expr as x
from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Expr

T = TypeVar("T")
_EXPRESSIONS: frozenset[type] = frozenset(get_args(get_args(x.Expr)[0]))
_PLAIN = frozenset({bool, dict, float, int, list, str, type(None)})  # holds no expression: most of what a model is made of


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(kind.model_fields) if issubclass(kind, Frozen) else ()


def expressions(value: object) -> Iterator[Expr]:
    """Every expression inside a model value, outermost first."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind: type = type(one)
        if kind in _EXPRESSIONS:
            yield one  # type: ignore[misc]
        parts = one if isinstance(one, tuple) else [getattr(one, name) for name in _fields(kind)]
        waiting += [part for part in reversed(parts) if type(part) not in _PLAIN]


def transform(value: T, change: Callable[[Expr], Expr]) -> T:
    """`value` with `change` applied to every expression inside, innermost first; parts that stay equal are shared."""
    if isinstance(value, tuple):
        items = tuple(transform(item, change) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items  # type: ignore[return-value]
    kind: type = type(value)
    updates = {}
    for name in _fields(kind):
        old = getattr(value, name)
        new = transform(old, change) if type(old) not in _PLAIN else old
        if new is not old:
            updates[name] = new
    result = value.model_copy(update=updates) if updates else value  # type: ignore[attr-defined]
    return change(result) if kind in _EXPRESSIONS else result  # type: ignore[arg-type, return-value]
