"""Values that the Airflow server keeps: variables, connections and configuration. The environment is in `_environment.py`."""

from __future__ import annotations

import json
from typing import Any

from workbook_lib.sources.airflow._standins import _tables
from workbook_lib.sources.airflow._standins._connection_uri import from_uri, to_uri
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION
from workbook_lib.sources.tracing._entries import UNSET, Entry, Expr, ask, used
from workbook_lib.sources.tracing._exprs import to_expr
from workbook_lib.sources.tracing._symbols import entries_in, inputs_of, make, name_text, text_symbol, value_of


class NotFound(KeyError):
    """A variable that is said not to be there; the text is Airflow's own."""


class ConnectionNotFound(Exception):
    """A connection that is said not to be there."""


def stored_variable(key: str) -> Any:
    """The value given for a variable: by name, or in the environment as Airflow looks it up; None when it is not known."""
    value = SESSION.variables.get(key)
    if isinstance(value, dict) and set(value) >= {"value"} and set(value) <= {"value", "description", "key", "is_encrypted"}:
        value = value["value"]
    return SESSION.environment.get(f"AIRFLOW_VAR_{key.upper()}") if value is None else value


class Variable:
    """As in Airflow; every value stays symbolic."""

    @classmethod
    def get(cls, key: str, default_var: Any = NOTSET, deserialize_json: bool = False, default: Any = NOTSET, team_name: Any = None) -> Any:
        key = name_text(key, "the name of a variable")
        fallback = default_var if default_var is not NOTSET else default
        expr: Expr = {"kind": "variable", "name": key, "json_value": deserialize_json}
        inputs = (("variable", key),)
        if fallback is not NOTSET:
            expr["default"] = to_expr(fallback)
        ask("variable", key, expr.get("default"), "JSON" if deserialize_json else "")
        value = stored_variable(key)
        known = value is not None
        if value == UNSET:
            if fallback is NOTSET:
                raise NotFound(f"Variable {key} does not exist")
            value = fallback
        elif known:
            value = _decoded(value) if deserialize_json else value if isinstance(value, str) else json.dumps(value)
        elif fallback is not NOTSET:
            value = fallback
        else:
            value = [key] if deserialize_json else key
        others = list(entries_in(value))
        entry = Entry(expr, value_of(value), known and all(one.known for one in others), (*inputs, *inputs_of(others)))
        return make(entry) if deserialize_json or not (isinstance(value, str) or value is None) else text_symbol(entry)

    @classmethod
    def set(cls, *args: Any, **kwargs: Any) -> None:
        return None

    update = delete = set

    @classmethod
    def setdefault(cls, key: str, default: Any, description: Any = None, deserialize_json: bool = False) -> Any:
        return cls.get(key, default, deserialize_json)


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


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


class StoredConnection:
    """A connection of the server: every field stays symbolic."""

    def __init__(self, conn_id: Any) -> None:
        self.conn_id = name_text(conn_id, "the name of a connection")
        ask("connection", self.conn_id)
        if self._stored() == UNSET:
            raise ConnectionNotFound(f"The conn_id `{self.conn_id}` isn't defined")

    def _stored(self) -> Any:
        found = SESSION.connections.get(self.conn_id)
        found = SESSION.environment.get(f"AIRFLOW_CONN_{self.conn_id.upper()}") if found is None else found
        if isinstance(found, str) and found != UNSET:
            found = json.loads(found) if found.lstrip().startswith("{") else from_uri(found)
        return found

    def _extra(self) -> Any:
        """The decoded extra fields; None where the connection is not known."""
        stored = self._stored()
        if not isinstance(stored, dict):
            return None
        extra = stored.get("extra") or stored.get("extra_dejson") or {}
        return json.loads(extra) if isinstance(extra, str) else extra

    def _field(self, name: str) -> Any:
        stored = self._stored()
        used((("connection", self.conn_id),), key=name)
        known = isinstance(stored, dict)
        value: Any = name
        if isinstance(stored, dict):
            value = stored.get(name)
            if name == "uri" and value is None:
                value = to_uri(stored)
            if name == "port" and isinstance(value, str) and value.isdigit():
                value = int(value)
            if name == "extra" and not isinstance(value, (str, type(None))):
                value = json.dumps(value)
        return make(Entry({"kind": "connection", "id": self.conn_id, "field": name}, value, known, (("connection", self.conn_id),)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._field(name)

    def get_uri(self) -> Any:
        return self._field("uri")

    def get_password(self) -> Any:
        return self._field("password")

    @property
    def extra_dejson(self) -> Any:
        return _Extra(self)

    def _workbook_expr(self) -> Expr:
        return {"kind": "connection", "id": self.conn_id, "field": None}


class _Extra:
    """The decoded extra fields of a connection."""

    def __init__(self, connection: StoredConnection) -> None:
        self.connection = connection

    def _entry(self, key: str, value: Any, known: bool) -> Entry:
        used((("connection", self.connection.conn_id),), key=f"extra.{key}")
        expr: Expr = {"kind": "connection", "id": self.connection.conn_id, "field": f"extra.{key}"}
        return Entry(expr, value, known, (("connection", self.connection.conn_id),))

    def __getitem__(self, key: Any) -> Any:
        key = name_text(key, "the name of a field")
        extra = self.connection._extra()
        return make(self._entry(key, key if extra is None else extra[key], extra is not None))

    def get(self, key: Any, default: Any = None) -> Any:
        key = name_text(key, "the name of a field")
        extra = self.connection._extra()
        value = (key if default is None else value_of(default)) if extra is None else extra.get(key, value_of(default))
        found = self._entry(key, value, extra is not None)
        other = [] if default is None else [to_expr(default)]
        expr: Expr = {"kind": "call", "function": "dict_get", "args": [self._text(), {"kind": "constant", "value": key}, *other]}
        return make(Entry(expr, value, found.known, (*found.inputs, *inputs_of(entries_in(default)))))

    def __contains__(self, key: object) -> bool:
        extra = self.connection._extra()
        whole = self._entry(str(key), extra is not None and key in extra, extra is not None)
        return bool(make(whole))

    def _text(self) -> Expr:
        return {"kind": "connection", "id": self.connection.conn_id, "field": "extra_dejson"}

    def _whole(self) -> Any:
        extra = self.connection._extra()
        return make(Entry(self._text(), {} if extra is None else extra, extra is not None, (("connection", self.connection.conn_id),)))

    def _workbook_expr(self) -> Expr:
        return to_expr(self._whole())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._whole(), name)

    def __iter__(self) -> Any:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())


class _Configuration:
    """`airflow.configuration.conf`."""

    def _read(self, section: Any, key: Any, fallback: Any, convert: Any) -> Any:
        section, key = (name_text(part, "the name of a setting").lower() for part in (section, key))
        if (section, key) == ("core", "dags_folder"):
            return SESSION.dags_folder
        name = f"AIRFLOW__{section.upper().replace('.', '_')}__{key.upper()}"
        default = _tables.CONFIGURATION.get((section, key), NOTSET)
        default = fallback if default is NOTSET else default
        ask("environment", name, to_expr(default) if default is not NOTSET else None, f"the setting [{section}] {key}")
        value = SESSION.environment.get(name)
        known = value is not None and value != UNSET
        if not known:
            value = value_of(default) if default is not NOTSET else key
        try:
            value = convert(value) if value is not None else None
        except (TypeError, ValueError):
            if known:
                raise
        expr = {"kind": "unknown", "source": f"conf.get({section!r}, {key!r})", "reason": "a setting of the Airflow installation"}
        return make(Entry(expr, value, known, (("environment", name),)))

    def get(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: value)

    get_mandatory_value = get

    def getint(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, int)

    def getfloat(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, float)

    def getboolean(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: str(value).lower() in ("t", "true", "1", "yes", "y", "on"))

    def getlist(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: value if isinstance(value, list) else str(value).split(","))

    def getjson(self, section: str, key: str, fallback: Any = NOTSET, **more: Any) -> Any:
        return self._read(section, key, fallback, lambda value: json.loads(value) if isinstance(value, str) else value)

    def has_option(self, section: str, key: str, **more: Any) -> Any:
        name = f"AIRFLOW__{section.upper()}__{key.upper()}"
        ask("environment", name, None, f"the setting [{section}] {key}")
        given = SESSION.environment.get(name)
        there = given not in (None, UNSET) or (section.lower(), key.lower()) in _tables.CONFIGURATION
        expr = {"kind": "unknown", "source": f"conf.has_option({section!r}, {key!r})", "reason": "a setting of the Airflow installation"}
        return make(Entry(expr, there, given is not None or there, (("environment", name),)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


conf = _Configuration()
