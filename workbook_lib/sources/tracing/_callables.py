"""What a live callable carries along beside its code: values from around it, defaults, a partial's arguments, the object it is bound to.

Only data is told, as expressions and of limited length; code that is reached through them stays out.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from workbook_lib.sources.tracing._entries import STATE, Expr

ToExpr = Callable[[Any, int], Expr]
_LONGEST = 4000  # a table of the module that is longer is no value to hand over
_DATA = (str, int, float, bool, type(None), list, tuple, dict, set, frozenset)


def details(value: Any, to_expr: ToExpr, depth: int) -> dict[str, Any]:
    """The further fields of `model.expr.Callable` for a function, a method or an object with `__call__`; empty ones are left out."""
    function = value.__func__ if isinstance(value, types.MethodType) else value
    found: dict[str, Any] = {"named": _named(value), "state": _state(value, to_expr, depth)}
    if isinstance(function, types.FunctionType) and STATE.is_user_file(function.__code__.co_filename):
        found["values"] = _around(function, to_expr, depth)
        found["defaults"] = _defaults(function, to_expr, depth)
        found["column"] = _column(function.__code__) if function.__code__.co_name == "<lambda>" else None
    wrapped = getattr(value, "__wrapped__", None)
    if wrapped is not None and isinstance(value, types.FunctionType) and depth < 5:
        found["wraps"] = to_expr(wrapped, depth + 1)
    if found["named"] or _is_public(value):
        found["signature"] = _signature(value)
    return {name: part for name, part in found.items() if part is not None and part != []}


def of_partial(value: functools.partial[Any], to_expr: ToExpr, depth: int) -> Expr:
    """`functools.partial(f, ...)`: f with arguments bound in front; what `f` itself is, where that is no function of the user's."""
    inner = to_expr(value.func, depth + 1)
    if inner["kind"] != "callable":
        return inner
    args = [to_expr(item, depth + 1) for item in value.args]
    kwargs = [[str(name), to_expr(item, depth + 1)] for name, item in value.keywords.items()]
    return {**inner, "args": args, "kwargs": kwargs}


def calls(value: Any) -> bool:
    """Whether a value is an object of the user's own class that can be called."""
    call = _call(value)
    return isinstance(call, types.FunctionType) and STATE.is_user_file(call.__code__.co_filename)


def _call(value: Any) -> Any:
    """The `__call__` of an object's class, a function where it is written in Python."""
    return next((kind.__dict__["__call__"] for kind in type(value).__mro__ if "__call__" in kind.__dict__), None)


def _around(function: types.FunctionType, to_expr: ToExpr, depth: int) -> list[list[Any]]:
    code = function.__code__
    found: list[list[Any]] = []
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        found += _pair(name, value, to_expr, depth)
    for name in sorted(_names(code)):
        if name in function.__globals__ and isinstance(function.__globals__[name], _DATA) and not name.startswith("__"):
            found += _pair(name, function.__globals__[name], to_expr, depth)
    return found


def _pair(name: str, value: Any, to_expr: ToExpr, depth: int) -> list[list[Any]]:
    if depth > 3:
        return []
    expr = to_expr(value, depth + 1)
    return [[name, expr]] if len(repr(expr)) <= _LONGEST else []


def _names(code: types.CodeType) -> set[str]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*(_names(one) for one in inner))


def _defaults(function: types.FunctionType, to_expr: ToExpr, depth: int) -> list[list[Any]]:
    code, values = function.__code__, function.__defaults__ or ()
    names: Iterable[str] = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    pairs = [*zip(names, values, strict=True), *(function.__kwdefaults__ or {}).items()]
    return [pair for name, value in pairs for pair in _pair(name, value, to_expr, depth)]


def _state(value: Any, to_expr: ToExpr, depth: int) -> list[list[Any]] | None:
    """The attributes of the object that a method is bound to, or that is called itself."""
    owner = value.__self__ if isinstance(value, types.MethodType) else None if isinstance(value, types.FunctionType | type) else value
    if owner is None or isinstance(owner, type | types.ModuleType) or isinstance(value, types.BuiltinFunctionType):
        return None
    attributes = getattr(owner, "__dict__", None)
    if not isinstance(attributes, dict):
        return None
    return [pair for name, item in attributes.items() for pair in _pair(str(name), item, to_expr, depth)]


def _named(value: Any) -> str | None:
    """The name under which its module holds this very object, or the object that it is a method of."""
    owner, rest = (value.__self__, f".{value.__name__}") if isinstance(value, types.MethodType) else (value, "")
    if isinstance(owner, type):
        return None if "." in owner.__qualname__ else f"{owner.__qualname__}{rest}"
    inner = getattr(owner, "__wrapped__", owner)
    module = getattr(inner, "__globals__", None)
    if module is None:
        module = getattr(value.__func__ if rest else _call(owner), "__globals__", None)
    if not isinstance(module, dict):
        return None
    return next((name + rest for name, held in list(module.items()) if held is owner and name.isidentifier()), None)


def _is_public(value: Any) -> bool:
    """Whether a module holds the value under its own name, so that importing it gives the same."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return module is not None and getattr(module, getattr(value, "__qualname__", ""), None) is value


def _signature(value: Any) -> list[str] | None:
    """The parameters as Python writes them, defaults as `...`; None where Python does not know them."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (ValueError, TypeError):
        return None
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return [str(one if one.default is one.empty else one.replace(default=...)).replace("Ellipsis", "...") for one in plain]


def _column(code: types.CodeType) -> int | None:
    """Where a lambda's body begins in its first line, from 0 in UTF-8 bytes."""
    columns = [start for line, _, start, _ in code.co_positions() if line == code.co_firstlineno and start is not None]
    return min((column for column in columns if column), default=None)
