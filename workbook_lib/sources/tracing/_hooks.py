"""What stands in for a few functions in the user's source, so that symbols survive them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from workbook_lib.sources.tracing._entries import Expr
from workbook_lib.sources.tracing._symbols import SymbolAny, call, delta, derive, entry_of


def hooked_call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Stands in for calls of `int`, `float`, `timedelta` in the user's source, so that symbols survive them."""
    if not any(entry_of(value) is not None for value in (*args, *kwargs.values())):
        return function(*args, **kwargs)
    if function is int or function is float:
        return call(function.__name__, function, *args, fallback=1)
    if isinstance(function, type) and issubclass(function, timedelta):
        names = list(kwargs)
        return delta(
            lambda *values: function(
                *(_number(v) for v in values[: len(args)]), **dict(zip(names, map(_number, values[len(args) :]), strict=True))
            ),
            *args,
            *kwargs.values(),
        )
    return function(*args, **kwargs)


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return 1


def hooked_decode(real: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for `json.loads`, `literal_eval`, `yaml.safe_load`: a symbolic text becomes symbolic data."""

    def decode(source: Any, *args: Any, **kwargs: Any) -> Any:
        entry = entry_of(source) if isinstance(source, (str, SymbolAny)) else None
        if entry is None:
            return real(source, *args, **kwargs)
        expr: Expr = {"kind": "call", "function": "json_loads", "args": [entry.expr]}
        if entry.expr.get("kind") == "variable":
            expr = {**entry.expr, "json_value": True}
        return derive(expr, lambda value: real(value, *args, **kwargs), source, fallback=None)

    return decode
