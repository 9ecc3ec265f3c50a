"""Expressions inside model values: visiting all of them, and replacing some everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar, get_args

from workbook_lib.model import expr as x
from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Expr

T = TypeVar("T")
_EXPRESSIONS: tuple[type, ...] = get_args(get_args(x.Expr)[0])


def expressions(value: object) -> Iterator[Expr]:
    """Every expression inside a model value, outermost first."""
    if isinstance(value, _EXPRESSIONS):
        yield value  # type: ignore[misc]
    if isinstance(value, Frozen):
        for name in type(value).model_fields:
            yield from expressions(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from expressions(item)


def transform(value: T, change: Callable[[Expr], Expr]) -> T:
    """`value` with `change` applied to every expression inside, innermost first; parts that stay equal are shared."""
    if isinstance(value, tuple):
        items = tuple(transform(item, change) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items  # type: ignore[return-value]
    if not isinstance(value, Frozen):
        return value
    updates = {}
    for name in type(value).model_fields:
        old = getattr(value, name)
        new = transform(old, change) if isinstance(old, Frozen | tuple) else old
        if new is not old:
            updates[name] = new
    result = value.model_copy(update=updates) if updates else value
    return change(result) if isinstance(result, _EXPRESSIONS) else result  # type: ignore[arg-type, return-value]
