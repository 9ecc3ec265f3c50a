"""Turns live values of a traced file into expressions: plain dicts in the form of `model.expr`.

A stand-in says what it means with a method `_workbook_expr`. Everything else that is not data becomes `unknown` with its text.
"""

from __future__ import annotations

import functools
import math
import re
import tempfile
import types
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any

from workbook_lib.sources.tracing._callables import calls, details, of_partial
from workbook_lib.sources.tracing._entries import MARK, STATE, Expr, constant
from workbook_lib.sources.tracing._symbols import entry_of, plain, text

MAX_DEPTH = 40
MAX_TEXT = 200_000
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def clean(value: str) -> str:
    """Text that JSON can carry: lone surrogates are escaped."""
    return value[:MAX_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")


def unknown(value: Any, reason: str) -> Expr:
    """What no rule understands, with its text; memory addresses are left out, so that the same source gives the same bytes."""
    try:
        source = _ADDRESS.sub("", repr(value))
    except Exception:
        source = f"<{type(value).__name__}>"
    return {"kind": "unknown", "source": clean(plain(source))[:2000], "reason": reason}


def callable_expr(value: Any) -> Expr:
    """A function or class: its name and where it is defined."""
    code = getattr(value, "__code__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__name__
    if code is None and isinstance(value, type):
        from workbook_lib.sources.tracing._stack import class_place

        place = class_place(value)
        if place:
            return {"kind": "callable", "name": clean(name), "file": place[0], "line": place[1], "reason": None}
        return {
            "kind": "callable",
            "name": clean(f"{value.__module__}.{name}"),
            "file": None,
            "line": None,
            "reason": "not of this repository",
        }
    if code is None or not STATE.is_user_file(code.co_filename):
        module = getattr(value, "__module__", "") or ""
        reason = "builtin" if module == "builtins" else "not of this repository"
        return {"kind": "callable", "name": clean(f"{module}.{name}" if module else name), "file": None, "line": None, "reason": reason}
    from workbook_lib.sources.tracing._stack import display

    why = "lambda" if code.co_name == "<lambda>" else None
    return {"kind": "callable", "name": clean(name), "file": display(code.co_filename), "line": code.co_firstlineno, "reason": why}


def callable_place(value: Any) -> tuple[str, int] | None:
    """File (as the user named it) and line of a function of the user's."""
    found = callable_expr(value)
    return (found["file"], found["line"]) if found["file"] else None


def _of_the_reading(value: str) -> Expr | None:
    """A text that holds the folder of this reading, got from `os.getcwd()`, `~` or `tempfile`: it means nothing later."""
    here = tempfile.tempdir
    if not here or here not in value:
        return None
    return unknown(value.replace(here, "<folder of the reading>"), "a folder of the machine that read the file")


def to_expr(value: Any, depth: int = 0) -> Expr:
    """`value` as an expression."""
    if depth > MAX_DEPTH:
        return unknown(type(value), "nested too deeply")
    meaning = getattr(type(value), "_workbook_expr", None)
    if meaning is not None:
        result: Expr = meaning(value)
        return result
    entry = entry_of(value)
    if entry is not None:
        return entry.expr
    if value is None or value is True or value is False:
        return constant(value)
    if isinstance(value, Enum):
        return to_expr(value.value, depth + 1)
    if isinstance(value, str):
        if MARK in value:
            return to_expr(text(str(value)), depth + 1)
        return _of_the_reading(str(value)) or constant(clean(str(value)))
    if isinstance(value, int):
        return constant(int(value))
    if isinstance(value, float):
        return constant(float(value)) if math.isfinite(value) else unknown(value, "not a JSON number")
    if isinstance(value, timedelta):
        return {"kind": "moment", "iso": str(value.total_seconds()), "type": "timedelta"}
    if isinstance(value, datetime):
        return {"kind": "moment", "iso": value.isoformat(), "type": "datetime"}
    if isinstance(value, date):
        return {"kind": "moment", "iso": value.isoformat(), "type": "date"}
    if isinstance(value, PurePath):
        return to_expr(str(value), depth + 1)
    if isinstance(value, Mapping) and not isinstance(value, type):
        return _dict(value, depth)
    if isinstance(value, (list, tuple, Set)):
        return _list(value, depth)
    if isinstance(value, functools.partial):
        found = of_partial(value, to_expr, depth)
        return found if found["kind"] == "callable" else unknown(value, "functools.partial")
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType, type)):
        return {**callable_expr(value), **details(value, to_expr, depth)}
    if isinstance(value, time):
        return unknown(value, "a time of day")
    if isinstance(value, bytes):
        return unknown(value, "bytes")
    if callable(value) and hasattr(value, "__wrapped__"):
        return {**callable_expr(value.__wrapped__), **details(value.__wrapped__, to_expr, depth)}
    if calls(value):
        return {**callable_expr(type(value).__call__), **details(value, to_expr, depth)}
    return unknown(value, f"an object of class {type(value).__name__}")


def _dict(value: Mapping[Any, Any], depth: int) -> Expr:
    items = [[to_expr(key, depth + 1), to_expr(item, depth + 1)] for key, item in value.items()]
    if all(key["kind"] == "constant" and isinstance(key["value"], str) and item["kind"] == "constant" for key, item in items):
        return constant({key["value"]: item["value"] for key, item in items})
    return {"kind": "dict", "items": items}


def _list(value: Any, depth: int) -> Expr:
    ordered = sorted(value, key=repr) if isinstance(value, Set) else value
    items = [to_expr(item, depth + 1) for item in ordered]
    if isinstance(value, list) and all(item["kind"] == "constant" for item in items):
        return constant([item["value"] for item in items])
    kind = "set" if isinstance(value, Set) else "tuple" if isinstance(value, tuple) else "list"
    return {"kind": "list", "items": items, "type": kind}
