"""The functions of `model.expr.Call` that need more than a method: how each is written, and what it imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

FROM_VARIABLES = "from shared.variables import given"
FROM_CONNECTIONS = "from shared.connections import stored_connection"
# Calls without arguments that stand for a function itself: what reaches what is kept on the server, by a name known only then.
FUNCTIONS = {
    "connection_of": FROM_CONNECTIONS,
    "variable_of": "from shared.variables import get_variable",
    "set_variable": "from shared.variables import set_variable",
    "delete_variable": "from shared.variables import delete_variable",
}

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
    "pulled": ("pulled({0})", ("from shared.templates import pulled",)),
    "pulled_3": ("pulled({0}, gaps=True)", ("from shared.templates import pulled",)),
    "in_zone": ("{0}.astimezone(ZoneInfo({1}))", ("from zoneinfo import ZoneInfo",)),
}
_HTML = r'{60: "\\u003c", 62: "\\u003e", 38: "\\u0026", 39: "\\u0027"}'  # as Jinja's `tojson` writes the signs of HTML
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_FIRST = {"month": 1, "day": 1}


def _start_of(args: Sequence[str]) -> str:
    """`start_of(moment, unit)`: all that is smaller than the unit at its first value."""
    smaller = _UNITS[_UNITS.index(args[1].strip("\"'")) + 1 :]
    return f"{args[0]}.replace({', '.join(f'{unit}={_FIRST.get(unit, 0)}' for unit in (*smaller, 'microsecond'))})"


def _with_parts(args: Sequence[str]) -> str:
    """`with_parts(moment, "day", 1, ...)`."""
    pairs = zip(args[1::2], args[2::2], strict=True)
    return f"{args[0]}.replace({', '.join(f'{name[1:-1]}={value}' for name, value in pairs)})"


def _several(template: str) -> Callable[[Sequence[str]], str]:
    return lambda args: template.format(", ".join(args), *args)


# The same for those with a varying number of arguments.
MORE: dict[str, Callable[[Sequence[str]], str]] = {
    "start_of": _start_of,
    "with_parts": _with_parts,
    "round": _several("round({0})"),
    "dict_get": lambda args: f"{args[0]}.get({', '.join(args[1:])})",
    "slice": lambda args: f"{args[0]}[{':'.join('' if part == 'None' else part for part in args[1:])}]",
    "range": _several("range({0})"),
}


def written(function: str, args: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The call as Python, and its imports; None where there is no form."""
    if function in MORE:
        return MORE[function](args), ()
    if function == "json_html":
        return f"json.dumps({args[0]}, sort_keys=True).translate({_HTML})", ("import json",)
    if function in ("render", "render_native"):
        return f"{function}({', '.join(args)})", (f"from shared.templates import {function}",)
    if function in FORMS:
        template, imports = FORMS[function]
        return template.format(*args), imports
    return None
