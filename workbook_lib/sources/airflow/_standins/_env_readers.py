"""Packages that read the environment by type: `environs` and `decouple`. Their values stay symbolic, as those of `os.environ` do.

https://github.com/sloria/environs, https://github.com/HBNetwork/python-decouple
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET
from workbook_lib.sources.tracing._calls import lift
from workbook_lib.sources.tracing._symbols import call, derive, entry_of

# What each method makes of a text: the function, its name in the model, and what is assumed where that fails.
_TYPES: dict[str, tuple[Callable[[str], Any], str, Any]] = {
    "int": (int, "int", 1),
    "float": (float, "float", 1.0),
    "bool": (lambda text: text.strip().lower() in ("1", "true", "t", "yes", "y", "on"), "bool", True),
    "list": (lambda text: text.split(","), "split", [""]),
}


class EnvReader:
    """`environs.Env`: called, or by a method for each type."""

    def __call__(self, name: str, default: Any = NOTSET, **options: Any) -> Any:
        environment: Any = os.environ
        return environment._symbol(name, None if default is NOTSET else default, default is not NOTSET)

    def read_env(self, *args: Any, **options: Any) -> bool:
        """A file of values says nothing of where the DAG runs."""
        return True

    def __getattr__(self, kind: str) -> Any:
        if kind.startswith("_"):
            raise AttributeError(kind)
        if kind in ("json", "dict"):
            return lambda name, default=NOTSET, **options: lift(json.loads, "json", (self(name, default),), {})
        return lambda name, default=NOTSET, **options: _typed(self(name, default), default, kind)


def _typed(value: Any, default: Any, kind: str) -> Any:
    entry = entry_of(value)
    if entry is None or kind not in _TYPES:
        return value
    if not isinstance(entry.value, str) or (default is not NOTSET and entry.value is default):
        return derive(entry.expr, lambda same: same, value)
    convert, function, assumed = _TYPES[kind]
    return call(function, convert, value, fallback=assumed)


def _decouple(name: str, default: Any = NOTSET, cast: Any = str) -> Any:
    return _typed(EnvReader()(name, default), default, getattr(cast, "__name__", ""))


READERS: dict[str, Callable[..., Any]] = {"environs.Env": EnvReader, "environs.FileAwareEnv": EnvReader, "decouple.config": _decouple}
