"""Packages that read the environment by type: `environs`, `decouple`, `pydantic_settings`. What they read stays symbolic.

https://github.com/sloria/environs, https://github.com/HBNetwork/python-decouple
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET
from workbook_lib.sources.tracing._calls import lift
from workbook_lib.sources.tracing._inert import Inert, InertObject
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


class Settings(InertObject):
    """`pydantic_settings.BaseSettings`: each annotated attribute is asked for in the environment.

    https://docs.pydantic.dev/latest/concepts/pydantic_settings/
    """

    def __init__(self, **given: Any) -> None:
        prefix = _prefix(type(self))
        for cls in reversed(type(self).__mro__):
            for name, kind in vars(cls).get("__annotations__", {}).items():
                if not name.startswith("_") and name not in ("model_config", *given):
                    default = getattr(cls, name, NOTSET)
                    default = NOTSET if isinstance(default, Inert) else default
                    typed = str(getattr(kind, "__name__", kind))
                    self.__dict__[name] = getattr(EnvReader(), typed)(f"{prefix}{name}".upper(), default)
        super().__init__(**given)


def _prefix(cls: type) -> str:
    config = getattr(cls, "model_config", None)
    found = config.get("env_prefix") if isinstance(config, dict) else getattr(getattr(cls, "Config", None), "env_prefix", None)
    return found if isinstance(found, str) else ""


BASES: dict[str, type] = {"BaseSettings": Settings}
