"""Symbolic values that are not (only) texts: decoded JSON, numbers, lists, moments, paths. See `_symbols.py`."""

from __future__ import annotations

import copy
import math
import operator as op
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from workbook_lib.sources.tracing import _symbols as s
from workbook_lib.sources.tracing._entries import Entry, Expr, constant, decide, used
from workbook_lib.sources.tracing._shown import shown
from workbook_lib.sources.tracing._symbol_text import (
    REASON,
    SymbolText,
    add_comparisons,
    arguments,
    bounds,
    elements,
    formatted,
    method,
    percent,
    word,
)

_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "clear", "sort", "reverse", "update", "pop", "popitem", "setdefault", "add", "discard"}
)
_TOLD = frozenset({"append", "extend", "update", "setdefault"})  # names that no other kind of value has


class SymbolAny:
    """A symbolic value that is not (only) a text: decoded JSON, a number, a list, a moment, a path."""

    __slots__ = ("_workbook_entry",)
    _workbook_entry: Entry

    def __init__(self, entry: Entry) -> None:
        self._workbook_entry = entry

    def __str__(self) -> str:
        return s.text(s.marker(self._workbook_entry))

    def __repr__(self) -> str:
        return s.text(s.marker(self._workbook_entry))

    def __format__(self, spec: str) -> str:
        return s.marker(formatted(self, spec) if spec else self._workbook_entry)

    def __fspath__(self) -> str:
        return str(decide(self._workbook_entry, "a path"))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            source = f"{shown(self._workbook_entry.expr)}[{bounds(key)}]"
            return s.derive({"kind": "unknown", "source": source, "reason": REASON}, lambda value: value[key], self, fallback=[])
        return s.index(self, key)

    def _changed(self, what: str, change: Callable[[Any], Any], more: tuple[Any, ...] = ()) -> Any:
        """The user changes the collection: from here on it is no longer what was asked for."""
        entry = self._workbook_entry
        value = copy.copy(entry.value)
        try:
            result = change(value)
        except Exception:
            if entry.known:
                raise
            result = None
        expr: Expr = {"kind": "unknown", "source": f"{shown(entry.expr)}, changed by {what}", "reason": REASON}
        others = list(s.entries_in(more))
        known = entry.known and all(other.known for other in others)
        self._workbook_entry = Entry(expr, value, known, s.inputs_of([entry, *others]), entry.moving)
        return result

    def __setitem__(self, key: Any, item: Any) -> None:
        self._changed(f"[{s.plain(repr(key))}] = ...", lambda value: op.setitem(value, s.value_of(key), item), (key, item))

    def __delitem__(self, key: Any) -> None:
        self._changed(f"del [{s.plain(repr(key))}]", lambda value: op.delitem(value, s.value_of(key)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        entry = self._workbook_entry
        if name in _CHANGING and (isinstance(entry.value, (list, dict, set)) or not entry.known and name in _TOLD):
            return lambda *args, **kwargs: self._change(name, args, kwargs)
        expr: Expr = {"kind": "attribute", "base": entry.expr, "name": name}
        try:
            value = getattr(entry.value, name)
        except AttributeError:
            if entry.known:
                raise
            return SymbolAny(Entry(expr, name, False, entry.inputs, entry.moving))
        if callable(value) and not isinstance(value, type):
            return lambda *args, **kwargs: method(self, name, args, kwargs)
        if isinstance(entry.value, PurePath):  # stands for its text
            expr = {"kind": "unknown", "source": f"Path({shown(entry.expr)}).{name}", "reason": REASON}
        return s.derive(expr, lambda base: getattr(base, name), self)

    def _change(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        before = self.get(*args[:2]) if name in ("pop", "setdefault") and isinstance(self._workbook_entry.value, dict) and args else None
        if name == "pop" and before is None:
            before = s.index(self, args[0] if args else -1)
        if not hasattr(self._workbook_entry.value, name):  # assumed, and of another kind
            before = self.get(*args[:2]) if name in ("pop", "setdefault") and args else None
            self._changed(f"{name}()", lambda value: None, args)
            return before
        result = self._changed(f"{name}()", lambda value: getattr(value, name)(*args, **kwargs), args)
        return before if name in ("pop", "setdefault") else result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        entry = self._workbook_entry
        if entry.known and not callable(entry.value):
            raise TypeError(f"{type(entry.value).__name__!r} object is not callable")
        expr: Expr = {"kind": "unknown", "source": f"{shown(entry.expr)}({arguments(args, kwargs)})", "reason": REASON}
        return s.derive(expr, lambda function, a, k: function(*a, **k), self, args, kwargs, fallback=entry.value)

    def get(self, key: Any = None, default: Any = None) -> Any:
        """As `dict.get`."""
        entry = self._workbook_entry
        used(entry.inputs, key=str(s.value_of(key)))
        expr: Expr = {"kind": "index", "base": entry.expr, "key": s.to_expr(key)}
        if default is not None:
            expr = {"kind": "call", "function": "default", "args": [expr, s.to_expr(default)]}
        fallback = default if default is not None else s.value_of(key)
        return s.derive(expr, lambda base, k, d: base.get(k, d), self, key, default, fallback=s.value_of(fallback))

    def items(self) -> list[tuple[Any, Any]]:
        """As `dict.items`; one pair is assumed."""
        return [(key, s.index(self, key)) for key in self.keys()]

    def keys(self) -> list[Any]:
        """As `dict.keys`."""
        entry = self._workbook_entry
        value = decide(entry, "a loop")
        if isinstance(value, Mapping):
            return list(value)
        if entry.known:
            raise AttributeError(f"{type(value).__name__!r} object has no attribute 'keys'")
        key: Expr = {"kind": "index", "base": {"kind": "call", "function": "list", "args": [entry.expr]}, "key": constant(0)}
        return [s.make(Entry(key, name, False, entry.inputs)) for _, name in entry.inputs[:1]]

    def values(self) -> list[Any]:
        """As `dict.values`."""
        return [item for _, item in self.items()]

    def __iter__(self) -> Iterator[Any]:
        return iter(elements(self, self._workbook_entry, sys._getframe(1)))

    def __reversed__(self) -> Iterator[Any]:
        return iter(elements(self, self._workbook_entry, sys._getframe(1))[::-1])

    def __len__(self) -> int:
        value = decide(self._workbook_entry, "a length")
        return len(value) if hasattr(value, "__len__") or self._workbook_entry.known else 1

    def __length_hint__(self) -> int:
        return 0  # asked by `list()` before it iterates; decides nothing

    def __bool__(self) -> bool:
        return bool(decide(self._workbook_entry, "a condition"))

    def __contains__(self, key: object) -> bool:
        value = decide(self._workbook_entry, "a comparison")
        return hasattr(value, "__contains__") and s.value_of(key) in value

    def __hash__(self) -> int:
        try:
            return hash(self._workbook_entry.value)
        except TypeError:
            return id(self)

    def __neg__(self) -> Any:
        return s.operation("-", op.neg, self)

    def __copy__(self) -> SymbolAny:
        return SymbolAny(self._workbook_entry)

    def __deepcopy__(self, memo: Any) -> SymbolAny:
        return SymbolAny(self._workbook_entry)

    def __enter__(self) -> SymbolAny:
        return self

    def __exit__(self, *args: Any) -> None:
        return None

    def _number(self, what: str) -> Any:
        value = decide(self._workbook_entry, what)
        return value if self._workbook_entry.known or isinstance(value, (int, float)) else 1

    def __int__(self) -> int:
        return int(self._number("a number"))

    def __index__(self) -> int:
        return op.index(self._number("a number")) if self._workbook_entry.known else int(self._number("a number"))

    def __float__(self) -> float:
        return float(self._number("a number"))

    def __bytes__(self) -> bytes:
        return bytes(decide(self._workbook_entry, "a text"))


_OPERATORS = {
    "add": ("+", op.add), "sub": ("-", op.sub), "mul": ("*", op.mul), "truediv": ("/", op.truediv), "floordiv": ("//", op.floordiv),
    "mod": ("%", op.mod), "pow": ("**", op.pow), "and": ("&", op.and_), "or": ("|", op.or_), "xor": ("^", op.xor),
    "divmod": ("divmod", divmod),
}  # fmt: skip
_MODEL_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">="})
_ALONE: dict[str, Any] = {"pos": op.pos, "invert": op.invert, "abs": abs, "round": round}
_ALONE |= {"trunc": math.trunc, "ceil": math.ceil, "floor": math.floor}


def operate(sign: str, real: Callable[..., Any], left: Any, right: Any) -> Any:
    if sign == "+" and (type(left) is str or type(right) is str or isinstance(left, SymbolText) or isinstance(right, SymbolText)):
        known = all(entry.known for entry in s.entries_in((left, right)))
        if not known or isinstance(s.value_of(left), str) and isinstance(s.value_of(right), str):
            return s.text(word(left) + word(right))
    path = sign == "/" and any(isinstance(s.value_of(part), PurePath) for part in (left, right))
    fallback = s.value_of(left) if isinstance(s.value_of(left), (date, datetime)) or path else 1
    if path:
        return _joined(real, left, right, fallback)
    if sign in _MODEL_OPERATORS:
        return s.operation(sign, real, left, right, fallback=fallback)
    source = f"{shown(s.to_expr(left))} {sign} {shown(s.to_expr(right))}"
    return s.derive({"kind": "unknown", "source": source, "reason": REASON}, real, left, right, fallback=fallback)


def _joined(real: Callable[..., Any], left: Any, right: Any, fallback: Any) -> Any:
    """A path below another: as a text with a slash, unless the right one starts over."""
    first, second = (s.plain(str(s.value_of(part))) for part in (left, right))
    parts = [s.to_expr(left), constant("/"), s.to_expr(right)]
    expr: Expr = {"kind": "format", "parts": parts}
    if second.startswith("/") or first.endswith("/"):
        expr = {"kind": "unknown", "source": f"{shown(parts[0])} / {shown(parts[2])}", "reason": REASON}
    return s.derive(expr, real, left, right, fallback=fallback)


def _operators() -> None:
    for name, (sign, real) in _OPERATORS.items():

        def forward(self: Any, other: Any, sign: str = sign, real: Any = real) -> Any:
            return operate(sign, real, self, other)

        def backward(self: Any, other: Any, sign: str = sign, real: Any = real) -> Any:
            return percent(other, self) if sign == "%" and isinstance(other, str) else operate(sign, real, other, self)

        setattr(SymbolAny, f"__{name}__", forward)
        setattr(SymbolAny, f"__r{name}__", backward)
    add_comparisons(SymbolAny)
    for name, single in _ALONE.items():

        def alone(self: Any, *args: Any, name: str = name, single: Any = single) -> Any:
            source = f"{name}({shown(self._workbook_entry.expr)})"
            return s.derive({"kind": "unknown", "source": source, "reason": REASON}, lambda v: single(v, *args), self, fallback=1)

        setattr(SymbolAny, f"__{name}__", alone)


_operators()
s._SYMBOLS["any"] = SymbolAny
