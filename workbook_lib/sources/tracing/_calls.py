"""Calls of Python's own functions with symbols among the arguments: computed with the assumed values, the result stays a symbol.

The user's own functions and the stand-ins are called as they are; so is whatever only passes values on (`_THROUGH`).
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from enum import EnumType
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType, ModuleType
from typing import Any

from workbook_lib.sources.tracing import _symbols as s
from workbook_lib.sources.tracing._entries import STATE, Entry, Expr, decide, used
from workbook_lib.sources.tracing._inert import Inert
from workbook_lib.sources.tracing._shown import shown
from workbook_lib.sources.tracing._symbol_any import SymbolAny
from workbook_lib.sources.tracing._symbol_text import REASON, arguments, method, word

REAL = frozenset({"dateutil", "jinja2", "markupsafe", "packaging", "pendulum", "pytz", "six", "yaml", "_pendulum"})
# Modules whose functions hand values on, look at the stack, or decorate.
_THROUGH = frozenset(
    {"logging", "functools", "itertools", "collections", "contextlib", "dataclasses", "typing", "enum", "copy", "pprint", "warnings"}
)
_THROUGH |= {"operator", "_operator", "abc", "threading", "concurrent", "asyncio", "unittest", "inspect", "types", "importlib", "traceback"}
_THROUGH |= {"_functools", "_collections", "_collections_abc", "_abc", "_thread", "_warnings", "six", "gc", "weakref", "atexit", "signal"}
_BUILTINS = frozenset(
    {"abs", "round", "min", "max", "sum", "len", "ord", "chr", "ascii", "bin", "hex", "oct", "pow", "divmod", "open", "any", "all"}
)
_BUILTINS |= {"int", "float", "bool", "bytes", "complex", "bytearray", "isinstance"}
_CONTAINERS = (list, dict, set, frozenset, tuple, deque)
_COLLECTING = (list, dict)
_LOOKUPS = frozenset({"get", "pop", "setdefault"})
# Functions of the model's own, by module and name.
_MODEL = {("builtins", name): name for name in ("int", "float", "bool", "len", "sum", "min", "max")}
_DECODERS = frozenset({("json", "loads"), ("ast", "literal_eval"), ("yaml", "safe_load"), ("yaml", "load")})
_MODEL |= dict.fromkeys(_DECODERS, "json_loads") | {("json", "dumps"): "json_dumps"}

_EXPECTED = {"int": "a whole number", "float": "a number", "json_loads": "JSON"}

# The clock and chance, by the name of the function: where it is found. None: a method of any class of moments.
_MOVING: dict[str, tuple[str, ...] | None] = dict.fromkeys(("now", "utcnow", "today"))
_MOVING |= {"tomorrow": ("pendulum",), "yesterday": ("pendulum",), "uuid1": ("uuid",), "uuid4": ("uuid",), "urandom": ("posix", "os")}
_MOVING |= dict.fromkeys(("time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime", "ctime"), ("time",))
_MOVING |= dict.fromkeys(("token_hex", "token_urlsafe", "token_bytes"), ("secrets",))
_MOVING |= dict.fromkeys(
    ("random", "randint", "randrange", "randbelow", "uniform", "choice", "choices", "sample", "getrandbits", "gauss", "shuffle"),
    ("random", "secrets"),
)

_C_METHOD = type(re.compile("").match)  # methods that know their class have a type of their own, which `types` does not name
_FOREIGN: dict[str, bool] = {}  # module -> whether its functions compute something, and are not the user's


def callee(function: Any) -> Any:
    """The function that the user's code is about to call, or what takes its place where symbols have to survive it."""
    kind = type(function)
    if kind is BuiltinFunctionType or kind is _C_METHOD:
        return _builtin(function)
    if kind is EnumType:
        return _member(function)
    if kind is FunctionType or kind is MethodType or kind is MethodDescriptorType or isinstance(function, type):
        module = getattr(function, "__module__", None) or getattr(getattr(function, "__objclass__", None), "__module__", None)
        if type(module) is not str:
            return function
        found = _FOREIGN.get(module)
        if found is None:
            found = _FOREIGN[module] = _foreign(module)
        if not found:
            return function
        if module == "builtins" and kind is not MethodDescriptorType and function.__name__ not in _BUILTINS:
            if function is map or function is filter:
                return lambda step, *values: function(callee(step), *values)
            return _collected(function) if function in _COLLECTING else function
        if _moves(function, module):
            return _from_the_clock(function)
        return _lifted(function, module)
    return function


def _member(enumeration: Any) -> Callable[..., Any]:
    """`Colour(value)`: a member is no data, so that the value decides; where an assumed one is none, the first is taken."""

    def member(*args: Any, **kwargs: Any) -> Any:
        entry = s.entry_of(args[0]) if len(args) == 1 and not kwargs else None
        if entry is None:
            return enumeration(*args, **kwargs)
        try:
            return enumeration(decide(entry, "a choice"))
        except ValueError:
            if entry.known or not len(enumeration):
                raise
            return next(iter(enumeration))

    return member


def _foreign(module: str) -> bool:
    top = module.partition(".")[0]
    if top in _THROUGH or top not in REAL and top not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return not (file and STATE.is_user_file(file))  # a file of the user's may bear the name of a module


def _builtin(function: Any) -> Any:
    owner = function.__self__
    if owner is None or isinstance(owner, ModuleType):
        module = owner.__name__ if owner is not None else "builtins"
        if module == "builtins":
            name = function.__name__
            return _lifted(function, module) if name in _BUILTINS else _collected(function) if function is sorted else function
        if _moves(function, module):
            return _from_the_clock(function)
        top = module.partition(".")[0]
        return function if top in _THROUGH or module == "sys" else _lifted(function, module)
    name = function.__name__
    if isinstance(owner, _CONTAINERS):
        return _lookup(owner, name, function) if name in _LOOKUPS and isinstance(owner, dict) else function
    if isinstance(owner, str):
        return _of_text(owner, name, function)
    cls = owner if isinstance(owner, type) else type(owner)
    if isinstance(owner, type) and issubclass(owner, _CONTAINERS):
        return function
    if name in _MOVING and _moves(function, cls.__module__):
        return _from_the_clock(function)
    return _lifted(function, cls.__module__) if _foreign(cls.__module__) else function


def _moves(function: Any, module: str) -> bool:
    name = getattr(function, "__name__", "")
    if name not in _MOVING:
        return False
    owner = getattr(function, "__self__", None)
    places = _MOVING[name]
    if places is None:
        return isinstance(owner, type) or module.partition(".")[0] in ("pendulum", "datetime")
    if isinstance(owner, random.Random) and owner is not getattr(random, "_inst", None) and not isinstance(owner, random.SystemRandom):
        return False  # a generator of the user's own, with a seed
    return module.partition(".")[0] in places


def moving(value: Any) -> Any:
    """A value that is taken from the clock or at random: exact for this reading only."""
    return s.make(Entry(s.to_expr(value), value, True, (), True))


def _from_the_clock(function: Any) -> Callable[..., Any]:
    def read(*args: Any, **kwargs: Any) -> Any:
        found = function(*s.value_of(args), **s.value_of(kwargs))
        if found is None:
            decide(Entry({}, None, True, (), True), "an order")
            return None
        if not s.is_data(found) and not isinstance(found, tuple) and type(found).__module__ != "uuid":
            decide(Entry({}, None, True, (), True), "a choice")  # of an operator, a function or the like
            return found
        return moving(found)

    return read


def _collected(function: Any) -> Callable[..., Any]:
    """`list(x)`, `dict(x)` or `sorted(x)` of a single symbol: the model has a function for it."""

    def collected(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and type(args[0]) is SymbolAny:
            return s.call(function.__name__, function, args[0], fallback=s.value_of(args[0]))
        return function(*args, **kwargs)

    return collected


def _lifted(function: Any, module: str) -> Callable[..., Any]:
    def lifted(*args: Any, **kwargs: Any) -> Any:
        if not s.has_symbol(args) and (not kwargs or not s.has_symbol(kwargs.values())):
            try:
                return function(*args, **kwargs)
            except (TypeError, ValueError, AttributeError):
                if not _holds_inert([args, kwargs]):
                    raise
                return Inert(f"{_qualified(function, module)}({arguments(args, kwargs)})")
        return lift(function, module, args, kwargs)

    return lifted


def _holds_inert(value: Any, depth: int = 0) -> bool:
    """Whether something of an inert package is in it: no wonder that a real function refuses it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple, set)) and depth < 20:
        return any(_holds_inert(item, depth + 1) for item in value)
    return isinstance(value, Inert)


def lift(function: Any, module: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A symbol for `function(...)` with symbols among the arguments."""
    name = function.__name__
    if name == "isinstance" and module == "builtins":
        return _is_instance(*args)
    if name == "join" and module == "posixpath":
        return _path(function, args)
    if isinstance(function, MethodType) and s.entry_of(function.__self__) is None and module not in REAL:
        source = f"{_object(function.__self__)}.{name}({arguments(args, kwargs)})"
    else:
        source = f"{_qualified(function, module)}({arguments(args, kwargs)})"
    expr: Expr = {"kind": "unknown", "source": source, "reason": REASON}
    model = _MODEL.get((_public(module), name))
    entry = s.entry_of(args[0]) if args else None
    if entry is not None and model in _EXPECTED:
        used(entry.inputs, _EXPECTED[model])
    if isinstance(function, type) and issubclass(function, PurePath) and not kwargs:
        expr = s.to_expr(_path(os.path.join, args))
    elif model is not None and (not kwargs or name == "load") and args:
        expr = {"kind": "call", "function": model, "args": list(map(s.to_expr, args if name != "load" else args[:1]))}
        if model == "json_loads" and expr["args"][0].get("kind") == "variable":
            expr = {**expr["args"][0], "json_value": True}
    return s.derive(expr, lambda a, k: function(*a, **k), args, kwargs, fallback=_assumed(function, _public(module), args, kwargs))


def _public(module: str) -> str:
    return {"json.decoder": "json", "posixpath": "os.path"}.get(module, module)


def _qualified(function: Any, module: str) -> str:
    name = getattr(function, "__qualname__", function.__name__)
    return name if module in ("builtins", "datetime") else f"{_public(module)}.{name}"


def _object(owner: Any) -> str:
    return shown(s.to_expr(owner)) if s.is_data(owner) else type(owner).__name__


def _assumed(function: Any, module: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a call may give where it refuses the assumed values."""
    if (module, function.__name__) in _DECODERS:
        return [s.value_of(args[0])]  # a collection with one element
    if function in (int, float):
        return 1
    if isinstance(function, type) and issubclass(function, timedelta):
        return function(*map(_number, args), **{name: _number(value) for name, value in kwargs.items()})
    return None


def _number(value: Any) -> Any:
    value = s.value_of(value)
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return 1


def _is_instance(value: Any, kinds: Any) -> bool:
    entry = s.entry_of(value)
    if entry is None:
        return isinstance(value, kinds)
    certain = isinstance(entry.value, str) and type(value) is not SymbolAny and entry.expr.get("kind") != "index"
    return isinstance(entry.value if certain else decide(entry, "the type of a value"), kinds)


def _path(function: Any, args: tuple[Any, ...]) -> Any:
    """`os.path.join`: a text with slashes, unless a later part starts over."""
    values = [s.value_of(part) for part in args]
    if not all(isinstance(part, str) for part in values) or any(part.startswith("/") for part in values[1:]):
        expr: Expr = {"kind": "unknown", "source": f"os.path.join({arguments(args, {})})", "reason": REASON}
        return s.derive(expr, function, *args, fallback="")
    marked = ""
    for part in args:
        ends = not marked or s.plain(marked).endswith("/")
        marked += word(part) if ends else "/" + word(part)
    return s.text(marked)


def _of_text(owner: str, name: str, function: Any) -> Any:
    """A method of a text of the user's."""
    if name == "join":
        return lambda items: _join(owner, function, items)
    if name in ("format", "format_map"):
        return lambda *args, **kwargs: s.text(function(*args, **kwargs))

    def called(*args: Any, **kwargs: Any) -> Any:
        return method(owner, name, args, kwargs) if s.has_symbol(args) or s.has_symbol(kwargs.values()) else function(*args, **kwargs)

    return called


def _join(separator: str, function: Any, items: Any) -> Any:
    if type(items) is SymbolAny:
        expr: Expr = {"kind": "call", "function": "join", "args": [s.to_expr(separator), s.to_expr(items)]}
        return s.derive(expr, lambda values: separator.join(values), items, fallback=s.plain(str(items)))
    return s.text(function([word(part) if s.entry_of(part) is not None else part for part in items]))


def _lookup(owner: dict[Any, Any], name: str, function: Any) -> Any:
    """`table.get(key, default)`: an entry of a table by a symbolic key stays symbolic where the table holds data alone."""

    def called(key: Any, *default: Any) -> Any:
        entry = s.entry_of(key)
        if entry is None:
            return function(key, *default)
        other = default[0] if default else None
        if name != "get" or not s.is_data([*owner.values(), other]):
            return function(decide(entry, "a lookup"), *default)
        parts = s.to_expr(owner), s.to_expr(key)
        expr: Expr = {
            "kind": "conditional",
            "test": {"kind": "operation", "operator": "in", "operands": [parts[1], parts[0]]},
            "then": {"kind": "index", "base": parts[0], "key": parts[1]},
            "otherwise": s.to_expr(other),
        }
        return s.derive(expr, lambda table, k, d: table.get(k, d), owner, key, other)

    return called
