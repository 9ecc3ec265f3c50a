"""A connection written as a URI.

https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/connection.html#uri-format-example
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


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
