"""Connections, each kept as a Secret block of Prefect: a URI, or JSON with the fields below."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from prefect.blocks.system import Secret

_FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


@dataclass(frozen=True, repr=False)
class Connection:
    """How a system is reached; it shows as its name alone, for the rest is secret. `extra` is JSON text."""

    conn_id: str
    conn_type: str | None = None
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None

    def __repr__(self) -> str:
        return self.conn_id

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The fields in `extra`."""
        found: dict[str, Any] = json.loads(self.extra) if self.extra else {}
        return found

    def get_password(self) -> str | None:
        """The password."""
        return self.password

    def get_uri(self) -> str:
        """All of it as a URI."""
        protocol, _, host = (self.host or "").rpartition("://")
        account = "" if self.login is None else quote(self.login, safe="")
        account += "" if self.password is None else f":{quote(self.password, safe='')}"
        place = quote(host, safe="") + (f":{self.port}" if self.port else "")
        place = f"{account}@{place}" if account or (self.port and not host) else place
        path = f"/{quote(self.schema, safe='')}" if self.schema else ""
        kind = f"{self.conn_type.lower().replace('_', '-')}:" if self.conn_type else ""
        return f"{kind}//{f'{protocol}://' if protocol else ''}{place}{path}{self._query()}"

    def _query(self) -> str:
        if not self.extra:
            return ""
        fields = self.extra_dejson
        plain = bool(fields) and all(isinstance(value, str) for value in fields.values())
        return ("?" if self.schema else "/?") + urlencode(fields if plain else {"__extra__": self.extra})


def stored_connection(conn_id: str) -> Connection:
    """The connection of that name; KeyError when there is no Secret block for it."""
    try:
        block = Secret.load(_block(conn_id), _sync=True)
    except ValueError:
        raise KeyError(f"there is no Secret block {_block(conn_id)!r} for the connection {conn_id!r}") from None
    return _connection(conn_id, block.get())


def keep_connections(file: str) -> None:
    """Keep all connections of a JSON file, by their names, as Secret blocks."""
    for conn_id, value in json.loads(Path(file).read_text(encoding="utf-8")).items():
        Secret(value=value).save(_block(conn_id), overwrite=True)


def _block(conn_id: str) -> str:
    """Names of blocks are lower case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", conn_id.lower()).strip("-")


def _connection(conn_id: str, value: str | Mapping[str, Any]) -> Connection:
    given = _parts(value) if isinstance(value, str) else value
    fields = {name: given[name] for name in _FIELDS if given.get(name) is not None}
    if not isinstance(fields.get("extra", ""), str):
        fields["extra"] = json.dumps(fields["extra"])
    fields["port"] = int(fields["port"]) if fields.get("port") else None
    return Connection(conn_id, **fields)


def _parts(uri: str) -> dict[str, Any]:
    parts = urlsplit(uri)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    kind = parts.scheme.replace("-", "_")
    return {
        "conn_type": "postgres" if kind == "postgresql" else kind,
        "host": unquote(parts.hostname or ""),
        "login": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "schema": unquote(parts.path.removeprefix("/")),
        "port": parts.port,
        "extra": query.get("__extra__", json.dumps(query) if query else ""),
    }
