"""Expressions inside model values: visiting all of them, and replacing some everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from operator import is_
from typing import Any, Literal, TypeVar, get_args, get_origin

from workbook_lib.model import expr as x
from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Expr

T = TypeVar("T")
_EXPRESSIONS: frozenset[type] = frozenset(get_args(get_args(x.Expr)[0]))
_PLAIN = frozenset({bool, dict, float, int, list, str, type(None)})  # holds no expression: most of what a model is made of


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a model class in which there can be an expression."""
    if not issubclass(kind, Frozen):
        return ()
    return tuple(name for name, field in kind.model_fields.items() if _may_hold(field.annotation, frozenset({kind})))


def _may_hold(annotation: Any, around: frozenset[type]) -> bool:
    """Whether a value of this type can have an expression in it; what is not known can."""
    if isinstance(annotation, type) and annotation in _PLAIN or get_origin(annotation) is Literal or annotation is Ellipsis:
        return False
    if isinstance(annotation, type) and issubclass(annotation, Frozen) and annotation not in _EXPRESSIONS:
        fields = annotation.model_fields.values() if annotation not in around else ()
        return any(_may_hold(field.annotation, around | {annotation}) for field in fields)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return False
    parts = get_args(annotation)
    return not parts or any(_may_hold(part, around) for part in parts)


def expressions(value: object) -> Iterator[Expr]:
    """Every expression inside a model value, outermost first."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind: type = type(one)
        if kind in _EXPRESSIONS:
            yield one  # type: ignore[misc]
        if isinstance(one, tuple):
            waiting += [part for part in reversed(one) if type(part) not in _PLAIN]
        elif names := _fields(kind):
            held = one.__dict__  # quicker than the model's own `__getattr__`
            waiting += [part for name in reversed(names) if type(part := held[name]) not in _PLAIN]


def transform(value: T, change: Callable[[Expr], Expr]) -> T:
    """`value` with `change` applied to every expression inside, innermost first; parts that stay equal are shared."""
    if isinstance(value, tuple):
        items = tuple([item if type(item) in _PLAIN else transform(item, change) for item in value])
        return value if all(map(is_, items, value)) else items  # type: ignore[return-value]
    kind: type = type(value)
    updates = {}
    if names := _fields(kind):
        held = value.__dict__
        for name in names:
            old = held[name]
            new = transform(old, change) if type(old) not in _PLAIN else old
            if new is not old:
                updates[name] = new
    result = value.model_copy(update=updates) if updates else value  # type: ignore[attr-defined]
    return change(result) if kind in _EXPRESSIONS else result  # type: ignore[arg-type, return-value]
