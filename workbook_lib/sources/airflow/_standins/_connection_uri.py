"""A connection written as a URI.

https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/connection.html#uri-format-example
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


def from_uri(uri: str) -> dict[str, Any]:
    """The fields of a connection, by the names of the JSON form."""
    parts = urlsplit(uri)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra: Any = json.loads(query["__extra__"]) if "__extra__" in query else query
    kind = parts.scheme.replace("-", "_")
    host = unquote(parts.hostname or "")
    return {
        "conn_type": {"postgresql": "postgres"}.get(kind, kind),
        "login": unquote(parts.username) if parts.username else parts.username,
        "password": unquote(parts.password) if parts.password else parts.password,
        "host": host,
        "port": parts.port,
        "schema": unquote(parts.path[1:]) if parts.path else "",
        "extra": extra,
        "uri": uri,
    }


def to_uri(fields: dict[str, Any]) -> str:
    """The URI of a connection, as `Connection.get_uri` writes it."""
    extra = fields.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    login, password = (quote(str(fields.get(name) or ""), safe="") for name in ("login", "password"))
    account = f"{login}:{password}@" if password else f"{login}@" if login else ""
    port = f":{fields['port']}" if fields.get("port") else ""
    schema = f"/{quote(str(fields['schema']), safe='')}" if fields.get("schema") else ""
    kind = str(fields.get("conn_type") or "").lower().replace("_", "-")
    uri = f"{kind}://{account}{quote(str(fields.get('host') or ''), safe='')}{port}{schema}"
    plain = all(isinstance(value, str) for value in extra.values())
    query = urlencode(extra if plain else {"__extra__": json.dumps(extra)})
    return uri + (("?" if schema else "/?") + query if extra else "")
