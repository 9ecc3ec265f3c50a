"""Symbolic texts: a `str` that holds markers. See `_symbols.py`."""

from __future__ import annotations

import operator as op
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from opcode import opmap
from typing import Any

from workbook_lib.sources.tracing import _symbols as s
from workbook_lib.sources.tracing._entries import Entry, Expr, constant, decide, used
from workbook_lib.sources.tracing._shown import shown

# Methods of texts and moments that the model has a function for: name -> (function, numbers of arguments).
MODEL_METHODS: dict[str, tuple[str, tuple[int, ...]]] = {
    "lower": ("lower", (0,)),
    "upper": ("upper", (0,)),
    "strip": ("strip", (0,)),
    "replace": ("replace", (2,)),
    "split": ("split", (1,)),
    "join": ("join", (1,)),
    "isoformat": ("iso", (0,)),
    "timestamp": ("timestamp", (0,)),
    "strftime": ("format_date", (1,)),
}
_COMPARISONS = {"eq": ("==", op.eq), "ne": ("!=", op.ne), "lt": ("<", op.lt), "le": ("<=", op.le), "gt": (">", op.gt), "ge": (">=", op.ge)}
_CONVERSION = re.compile(r"%(?:\([^)]*\))?([^a-zA-Z%]*)(.)", re.DOTALL)
_UNPACK = opmap["UNPACK_SEQUENCE"]


def method(base: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A symbol for `base.name(...)`, where `base` or an argument is symbolic."""
    function, counts = MODEL_METHODS.get(name, ("", ()))
    entry = s.entry_of(base)
    if entry is not None and name in ("split", "rsplit"):
        used(entry.inputs, f"texts, split at {s.plain(args[0])!r}" if args else "texts, split at spaces")
    moment = isinstance(entry.value if entry is not None else base, date)
    if len(args) in counts and not kwargs and moment == (function in ("iso", "timestamp", "format_date")):
        expr: Expr = {"kind": "call", "function": function, "args": [s.to_expr(base), *map(s.to_expr, args)]}
    else:
        expr = {"kind": "unknown", "source": f"{shown(s.to_expr(base))}.{name}({arguments(args, kwargs)})", "reason": REASON}
    return s.derive(expr, lambda b, a, k: getattr(b, name)(*a, **k), base, args, kwargs, fallback=_guess(base, name, args))


REASON = "computed while the file is read"


def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    words = [shown(s.to_expr(arg)) for arg in args] + [f"{name}={shown(s.to_expr(arg))}" for name, arg in kwargs.items()]
    return ", ".join(words)


def _guess(base: Any, name: str, args: tuple[Any, ...]) -> Any:
    """What a method may give where the assumed value has no such method: what it gives for an empty text, else its name."""
    try:
        return getattr("", name)(*map(s.value_of, args))
    except Exception:
        return name


def elements(symbol: Any, entry: Entry, frame: Any) -> list[Any]:
    """The elements of a symbolic collection, each a symbol; as many as are unpacked where nobody knows."""
    value = decide(entry, "a loop")
    if isinstance(value, Mapping):
        return list(value)
    known = entry.known
    try:
        items = list(value) if known or not isinstance(value, str) else [value]  # not its letters
    except TypeError:
        if known:
            raise
        items = []
    wanted = frame.f_code.co_code[frame.f_lasti + 1] if frame.f_code.co_code[frame.f_lasti] == _UNPACK else None
    if not known and wanted is not None and len(items) != wanted:
        return [s.index(symbol, position) for position in range(wanted)]
    if not items and not known:
        return [s.index(symbol, 0)]
    expr = {"kind": "call", "function": "list", "args": [entry.expr]} if isinstance(value, (set, frozenset)) else entry.expr
    parts = [{"kind": "index", "base": expr, "key": constant(position)} for position in range(len(items))]
    return [
        s.make(Entry(constant(item) if entry.moving else part, item, known, entry.inputs, entry.moving)) if s.is_data(item) else item
        for part, item in zip(parts, items, strict=True)
    ]


class SymbolText(str):
    """A text that holds at least one marker."""

    @property
    def _workbook_entry(self) -> Entry:
        return s.text_entry(str.__str__(self))

    def __getattr__(self, name: str) -> Any:
        """What a text has not: an unknown value that is only assumed to be a text may be anything else."""
        entry = None if name.startswith("_") else self._workbook_entry
        if entry is None or entry.known:
            raise AttributeError(f"'str' object has no attribute {name!r}")
        return getattr(s._SYMBOLS["any"](entry), name)

    def __str__(self) -> str:
        return self

    def __format__(self, spec: str) -> str:
        return str.__str__(self) if not spec else s.marker(formatted(self, spec))

    def __repr__(self) -> str:
        entry = self._workbook_entry
        expr: Expr = {"kind": "unknown", "source": f"repr({shown(entry.expr)})", "reason": REASON}
        return s.marker(Entry(expr, repr(entry.value), entry.known, entry.inputs, entry.moving))

    def __hash__(self) -> int:
        return hash(self._workbook_entry.value)

    def __bool__(self) -> bool:
        return bool(decide(self._workbook_entry, "a condition"))

    def __contains__(self, other: object) -> bool:
        value = decide(self._workbook_entry, "a comparison")
        return isinstance(value, str) and s.value_of(other) in value

    def __len__(self) -> int:
        return len(decide(self._workbook_entry, "a length") or "")

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice):
            return s.index(self, key)
        source = f"{shown(s.to_expr(self))}[{bounds(key)}]"
        return s.derive({"kind": "unknown", "source": source, "reason": REASON}, lambda text: text[key], self, fallback="")

    def __iter__(self) -> Iterator[Any]:
        return iter(elements(self, self._workbook_entry, sys._getframe(1)))

    def __add__(self, other: Any) -> Any:
        return s.text(str.__add__(str.__str__(self), word(other)))

    def __radd__(self, other: Any) -> Any:
        return s.text(str.__add__(word(other), str.__str__(self)))

    def __rmod__(self, other: Any) -> Any:
        return percent(other, self)

    def __mod__(self, other: Any) -> Any:
        return percent(self, other)

    def __reduce__(self) -> Any:
        return (SymbolText, (str.__str__(self),))


def word(value: Any) -> str:
    return str.__str__(value) if isinstance(value, str) else str(value)


def bounds(key: slice) -> str:
    parts = [key.start, key.stop] if key.step is None else [key.start, key.stop, key.step]
    return ":".join("" if part is None else str(part) for part in parts)


def formatted(symbol: Any, spec: str) -> Entry:
    """`format(symbol, spec)`: of a moment the model's function, of other values only the text."""
    entry = s.entry_of(symbol)
    assert entry is not None
    expr: Expr = {"kind": "unknown", "source": f"format({shown(entry.expr)}, {spec!r})", "reason": REASON}
    if isinstance(entry.value, date):
        expr = {"kind": "call", "function": "format_date", "args": [entry.expr, constant(spec)]}
    found = s.entry_of(s.derive(expr, lambda value: format(value, spec), symbol, fallback=str(entry.value)))
    assert found is not None
    return found


def percent(template: Any, values: Any) -> Any:
    """`template % values` with symbols: kept as parts where each is simply put in (`%s`), else one value that is computed."""
    simple = s.entry_of(template) is None and only_texts(template)
    if simple:
        words = values if type(values) is dict else tuple(map(_put, values)) if isinstance(values, tuple) else _put(values)
        return s.text(template % words)
    source = f"{shown(s.to_expr(template))} % {shown(s.to_expr(values))}"
    expr: Expr = {"kind": "unknown", "source": source, "reason": REASON}
    return s.derive(expr, op.mod, template, values, fallback=s.plain(template))


def _put(value: Any) -> Any:
    return word(value) if s.entry_of(value) is not None else value


def only_texts(template: str) -> bool:
    """Whether every conversion is `%s`: others need the value itself."""
    return all(not flags and sign == "s" for flags, sign in _CONVERSION.findall(template.replace("%%", "")))


def _text_methods() -> None:
    """Every method of `str`, so that a symbolic text is never taken for its markers."""
    for name in dir(str):
        if name.startswith("_"):
            continue

        def forward(self: Any, *args: Any, name: str = name, **kwargs: Any) -> Any:
            return method(self, name, args, kwargs)

        setattr(SymbolText, name, forward)
    SymbolText.maketrans = str.maketrans  # type: ignore[method-assign]


def _compare(sign: str, real: Callable[..., Any], left: Any, right: Any) -> Any:
    if not s.is_data(right) and s.entry_of(right) is None:
        return NotImplemented
    entry = s.entry_of(left)
    if entry is not None and isinstance(right, (str, int, float)) and s.entry_of(right) is None:
        used(entry.inputs, f"compared with {right!r}")
    return s.operation(sign, real, left, right, fallback=False)


def add_comparisons(cls: type) -> None:
    """Comparisons of symbols are symbols: what follows from them decides, not they."""
    for name, (sign, real) in _COMPARISONS.items():

        def compare(self: Any, other: Any, sign: str = sign, real: Any = real) -> Any:
            return _compare(sign, real, self, other)

        setattr(cls, f"__{name}__", compare)


_text_methods()
add_comparisons(SymbolText)
s._SYMBOLS["text"] = SymbolText
