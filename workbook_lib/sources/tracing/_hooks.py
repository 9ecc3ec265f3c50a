"""What the user's instrumented source calls (see `_instrument.py`), so that symbols survive; without a symbol it is what Python does."""

from __future__ import annotations

import builtins
import operator as op
from collections.abc import Callable, Mapping
from typing import Any

from workbook_lib.sources.tracing import _symbols as s
from workbook_lib.sources.tracing._calls import callee
from workbook_lib.sources.tracing._entries import Entry, decide
from workbook_lib.sources.tracing._symbol_any import SymbolAny, operate
from workbook_lib.sources.tracing._symbol_text import SymbolText, percent

_TESTS: list[Any] = []  # the conditions of the expressions that are being evaluated, innermost last


def text(value: Any) -> Any:
    """The result of an f-string."""
    return s.text(value) if type(value) is str else value


def item(base: Any, key: Any) -> Any:
    """`base[key]`: an entry of a table by a symbolic key stays symbolic, unless the table holds operators or the like."""
    if type(key) not in (SymbolText, SymbolAny) or not isinstance(base, (dict, list, tuple)):
        return base[key]
    if s.is_data(list(base.values()) if isinstance(base, dict) else list(base)):
        return s.index(base, key)
    return _chosen(base, key)


def _chosen(base: Any, key: Any) -> Any:
    """What is not data cannot be left open: the key decides; where an assumed one is not there, the first is taken."""
    entry = s.entry_of(key)
    assert entry is not None
    wanted = decide(entry, "a lookup")
    try:
        return base[wanted]
    except (LookupError, TypeError):
        if entry.known or not base:
            raise
        return next(iter(base.values() if isinstance(base, dict) else base))


def is_(value: Any, other: Any, negated: bool) -> Any:
    """`value is other`, or `is not`: of symbols, their values are compared."""
    if value is other or s.entry_of(value) is None and s.entry_of(other) is None:
        return (value is other) is not negated
    sign = "!=" if negated else "=="
    return s.operation(sign, lambda v, o: (v is o) is not negated, value, other, fallback=negated)


def in_(value: Any, container: Any, negated: bool) -> Any:
    """`value in container`, or `not in`."""
    own = getattr(type(container), "_workbook_contains", None)
    if own is not None:
        found = own(container, value)
        return not_(found) if negated else found
    symbolic = s.entry_of(container) is not None or (
        isinstance(container, (str, list, tuple, set, frozenset, dict))
        and s.has_symbol((value, container))
        and s.is_data(list(container) if isinstance(container, dict) else container)
    )
    if not symbolic:
        return (value in container) is not negated
    found = s.operation("in", lambda v, c: v in c, value, container, fallback=False)
    return not_(found) if negated else found


def not_(value: Any) -> Any:
    """`not value`."""
    return not value if s.entry_of(value) is None else s.operation("not", op.not_, value)


def mod(left: Any, right: Any) -> Any:
    """`left % right`."""
    if isinstance(left, str) and (type(left) is not str or s.has_symbol((left, right))):
        return percent(left, right)
    return left % right


def div(left: Any, right: Any) -> Any:
    """`left / right`."""
    return left / right if s.entry_of(left) is None and s.entry_of(right) is None else operate("/", op.truediv, left, right)


def asked(test: Any) -> bool:
    """Keep the test of a conditional expression, and say whether it is symbolic."""
    _TESTS.append(test)
    return s.entry_of(test) is not None


def top() -> Any:
    """The test that was kept last."""
    return _TESTS.pop()


def pick(then: Any, otherwise: Any) -> Any:
    """`then if test else otherwise` with a symbolic test: a symbol where both are data, else the test decides."""
    test = _TESTS.pop()
    if type(then) is type(otherwise) and not s.has_symbol((then, otherwise)) and s.is_data(then) and then == otherwise:
        return then
    if not s.is_data(then) or not s.is_data(otherwise):
        return then if test else otherwise
    expr = {"kind": "conditional", "test": s.to_expr(test), "then": s.to_expr(then), "otherwise": s.to_expr(otherwise)}
    return _conditional(expr, test, then, otherwise, bool(s.value_of(test)))


def _conditional(expr: dict[str, Any], test: Any, then: Any, otherwise: Any, first: bool) -> Any:
    entry = s.entry_of(test)
    assert entry is not None
    chosen = list(s.entries_in(then if first else otherwise))
    value = s.value_of(then if first else otherwise)
    everything = [entry, *s.entries_in((then, otherwise))]
    known = entry.known and all(one.known for one in chosen)
    moving = any(one.moving for one in (entry, *chosen))
    inputs = s.inputs_of(everything)
    return s.make(Entry(s.to_expr(value) if moving and not inputs else expr, value, known, inputs, moving))


def tried(first: Any, sign: str, free: bool) -> bool:
    """Keep the first part of `a and b`, and say whether both parts are looked at: it is symbolic, and the second can be told."""
    entry = s.entry_of(first)
    if entry is not None and not free and entry.known and bool(s.value_of(first)) is (sign == "or"):
        _TESTS.append(first)  # Python would not look at the second part, which may not make sense then
        return False
    _TESTS.append(first)
    return entry is not None


def _combined(sign: str, second: Any) -> Any:
    first = _TESTS.pop()
    if not s.is_data(second):
        return (first and second) if sign == "and" else (first or second)
    expr = {"kind": "operation", "operator": sign, "operands": [s.to_expr(first), s.to_expr(second)]}
    truth = bool(s.value_of(first))
    return _conditional(expr, first, second, first, truth) if sign == "and" else _conditional(expr, first, first, second, truth)


def and_(second: Any) -> Any:
    """`a and b` with a symbolic `a`."""
    return _combined("and", second)


def or_(second: Any) -> Any:
    """`a or b` with a symbolic `a`."""
    return _combined("or", second)


def mapping(value: Any) -> Any:
    """What stands behind `**`: nothing is assumed to be in it where nobody knows."""
    entry = s.entry_of(value)
    if entry is None:
        return value
    found = decide(entry, "a list of keyword arguments")
    if not isinstance(found, Mapping):
        return {} if not entry.known else found
    return {key: s.index(value, key) for key in found}


def subject(value: Any) -> Any:
    """The subject of `match`: texts are compared as they are, everything else has to be known."""
    entry = s.entry_of(value)
    return value if entry is None or isinstance(entry.value, str) else s.settle(value, "a condition")


def install() -> None:
    """Make the hooks known to all modules."""
    table: dict[str, Callable[..., Any]] = {
        "call": callee, "text": text, "item": item, "is": is_, "in": in_, "not": not_, "mod": mod, "div": div, "asked": asked, "top": top,
        "pick": pick, "tried": tried, "and": and_, "or": or_, "mapping": mapping, "subject": subject,
    }  # fmt: skip
    for name, hook in table.items():
        setattr(builtins, f"__workbook_{name}__", hook)
