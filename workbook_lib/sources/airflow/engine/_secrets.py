"""Values of connections that must not be shown: passwords, and what a connection's extra keeps under a telling name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

# As Airflow decides it (airflow/utils/log/secrets_masker.py, DEFAULT_SENSITIVE_FIELDS).
TELLING = re.compile(
    r"access_token|api_?key|authorization|passphrase|passwd|password|private_?key|secret|token|keyfile_dict|service_account", re.I
)
SHORTEST = 3  # hiding shorter values would hide ordinary text


def hide(text: str, inputs: Mapping[str, Any]) -> str:
    """`text` with every secret of the given connections and tellingly named variables replaced by ***, the longest first."""
    for secret in sorted(set(_secrets(inputs)), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets(inputs: Mapping[str, Any]) -> Iterator[str]:
    found = [*_connections(inputs.get("connections", {})), *_telling(inputs.get("variables", {})), *_telling(inputs.get("env", {}))]
    return (value for value in found if len(value) >= SHORTEST)


def _connections(connections: Mapping[str, Any]) -> Iterator[str]:
    for entry in connections.values():
        if isinstance(entry, str):
            yield unquote(urlsplit(entry).password or "")
            continue
        yield str(entry.get("password") or "")
        extra = entry.get("extra") or {}
        try:
            yield from _telling(json.loads(extra) if isinstance(extra, str) else extra)
        except ValueError:
            yield str(extra)


def _telling(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            if isinstance(value, Mapping):
                yield from _telling(value)
            elif TELLING.search(str(name)):
                yield str(value or "")
