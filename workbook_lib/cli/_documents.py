"""The JSON documents of the command line; their keys are a contract."""

from __future__ import annotations

from typing import Any

SCHEMA = 1


def error_document(message: str) -> dict[str, Any]:
    """What is printed when a command cannot be done."""
    return {"schema": SCHEMA, "error": message}
