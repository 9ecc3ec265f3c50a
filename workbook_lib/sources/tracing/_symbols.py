"""Values unknown when reading: each knows its expression, and the value that is assumed where it decides something.

A symbolic text is a `str` that holds markers (`MARK`, number, `END`), so that it passes through f-strings, `join`, paths and C code and is
taken apart again at the end. What is assumed when nothing is supplied: the default that the source gives; else a text equals the
name of its input, a number is 1, a collection holds one element. Every use that decides is recorded in `DECISIONS`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from workbook_lib.sources.tracing._entries import END, MARK, STATE, Entry, Expr, constant, decide

_MARKER = re.compile(f"{MARK}([0-9]+){END}")


def entry_of(value: Any) -> Entry | None:
    """The entry behind a symbolic value, None for an ordinary one."""
    found = getattr(value, "_workbook_entry", None) if isinstance(value, (SymbolAny, SymbolText, SymbolDelta)) else None
    if found is None and type(value) is str and MARK in value:
        return SymbolText(value)._workbook_entry
    return found


def value_of(value: Any) -> Any:
    """`value` with symbols replaced by what they are assumed to be; nothing is recorded."""
    entry = entry_of(value)
    if entry is not None:
        return entry.value
    if type(value) in (list, tuple, set):
        return type(value)(value_of(item) for item in value)
    if type(value) is dict:
        return {value_of(key): value_of(item) for key, item in value.items()}
    return value


def settle(value: Any, what: str) -> Any:
    """`value_of`, recording a decision for each symbol in it."""
    entry = entry_of(value)
    if entry is not None:
        return decide(entry, what)
    if type(value) in (list, tuple, set):
        return type(value)(settle(item, what) for item in value)
    if type(value) is dict:
        return {settle(key, what): settle(item, what) for key, item in value.items()}
    return value


def _to_expr(value: Any) -> Expr:
    from workbook_lib.sources.tracing._exprs import to_expr

    return to_expr(value)


def make(entry: Entry) -> Any:
    """The live value for an entry: a text, or an object that behaves like whatever it is used as."""
    if isinstance(entry.value, str):
        STATE.entries.append(entry)
        return SymbolText(f"{MARK}{len(STATE.entries) - 1}{END}")
    return SymbolAny(entry)


def text_symbol(entry: Entry) -> SymbolText:
    """A symbolic text whatever is assumed for it (None where the source may find nothing)."""
    STATE.entries.append(entry)
    return SymbolText(f"{MARK}{len(STATE.entries) - 1}{END}")


def derive(expr: Expr, function: Callable[..., Any], *operands: Any, fallback: Any = None) -> Any:
    """A symbol for `expr`, whose value is `function` of the operands' values, or `fallback` where that fails."""
    entries = [entry for entry in map(entry_of, operands) if entry is not None]
    try:
        value = function(*map(value_of, operands))
        good = True
    except Exception:
        value, good = fallback, False
    inputs = tuple(dict.fromkeys(pair for entry in entries for pair in entry.inputs))
    return make(Entry(expr, value, good and all(entry.known for entry in entries), inputs))


def call(function: str, real: Callable[..., Any], *operands: Any, fallback: Any = None) -> Any:
    """A symbol for a call of one of the model's pure functions."""
    expr = {"kind": "call", "function": function, "args": [_to_expr(operand) for operand in operands]}
    return derive(expr, real, *operands, fallback=fallback)


def operation(operator: str, real: Callable[..., Any], *operands: Any) -> Any:
    """A symbol for an operator applied to symbols."""
    expr = {"kind": "operation", "operator": operator, "operands": [_to_expr(operand) for operand in operands]}
    return derive(expr, real, *operands, fallback=1)


def index(base: Any, key: Any) -> Any:
    """A symbol for `base[key]`."""
    fallback = value_of(key) if isinstance(value_of(key), str) else "0"
    expr = {"kind": "index", "base": _to_expr(base), "key": _to_expr(key)}
    return derive(expr, lambda b, k: b[k], base, key, fallback=fallback)


def _elements(symbol: Any, entry: Entry, what: str) -> list[Any]:
    value = decide(entry, what)
    if isinstance(value, dict):
        return list(value)
    count = len(value) if isinstance(value, (list, tuple)) else 1
    return [index(symbol, position) for position in range(count)]


class SymbolText(str):
    """A text that holds at least one marker."""

    @property
    def _workbook_entry(self) -> Entry:
        parts = pieces(str.__str__(self))
        entries = [part for part in parts if isinstance(part, Entry)]
        known = all(entry.known for entry in entries)
        inputs = tuple(dict.fromkeys(pair for entry in entries for pair in entry.inputs))
        if len(parts) == 1:
            return Entry(entries[0].expr, entries[0].value, known, inputs)
        exprs = [part.expr if isinstance(part, Entry) else constant(part) for part in parts]
        value = "".join(str(part.value) if isinstance(part, Entry) else part for part in parts)
        return Entry({"kind": "format", "parts": exprs}, value, known, inputs)

    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, spec: str) -> str:
        return str.__str__(self) if not spec else format(value_of(self), spec)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SymbolText) and str.__eq__(self, other):
            return True
        return bool(decide(self._workbook_entry, "a comparison") == value_of(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._workbook_entry.value)

    def __bool__(self) -> bool:
        return bool(decide(self._workbook_entry, "a condition"))

    def __contains__(self, other: object) -> bool:
        value = decide(self._workbook_entry, "a comparison")
        return isinstance(value, str) and value_of(other) in value

    def __lt__(self, other: Any) -> bool:
        return bool(decide(self._workbook_entry, "a comparison") < value_of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(decide(self._workbook_entry, "a comparison") > value_of(other))

    def __len__(self) -> int:
        return len(decide(self._workbook_entry, "a length") or "")

    def __getitem__(self, key: Any) -> Any:
        return index(self, key) if isinstance(key, int) else derive(_unknown_slice(self, key), lambda text: text[key], self, fallback="")

    def __iter__(self) -> Iterator[Any]:
        return iter(decide(self._workbook_entry, "a loop") or "")

    def __add__(self, other: Any) -> Any:
        return text(str.__add__(str.__str__(self), str(other)))

    def __radd__(self, other: Any) -> Any:
        return text(str.__add__(str(other), str.__str__(self)))

    def __rmod__(self, other: Any) -> Any:
        return text(str(other) % str.__str__(self))

    def __mod__(self, other: Any) -> Any:
        return text(str.__str__(self) % other)

    def __reduce__(self) -> Any:
        return (SymbolText, (str.__str__(self),))

    def lower(self) -> Any:
        return call("lower", str.lower, self, fallback="")

    def upper(self) -> Any:
        return call("upper", str.upper, self, fallback="")

    def strip(self, *chars: Any) -> Any:
        return call("strip", str.strip, self, *chars, fallback="")

    def replace(self, *args: Any) -> Any:
        return call("replace", str.replace, self, *args, fallback="")

    def split(self, *args: Any, **kwargs: Any) -> Any:
        return call("split", str.split, self, *args, *kwargs.values(), fallback=None)

    def _ends_text(self) -> str:
        entry = self._workbook_entry
        asker = sys._getframe(2).f_code.co_filename
        asked_by_paths = "posixpath" in asker or "pathlib" in asker  # joining decides nothing
        return str(entry.value if asked_by_paths else decide(entry, "a comparison"))

    def startswith(self, *args: Any) -> bool:
        return self._ends_text().startswith(*value_of(args))

    def endswith(self, *args: Any) -> bool:
        return self._ends_text().endswith(*value_of(args))


def _unknown_slice(base: Any, key: Any) -> Expr:
    return {"kind": "unknown", "source": f"{plain(base)}[{key}]", "reason": "a slice of an unknown text"}


class SymbolAny:
    """A symbolic value that is not (only) a text: decoded JSON, a number, a list."""

    def __init__(self, entry: Entry) -> None:
        self._workbook_entry = entry

    def __str__(self) -> str:
        STATE.entries.append(self._workbook_entry)
        return f"{MARK}{len(STATE.entries) - 1}{END}"

    def __format__(self, spec: str) -> str:
        return str(self) if not spec else format(self._workbook_entry.value, spec)

    def __repr__(self) -> str:
        return str(self)

    def __getitem__(self, key: Any) -> Any:
        return index(self, key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._workbook_entry.value
        if isinstance(value, (dict, list)) and hasattr(value, name):
            return getattr(decide(self._workbook_entry, f"{name}()"), name)
        expr = {"kind": "attribute", "base": self._workbook_entry.expr, "name": name}
        return derive(expr, lambda base: getattr(base, name), self, fallback=name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def get(self, key: Any, default: Any = None) -> Any:
        """As `dict.get`."""
        expr: Expr = {"kind": "index", "base": self._workbook_entry.expr, "key": _to_expr(key)}
        if default is not None:
            expr = {"kind": "call", "function": "default", "args": [expr, _to_expr(default)]}
        fallback = default if default is not None else value_of(key)
        return derive(expr, lambda base: base.get(value_of(key), default), self, fallback=fallback)

    def items(self) -> list[tuple[Any, Any]]:
        """As `dict.items`; one pair is assumed."""
        return [(key, index(self, key)) for key in self.keys()]

    def keys(self) -> list[Any]:
        """As `dict.keys`."""
        value = decide(self._workbook_entry, "a loop")
        return list(value) if isinstance(value, dict) else [name for _, name in self._workbook_entry.inputs[:1]]

    def values(self) -> list[Any]:
        """As `dict.values`."""
        return [item for _, item in self.items()]

    def __iter__(self) -> Iterator[Any]:
        return iter(_elements(self, self._workbook_entry, "a loop"))

    def __len__(self) -> int:
        return len(_elements(self, self._workbook_entry, "a length"))

    def __bool__(self) -> bool:
        return bool(decide(self._workbook_entry, "a condition"))

    def __contains__(self, key: object) -> bool:
        value = decide(self._workbook_entry, "a comparison")
        return isinstance(value, (dict, list, tuple, str)) and value_of(key) in value

    def __eq__(self, other: object) -> bool:
        return bool(decide(self._workbook_entry, "a comparison") == value_of(other))

    def __hash__(self) -> int:
        value = self._workbook_entry.value
        return hash(value) if isinstance(value, (int, float, str, bool, type(None))) else id(self)

    def _number(self, what: str) -> Any:
        value = decide(self._workbook_entry, what)
        return value if isinstance(value, (int, float)) else 1

    def __lt__(self, other: Any) -> bool:
        return bool(self._number("a comparison") < value_of(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._number("a comparison") <= value_of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._number("a comparison") > value_of(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._number("a comparison") >= value_of(other))

    def __int__(self) -> int:
        return int(self._number("a number"))

    def __index__(self) -> int:
        return int(self._number("a number"))

    def __float__(self) -> float:
        return float(self._number("a number"))


def _arithmetic() -> None:
    import operator as op

    table = {"add": ("+", op.add), "sub": ("-", op.sub), "mul": ("*", op.mul), "truediv": ("/", op.truediv)}
    table |= {"floordiv": ("//", op.floordiv), "mod": ("%", op.mod)}
    for name, (sign, real) in table.items():

        def forward(self: Any, other: Any, sign: str = sign, real: Any = real) -> Any:
            if isinstance(other, timedelta) or isinstance(self, timedelta):
                return delta(lambda a, b: real(a, b), self, other)
            return operation(sign, real, self, other)

        def backward(self: Any, other: Any, sign: str = sign, real: Any = real) -> Any:
            if isinstance(other, str) and sign == "+":
                return text(other + str(self))
            if isinstance(other, timedelta):
                return delta(lambda a, b: real(a, b), other, self)
            return operation(sign, real, other, self)

        setattr(SymbolAny, f"__{name}__", forward)
        setattr(SymbolAny, f"__r{name}__", backward)


_arithmetic()


class SymbolDelta(timedelta):
    """A duration computed from a symbol; it is the assumed duration, and knows so."""

    _workbook_entry: Entry


def delta(function: Callable[..., Any], *operands: Any) -> Any:
    """The duration that `function` makes of the operands' values, marked as assumed."""
    entries = [entry for entry in map(entry_of, operands) if entry is not None]
    value = function(*map(value_of, operands))
    if not isinstance(value, timedelta):
        return value
    result = SymbolDelta(seconds=value.total_seconds())
    inputs = tuple(dict.fromkeys(pair for entry in entries for pair in entry.inputs))
    expr = {"kind": "unknown", "source": f"timedelta(seconds={value.total_seconds()})", "reason": f"depends on {name_inputs(inputs)}"}
    object.__setattr__(result, "_workbook_entry", Entry(expr, value, all(entry.known for entry in entries), inputs))
    return result


def text(value: str) -> str:
    """A plain text, or a symbolic one when it holds a marker."""
    return SymbolText(value) if MARK in value else value


def pieces(marked: str) -> list[str | Entry]:
    """A marked text taken apart: plain texts and entries, in order."""
    result: list[str | Entry] = []
    for position, part in enumerate(_MARKER.split(marked)):
        if position % 2:
            number = int(part)
            result.append(STATE.entries[number] if number < len(STATE.entries) else part)
        elif part:
            result.append(part)
    return result


def plain(value: Any) -> str:
    """A text without markers: each is replaced by its assumed value."""
    return "".join(str(part.value) if isinstance(part, Entry) else part for part in pieces(str.__str__(str(value))))


def name_text(value: Any, what: str) -> str:
    """The text of an id; when it holds a symbol, that decides."""
    return str(settle(text(str(value)), what)) if isinstance(value, (str, SymbolAny)) else plain(value)


def name_inputs(inputs: tuple[tuple[str, str], ...]) -> str:
    """The inputs for people: `the variable 'env'`."""
    return ", ".join(f"the {kind} {name!r}" for kind, name in inputs) or "an unknown value"
