"""What stands in for a few functions in the user's source, so that symbols survive them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from workbook_lib.sources.tracing._entries import Expr
from workbook_lib.sources.tracing._symbols import SymbolAny, call, delta, derive, entry_of, plain, settle


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


_QUOTING = ("quote", "quote_plus", "unquote", "unquote_plus")
_PARSING = ("urlparse", "urlsplit", "parse_qs", "parse_qsl")


def hook_addresses(module: Any) -> None:
    """Let symbolic texts pass through `urllib.parse`: quoted they stay symbolic, taken apart they are what is assumed for them."""
    for name in _QUOTING:
        setattr(module, name, _quoted(name, getattr(module, name)))
    for name in _PARSING:
        setattr(module, name, _parsed(name, getattr(module, name)))


def _quoted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def quote(text: Any, *args: Any, **kwargs: Any) -> Any:
        if entry_of(text) is None:
            return real(text, *args, **kwargs)
        expr: Expr = {"kind": "unknown", "source": f"{name}({plain(text)!r})", "reason": "a quoted text of an unknown value"}
        return derive(expr, lambda value: real(str(value), *args, **kwargs), text, fallback="")

    return quote


def _parsed(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def parse(text: Any, *args: Any, **kwargs: Any) -> Any:
        return real(settle(text, f"{name}()") if entry_of(text) is not None else text, *args, **kwargs)

    return parse


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
