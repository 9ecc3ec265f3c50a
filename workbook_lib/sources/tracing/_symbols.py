"""Values unknown when reading: each knows its expression, and the value that is assumed where it decides something.

A symbolic text is a `str` that holds markers (`MARK`, number, `END`), so that it passes through f-strings, `join` and C code and is
taken apart again at the end; everything else is a `SymbolAny`. What is assumed when nothing is supplied: the default that the source
gives; else a text equals the name of its input, a number is 1, a collection holds one element. What is computed from a symbol is computed
with these values and stays a symbol (`derive`); every use that decides is recorded. The classes: `_symbol_text.py`, `_symbol_any.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time, timedelta
from pathlib import PurePath
from typing import Any

from workbook_lib.sources.tracing._entries import END, MARK, STATE, Entry, Expr, constant, decide, used

_MARKER = re.compile(rf"(?:{MARK}|\\ue000)([0-9]+)(?:{END}|\\ue001)")  # also as `repr` writes it
_DATA = (str, int, float, bytes, date, time, timedelta, PurePath, type(None))
_DEPTH = 6  # of containers in which symbols are looked for
_SYMBOLS: dict[str, type] = {}  # "text" and "any": the classes, set by their modules

Inputs = tuple[tuple[str, str], ...]


def entry_of(value: Any) -> Entry | None:
    """The entry behind a symbolic value, None for an ordinary one."""
    kind = type(value)
    if kind is _SYMBOLS["any"]:
        return value._workbook_entry  # type: ignore[no-any-return]
    if kind is _SYMBOLS["text"]:
        return text_entry(str.__str__(value))
    if isinstance(value, str) and MARK in value:
        return text_entry(str.__str__(value))
    return None


def entries_in(value: Any, depth: int = 0) -> Iterator[Entry]:
    """The entries of all symbols inside a value."""
    entry = entry_of(value)
    if entry is not None:
        yield entry
    elif depth < _DEPTH:
        kind = type(value)
        if kind in (list, tuple, set, frozenset):
            for item in value:
                yield from entries_in(item, depth + 1)
        elif kind is dict:
            for key, item in value.items():
                yield from entries_in(key, depth + 1)
                yield from entries_in(item, depth + 1)


def has_symbol(values: Iterable[Any]) -> bool:
    """Whether a symbol is anywhere inside one of these."""
    for value in values:
        kind = type(value)
        if kind in (int, float, bool, type(None)):
            continue
        if kind is str:
            if MARK in value:
                return True
        elif next(entries_in(value), None) is not None:
            return True
    return False


def value_of(value: Any, depth: int = 0) -> Any:
    """`value` with symbols replaced by what they are assumed to be; nothing is recorded."""
    entry = entry_of(value)
    if entry is not None:
        return value_of(entry.value, depth + 1) if depth < _DEPTH else entry.value
    kind = type(value)
    if depth < _DEPTH:
        if kind in (list, tuple, set, frozenset):
            return kind(value_of(item, depth + 1) for item in value)
        if kind is dict:
            return {value_of(key, depth + 1): value_of(item, depth + 1) for key, item in value.items()}
    return value


def settle(value: Any, what: str) -> Any:
    """`value_of`, recording a decision for each symbol in it."""
    entry = entry_of(value)
    if entry is not None:
        return value_of(decide(entry, what))
    if type(value) in (list, tuple, set):
        return type(value)(settle(item, what) for item in value)
    if type(value) is dict:
        return {settle(key, what): settle(item, what) for key, item in value.items()}
    return value


def is_data(value: Any, depth: int = 0) -> bool:
    """Whether a value is nothing but data, so that a symbol may stand for it; operators, functions and the like have to be themselves."""
    if isinstance(value, _DATA) or type(value) is _SYMBOLS["any"]:
        return True
    if depth > _DEPTH:
        return False
    if type(value) in (list, tuple, set, frozenset):
        return all(is_data(item, depth + 1) for item in value)
    return type(value) is dict and all(is_data(key, depth + 1) and is_data(item, depth + 1) for key, item in value.items())


def to_expr(value: Any) -> Expr:
    """`value` as an expression; see `_exprs`."""
    from workbook_lib.sources.tracing import _exprs

    return _exprs.to_expr(value)


def make(entry: Entry) -> Any:
    """The live value for an entry: a text, or an object that behaves like whatever it is used as."""
    return text_symbol(entry) if isinstance(entry.value, str) else _SYMBOLS["any"](entry)


def text_symbol(entry: Entry) -> Any:
    """A symbolic text whatever is assumed for it (None where the source may find nothing)."""
    return _SYMBOLS["text"](marker(entry))


def marker(entry: Entry) -> str:
    """The plain text that stands for an entry."""
    STATE.entries.append(entry)
    return f"{MARK}{len(STATE.entries) - 1}{END}"


def inputs_of(entries: Iterable[Entry]) -> Inputs:
    """All inputs, each once."""
    return tuple(dict.fromkeys(pair for entry in entries for pair in entry.inputs))


def derive(expr: Expr, function: Callable[..., Any], *operands: Any, fallback: Any = None) -> Any:
    """A symbol for `expr`, whose value is `function` of the operands' values.

    Where that fails with real values, it fails as it would in the legacy system; with assumed ones, `fallback` is assumed.
    """
    entries = list(entries_in(operands))
    known = all(entry.known for entry in entries)
    try:
        value = function(*map(value_of, operands))
    except Exception:
        if known and entries:
            raise
        value, known = fallback, False
    inputs, moving = inputs_of(entries), any(entry.moving for entry in entries)
    if moving and not inputs:
        expr = to_expr(value)
    return make(Entry(expr, value, known, inputs, moving))


def call(function: str, real: Callable[..., Any], *operands: Any, fallback: Any = None) -> Any:
    """A symbol for a call of one of the model's pure functions."""
    expr = {"kind": "call", "function": function, "args": [to_expr(operand) for operand in operands]}
    return derive(expr, real, *operands, fallback=fallback)


def operation(operator: str, real: Callable[..., Any], *operands: Any, fallback: Any = 1) -> Any:
    """A symbol for an operator applied to symbols."""
    expr = {"kind": "operation", "operator": operator, "operands": [to_expr(operand) for operand in operands]}
    return derive(expr, real, *operands, fallback=fallback)


def index(base: Any, key: Any) -> Any:
    """A symbol for `base[key]`."""
    plain_key = value_of(key)
    owner = entry_of(base)
    if owner is not None and isinstance(plain_key, str):
        used(owner.inputs, key=plain_key)
    fallback = plain_key if isinstance(plain_key, str) else "0"
    if entry_of(base) is None and isinstance(base, (dict, list, tuple)) and base:
        fallback = next(iter(base.values() if isinstance(base, dict) else base))
    expr = {"kind": "index", "base": to_expr(base), "key": to_expr(key)}
    return derive(expr, lambda b, k: b[k], base, key, fallback=fallback)


def text_entry(marked: str) -> Entry:
    """The entry of a text with markers."""
    parts = pieces(marked)
    entries = [part for part in parts if isinstance(part, Entry)]
    known, moving, inputs = all(entry.known for entry in entries), any(entry.moving for entry in entries), inputs_of(entries)
    if len(parts) == 1 and isinstance(entries[0].value, (str, type(None))):
        return entries[0]
    value = "".join(str(part.value) if isinstance(part, Entry) else part for part in parts)
    if moving and not inputs:
        return Entry(constant(value), value, known, inputs, moving)
    exprs = [part.expr if isinstance(part, Entry) else constant(part) for part in parts]
    return Entry({"kind": "format", "parts": exprs}, value, known, inputs, moving)


def text(value: str) -> str:
    """A plain text, or a symbolic one when it holds a marker."""
    return _SYMBOLS["text"](value) if MARK in value else value


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
    symbolic = isinstance(value, str) or type(value) is _SYMBOLS["any"]
    return str(settle(text(str.__str__(value) if isinstance(value, str) else str(value)), what)) if symbolic else plain(value)


def name_inputs(inputs: Inputs) -> str:
    """The inputs for people: `the variable 'env'`."""
    return ", ".join(f"the {kind} {name!r}" for kind, name in inputs) or "an unknown value"


from workbook_lib.sources.tracing import _symbol_any, _symbol_text  # noqa: E402, F401 - they register their classes above
