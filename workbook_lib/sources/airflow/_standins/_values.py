"""Values that the Airflow server keeps: variables, connections, configuration, and the environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

from workbook_lib.sources.airflow._standins import _tables
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION
from workbook_lib.sources.tracing._entries import STATE, Entry, Expr, decide
from workbook_lib.sources.tracing._exprs import to_expr
from workbook_lib.sources.tracing._symbols import make, plain, text_symbol


class Variable:
    """As in Airflow; every value stays symbolic."""

    @classmethod
    def get(cls, key: str, default_var: Any = NOTSET, deserialize_json: bool = False, default: Any = NOTSET, team_name: Any = None) -> Any:
        key = plain(key)
        fallback = default_var if default_var is not NOTSET else default
        expr: Expr = {"kind": "variable", "name": key, "json_value": deserialize_json}
        if fallback is not NOTSET:
            expr["default"] = to_expr(fallback)
        known = key in SESSION.variables
        if known:
            value = SESSION.variables[key]
            if isinstance(value, dict) and set(value) >= {"value"} and set(value) <= {"value", "description", "key", "is_encrypted"}:
                value = value["value"]
            if deserialize_json and isinstance(value, str):
                value = json.loads(value)
            elif not deserialize_json and not isinstance(value, str):
                value = json.dumps(value)
        elif fallback is not NOTSET:
            value = fallback
        else:
            value = [key] if deserialize_json else key
        entry = Entry(expr, value, known, (("variable", key),))
        return make(entry) if deserialize_json or not (isinstance(value, str) or value is None) else text_symbol(entry)

    @classmethod
    def set(cls, *args: Any, **kwargs: Any) -> None:
        return None

    update = delete = set

    @classmethod
    def setdefault(cls, key: str, default: Any, description: Any = None, deserialize_json: bool = False) -> Any:
        return cls.get(key, default, deserialize_json)


class Connection:
    """A stored connection; `Connection(...)` in user code is only kept."""

    def __init__(self, conn_id: str = "", **fields: Any) -> None:
        self.conn_id, self._fields = conn_id, fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._fields.get(name)

    def get_uri(self) -> str:
        return ""

    @classmethod
    def get_connection_from_secrets(cls, conn_id: str) -> Any:
        return StoredConnection(conn_id)

    get = get_connection_from_secrets


_CONNECTION_FIELDS = {
    "host": "host",
    "login": "login",
    "password": "password",
    "schema": "schema",
    "port": "port",
    "conn_type": "conn_type",
}


class StoredConnection:
    """A connection of the server: every field stays symbolic."""

    def __init__(self, conn_id: Any) -> None:
        self.conn_id = plain(conn_id)

    def _field(self, name: str, key: str | None = None) -> Any:
        stored = SESSION.connections.get(self.conn_id)
        known = isinstance(stored, dict)
        value: Any = stored.get(name) if isinstance(stored, dict) else name
        if key is not None and isinstance(stored, dict):
            extra = stored.get("extra") or {}
            extra = json.loads(extra) if isinstance(extra, str) else extra
            value = extra.get(key)
        elif key is not None:
            value = key
        field = name if key is None else f"extra.{key}"
        return make(Entry({"kind": "connection", "id": self.conn_id, "field": field}, value, known, (("connection", self.conn_id),)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._field(_CONNECTION_FIELDS.get(name, name))

    def get_uri(self) -> Any:
        return self._field("uri")

    @property
    def extra_dejson(self) -> Any:
        return _Extra(self)

    def _workbook_expr(self) -> Expr:
        return {"kind": "connection", "id": self.conn_id, "field": None}


class _Extra:
    def __init__(self, connection: StoredConnection) -> None:
        self.connection = connection

    def __getitem__(self, key: str) -> Any:
        return self.connection._field("extra", key)

    def get(self, key: str, default: Any = None) -> Any:
        return self.connection._field("extra", key)


class _Configuration:
    """`airflow.configuration.conf`."""

    def _read(self, section: str, key: str, fallback: Any, convert: Any) -> Any:
        section, key = str(section).lower(), str(key).lower()
        if (section, key) == ("core", "dags_folder"):
            return SESSION.dags_folder
        name = f"AIRFLOW__{section.upper()}__{key.upper()}"
        known = name in SESSION.environment
        default = _tables.CONFIGURATION.get((section, key), fallback if fallback is not NOTSET else key)
        value = SESSION.environment.get(name, default)
        try:
            value = convert(value)
        except (TypeError, ValueError):
            known = False
        expr = {"kind": "unknown", "source": f"conf.get({section!r}, {key!r})", "reason": "a setting of the Airflow installation"}
        return make(Entry(expr, value, known, (("environment", name),)))

    def get(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: value)

    def getint(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, int)

    def getfloat(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, float)

    def getboolean(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: str(value).lower() in ("t", "true", "1", "yes"))

    def getlist(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: str(value).split(","))

    def has_option(self, section: str, key: str) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


conf = _Configuration()


_FOLDERS = {"AIRFLOW_HOME": "home", "AIRFLOW__CORE__DAGS_FOLDER": "dags_folder"}


class Environment(MutableMapping[str, str]):
    """`os.environ`: symbolic for the user's files, the worker's own for the standard library."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._set: dict[str, str] = {}

    def _asked_by_user(self) -> bool:
        frame: Any = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in (os.__file__, __file__, _ABC):
            frame = frame.f_back
        return frame is not None and STATE.is_user_file(frame.f_code.co_filename)

    def _symbol(self, key: str, default: Any, has_default: bool) -> Any:
        if key in self._set:
            return self._set[key]
        expr: Expr = {"kind": "environment", "name": key}
        if has_default:
            expr["default"] = to_expr(default)
        known = key in SESSION.environment
        value = SESSION.environment[key] if known else default if has_default else key
        if not known and key in _FOLDERS:  # the repository stands for them
            known, value = True, getattr(SESSION, _FOLDERS[key])
        return text_symbol(Entry(expr, value, known, (("environment", key),)))

    def __getitem__(self, key: str) -> Any:
        return self._symbol(key, None, False) if self._asked_by_user() else self._real[key]

    def get(self, key: str, default: Any = None) -> Any:
        if self._asked_by_user():
            return self._symbol(key, default, True)
        return self._real.get(key, default)

    def __contains__(self, key: object) -> bool:
        if not self._asked_by_user():
            return key in self._real
        name = str(key)
        if name in self._set:
            return True
        entry = Entry({}, name in SESSION.environment, bool(SESSION.environment), (("environment", name),))
        return bool(decide(entry, "a condition"))

    def __setitem__(self, key: str, value: str) -> None:
        if self._asked_by_user():
            self._set[key] = value
        else:
            self._real[key] = value

    def __delitem__(self, key: str) -> None:
        self._set.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(
            {**self._real, **SESSION.environment, **self._set} if not self._asked_by_user() else {**SESSION.environment, **self._set}
        )

    def __len__(self) -> int:
        return len(self._real)

    def copy(self) -> dict[str, str]:
        """As `os.environ.copy`."""
        return {**SESSION.environment, **self._set}

    def setdefault(self, key: str, default: str = "") -> Any:
        return self.get(key, default)


_ABC = getattr(sys.modules.get("_collections_abc"), "__file__", "")


def install_environment() -> None:
    """Put the symbolic environment in the place of `os.environ`."""
    environment = Environment(os.environ)
    os.environ = environment  # type: ignore[assignment]  # noqa: B003 - the worker's own environment was set before

    def getenv(key: str, default: Any = None) -> Any:
        return environment.get(key, default)

    os.getenv = getenv
