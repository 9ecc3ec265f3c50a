"""The base of all model classes: frozen, closed, compared by value."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

Json = Any  # None, bool, int, float, str, list[Json], dict[str, Json]; checked where a document is loaded


class Frozen(BaseModel):
    """Immutable data; unknown fields are refused, so that a typing error in a stored document shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
