"""Dates of the context: their attributes and methods (pendulum's), `macros`, and texts made of them.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html#macros and https://pendulum.eustace.io/docs/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood

_MOMENT_FIELDS = frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"})
_MOMENTS = frozenset({"logical_date", "interval_start", "interval_end", "previous_date", "run_start"})
_MOMENT_CALLS = frozenset({"shift", "now", "parse_moment", "parse_date", "start_of", "with_parts"})
_TEXT_CALLS = frozenset({"format_date", "iso", "add_days", "reformat_date", "str", "json_dumps", "json_html", "lower", "upper", "strip"})
_TEXT_CALLS |= {"replace", "join", "uuid", "capitalize", "title", "render"}
_UNITS = ("year", "month", "day", "hour", "minute", "second")
# Fields that pendulum's dates have and `datetime` has not: the strftime code whose number they are, and what is added to it.
_NUMBERED = {"day_of_year": ("%j", 0), "week_of_year": ("%V", 0), "day_of_week": ("%u", -1)}
# What pendulum's `format` knows, as strftime writes it: https://pendulum.eustace.io/docs/#tokens
_TOKENS = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DDDD": "%j", "DD": "%d", "dddd": "%A", "ddd": "%a",
    "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "SSSSSS": "%f", "A": "%p",
}  # fmt: skip
_TOKEN = re.compile(r"\[[^\]]*\]|YYYY|YY|MMMM|MMM|MM|DDDD|DD|dddd|ddd|HH|hh|mm|ss|SSSSSS|A|[A-Za-z]+|[^A-Za-z\[]+")
_SECONDS = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
# Texts that pendulum makes without being told how.
_TEXTS = {
    "to_date_string": "%Y-%m-%d",
    "to_time_string": "%H:%M:%S",
    "to_datetime_string": "%Y-%m-%d %H:%M:%S",
    "to_formatted_date_string": "%b %d, %Y",
}


def format_date(moment: Expr, pattern: str) -> Expr:
    """`moment.strftime(pattern)`."""
    return x.Call(function="format_date", args=(moment, x.Constant(value=pattern)))


def iso(moment: Expr) -> Expr:
    """`moment.isoformat()`."""
    return x.Call(function="iso", args=(moment,))


def without(text: Expr, *signs: str) -> Expr:
    """`text` without these signs."""
    for sign in signs:
        text = x.Call(function="replace", args=(text, x.Constant(value=sign), x.Constant(value="")))
    return text


def is_moment(expr: Expr) -> bool:
    """Whether the value is surely a datetime (or, for the watermark of a first run, None)."""
    return (
        (isinstance(expr, x.Context) and expr.name in _MOMENTS)
        or (isinstance(expr, x.Moment) and expr.type == "datetime")
        or (isinstance(expr, x.Call) and expr.function in _MOMENT_CALLS)
    )


def is_text(expr: Expr) -> bool:
    """Whether the value is surely a `str`."""
    if isinstance(expr, x.Constant):
        return isinstance(expr.value, str)
    if isinstance(expr, x.Conditional):
        return is_text(expr.then) and is_text(expr.otherwise)
    if isinstance(expr, x.Variable):
        return not expr.json_value and (expr.default is None or is_text(expr.default))
    return (
        isinstance(expr, x.Format)
        or (isinstance(expr, x.Call) and expr.function in _TEXT_CALLS)
        or (isinstance(expr, x.Context) and expr.name in ("run_id", "workflow_id", "task_id"))
    )


def moment_attribute(base: Expr, name: str) -> Expr | None:
    """`base.name` of a date; None where dates have no such attribute."""
    if name in _MOMENT_FIELDS:
        return x.Attribute(base=base, name=name)
    if name in ("int_timestamp", "timestamp_int"):
        return x.Call(function="int", args=(x.Call(function="timestamp", args=(base,)),))
    numbered = _NUMBERED.get(name)
    if numbered is not None:
        number: Expr = x.Call(function="int", args=(format_date(base, numbered[0]),))
        return number if not numbered[1] else x.Operation(operator="+", operands=(number, x.Constant(value=numbered[1])))
    return None


def moment_method(base: Expr, name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> Expr:
    """`base.name(...)` of a date."""
    text = args[0].value if len(args) == 1 and isinstance(args[0], x.Constant) and isinstance(args[0].value, str) else None
    if name == "strftime" and text is not None:
        return format_date(base, text)
    if name == "format" and text is not None:
        return format_date(base, _strftime(text))
    if name in ("isoformat", "to_iso8601_string") and not args and not kwargs:
        made = iso(base)
        return made if name == "isoformat" else x.Call(function="replace", args=(made, x.Constant(value="+00:00"), x.Constant(value="Z")))
    if name in _TEXTS and not args:
        return format_date(base, _TEXTS[name])
    if name == "timestamp" and not args:
        return x.Call(function="timestamp", args=(base,))
    if name == "start_of" and text in _UNITS:
        return x.Call(function="start_of", args=(base, x.Constant(value=text)))
    if name in ("add", "subtract") and not args and kwargs:
        return shift(base, duration((), kwargs) * (1 if name == "add" else -1))
    if name == "replace" and not args and kwargs and set(kwargs) <= _MOMENT_FIELDS:
        pairs = [part for key, value in kwargs.items() for part in (x.Constant(value=key), value)]
        return x.Call(function="with_parts", args=(base, *pairs))
    raise NotUnderstood(f"calls .{name}() of a date")


def _strftime(pattern: str) -> str:
    """pendulum's way to write a date in strftime's."""
    made = []
    for piece in _TOKEN.findall(pattern):
        if piece.startswith("["):
            made.append(piece[1:-1].replace("%", "%%"))
        elif piece in _TOKENS:
            made.append(_TOKENS[piece])
        elif re.search(r"[A-Za-z]", piece):
            raise NotUnderstood(f"formats a date by {piece!r}, for which strftime has nothing")
        else:
            made.append(piece.replace("%", "%%"))
    return "".join(made)


def duration(args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> float:
    """The seconds of `timedelta(...)` with literal arguments."""
    given = dict(zip(("days", "seconds"), args, strict=False)) | dict(kwargs)
    total = 0.0
    for name, value in given.items():
        number = value.value if isinstance(value, x.Constant) else None
        if name not in _SECONDS or not isinstance(number, int | float):
            raise NotUnderstood("computes a duration from values that are not literal")
        total += _SECONDS[name] * number
    return total


def shift(moment: Expr, seconds: float) -> Expr:
    """`moment` moved by `seconds`."""
    whole = int(seconds) if seconds == int(seconds) else seconds
    return x.Call(function="shift", args=(moment, x.Constant(value=whole)))


# `macros.<name>(...)`: how many arguments it takes, and the function of the model that it is.
_MACROS: dict[str, tuple[int, str]] = {
    "ds_add": (2, "add_days"),
    "ds_format": (3, "reformat_date"),
    "random": (0, "random"),
    "uuid.uuid4": (0, "uuid"),
    "datetime.now": (0, "now"),
    "datetime.utcnow": (0, "now"),
    "datetime.strptime": (2, "parse_date"),
    "datetime.fromisoformat": (1, "parse_moment"),
    "json.dumps": (1, "json_dumps"),
    "json.loads": (1, "json_loads"),
}


def macro(name: str, args: Sequence[Expr], kwargs: Mapping[str, Expr]) -> Meaning:
    """`macros.<name>(...)`."""
    if name in ("timedelta", "datetime.timedelta"):
        return x.Moment(iso=str(duration(args, kwargs)), type="timedelta")
    if name == "time.time" and not args:
        return x.Call(function="timestamp", args=(x.Call(function="now"),))
    count, function = _MACROS.get(name, (None, ""))
    if count == len(args) and not kwargs:
        return x.Call(function=function, args=tuple(args))
    raise NotUnderstood(f"calls macros.{name}(), for which there is no neutral meaning")


def macro_module(base: Entity, name: str) -> Entity:
    """`macros.datetime`, whose functions are called by one more name."""
    return Entity("macros", f"{base.detail}.{name}".lstrip("."))
