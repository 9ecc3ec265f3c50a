"""The functions of `model.expr.Call` that need more than a method: how each is written, and what it imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

FROM_VARIABLES = "from shared.variables import given"

# Function -> how it is written ({0} is the first argument), and its imports.
FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "required": ("given({0}, {1})", (FROM_VARIABLES,)),
    "parse_moment": ("(datetime.fromisoformat({0}) if {0} else None)", ("from datetime import datetime",)),
    "parse_date": ("datetime.strptime({0}, {1})", ("from datetime import datetime",)),
    "random": ("random()", ("from random import random",)),
    "uuid": ("str(uuid4())", ("from uuid import uuid4",)),
    "abs": ("abs({0})", ()),
    "title": ("{0}.title()", ()),
    "capitalize": ("{0}.capitalize()", ()),
    "dict_items": ("{0}.items()", ()),
    "dict_keys": ("{0}.keys()", ()),
    "dict_values": ("{0}.values()", ()),
    "reversed": ("{0}[::-1]", ()),
    "unique": ("list(dict.fromkeys({0}))", ()),
    "in_zone": ("{0}.astimezone(ZoneInfo({1}))", ("from zoneinfo import ZoneInfo",)),
}
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_FIRST = {"month": 1, "day": 1}


def _start_of(args: Sequence[str]) -> str:
    """`start_of(moment, unit)`: all that is smaller than the unit at its first value."""
    smaller = _UNITS[_UNITS.index(args[1].strip("\"'")) + 1 :]
    return f"{args[0]}.replace({', '.join(f'{unit}={_FIRST.get(unit, 0)}' for unit in (*smaller, 'microsecond'))})"


def _several(template: str) -> Callable[[Sequence[str]], str]:
    return lambda args: template.format(", ".join(args), *args)


# The same for those with a varying number of arguments.
MORE: dict[str, Callable[[Sequence[str]], str]] = {
    "start_of": _start_of,
    "round": _several("round({0})"),
    "dict_get": lambda args: f"{args[0]}.get({', '.join(args[1:])})",
    "slice": lambda args: f"{args[0]}[{':'.join('' if part == 'None' else part for part in args[1:])}]",
    "range": _several("range({0})"),
}


def written(function: str, args: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The call as Python, and its imports; None where there is no form."""
    if function in MORE:
        return MORE[function](args), ()
    if function in FORMS:
        template, imports = FORMS[function]
        return template.format(*args), imports
    return None
