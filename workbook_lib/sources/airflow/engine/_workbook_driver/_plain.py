"""The result entry of a value; the same as `workbook_lib.model.run.result_of`, which cannot be imported here (a test compares them)."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def result_of(value: Any, *, limit: int = 20_000) -> dict[str, Any]:
    """`{"json": ...}`, `{"digest": ...}` or `{"absent": true}` for a value that a task handed over."""
    if value is None:
        return {"absent": True}
    try:
        text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"digest": "type:" + type(value).__qualname__}
    if len(text) > limit:
        return {"digest": "sha256:" + hashlib.sha256(text.encode()).hexdigest()}
    return {"json": json.loads(text)}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=repr)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(type(value).__qualname__)
