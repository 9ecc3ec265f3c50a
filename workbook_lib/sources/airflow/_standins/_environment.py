"""`os.environ`: symbolic for the user's files, the worker's own for the standard library."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

from workbook_lib.sources.airflow._standins._state import SESSION, report
from workbook_lib.sources.tracing import _calls, _hooks
from workbook_lib.sources.tracing._entries import STATE, UNSET, Entry, Expr, ask, constant, user_line
from workbook_lib.sources.tracing._exprs import to_expr
from workbook_lib.sources.tracing._stack import display
from workbook_lib.sources.tracing._symbols import entries_in, inputs_of, make, name_text, text, text_symbol, value_of

_FOLDERS = {"AIRFLOW_HOME": "home", "AIRFLOW__CORE__DAGS_FOLDER": "dags_folder"}
_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")
_ABC = getattr(sys.modules.get("_collections_abc"), "__file__", "")


class Environment(MutableMapping[str, str]):
    """The environment as the user's files see it."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._set: dict[str, str] = {}
        self._told: set[tuple[str | None, int | None]] = set()  # places where the whole of it is used

    def _asked_by_user(self) -> bool:
        frame: Any = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in _PASSED:
            frame = frame.f_back
        return frame is not None and STATE.is_user_file(frame.f_code.co_filename)

    def _symbol(self, key: str, default: Any, has_default: bool) -> Any:
        if key in self._set:
            return self._set[key]
        key = name_text(key, "the name of an environment variable")
        expr: Expr = {"kind": "environment", "name": key}
        if has_default:
            expr["default"] = to_expr(default)
        ask("environment", key, expr.get("default") if default is not None else None)
        given = SESSION.environment.get(key)
        if given == UNSET and not has_default:
            raise KeyError(key)
        known = given is not None
        value = default if given in (None, UNSET) and has_default else key if given is None else given
        if not known and key in _FOLDERS:  # the repository stands for them
            known, value = True, getattr(SESSION, _FOLDERS[key])
        others = list(entries_in(value)) if given in (None, UNSET) else []
        known = known and all(one.known for one in others)
        entry = Entry(expr, value_of(value), known, (("environment", key), *inputs_of(others)))
        return text_symbol(entry) if isinstance(entry.value, (str, type(None))) else make(entry)

    def __getitem__(self, key: str) -> Any:
        return self._symbol(key, None, False) if self._asked_by_user() else self._real[key]

    def get(self, key: str, default: Any = None) -> Any:
        if self._asked_by_user():
            return self._symbol(key, default, True)
        return self._real.get(key, default)

    def _workbook_contains(self, key: Any) -> Any:
        """`key in os.environ`, asked by the user."""
        name = name_text(key, "the name of an environment variable")
        if name in self._set:
            return True
        ask("environment", name, None, "whether it is set")
        given = SESSION.environment.get(name)
        read: Expr = {"kind": "environment", "name": name, "default": constant(None)}
        expr: Expr = {"kind": "operation", "operator": "!=", "operands": [read, constant(None)]}
        return make(Entry(expr, given not in (None, UNSET), given is not None, (("environment", name),)))

    def __contains__(self, key: object) -> bool:
        return bool(self._workbook_contains(key)) if self._asked_by_user() else key in self._real

    def __setitem__(self, key: str, value: str) -> None:
        if self._asked_by_user():
            self._set[key] = value
        else:
            self._real[key] = value

    def __delitem__(self, key: str) -> None:
        self._set.pop(key, None)

    def _whole(self) -> dict[str, str]:
        place = user_line(2)
        if place not in self._told:  # `list` asks for the length as well
            self._told.add(place)
            report(
                "airflow.environment_whole", "note" if SESSION.environment else "warning",
                "the whole environment is used while reading; only what was given is taken to be in it",
                advice="Name the values that are needed.", file=display(place[0]) if place[0] else None, line=place[1],
            )  # fmt: skip
        return {**{name: value for name, value in SESSION.environment.items() if value != UNSET}, **self._set}

    def _inside(self) -> dict[str, str]:
        """As Python's own modules see it."""
        return {**self._real, **SESSION.environment, **self._set}

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole() if self._asked_by_user() else self._inside())

    def __len__(self) -> int:
        return len(self._whole() if self._asked_by_user() else self._inside())

    def keys(self) -> Any:
        return (self._whole() if self._asked_by_user() else self._inside()).keys()

    def values(self) -> Any:
        return (self._whole() if self._asked_by_user() else self._inside()).values()

    def items(self) -> Any:
        return (self._whole() if self._asked_by_user() else self._inside()).items()

    def __or__(self, other: Any) -> dict[str, str]:
        return {**self._whole(), **other}

    def __ror__(self, other: Any) -> dict[str, str]:
        return {**other, **self._whole()}

    def copy(self) -> dict[str, str]:
        """As `os.environ.copy`."""
        return self._whole()

    def setdefault(self, key: str, default: str = "") -> Any:
        return self.get(key, default)


_PASSED = (os.__file__, __file__, _ABC, _calls.__file__, _hooks.__file__)


def install_environment() -> None:
    """Put the symbolic environment in the place of `os.environ`."""
    environment = Environment(os.environ)
    os.environ = environment  # type: ignore[assignment]  # noqa: B003 - the worker's own environment was set before

    def getenv(key: str, default: Any = None) -> Any:
        return environment.get(key, default)

    def expandvars(path: Any) -> Any:
        """As `os.path.expandvars`; where a name is not set, its text stays."""

        def expand(found: re.Match[str]) -> str:
            name = found.group(1).strip("{}")
            return str.__str__(environment._symbol(name, found.group(0), True))

        return text(_VARIABLE.sub(expand, str.__str__(str(path))))

    os.getenv = getenv
    os.path.expandvars = expandvars
