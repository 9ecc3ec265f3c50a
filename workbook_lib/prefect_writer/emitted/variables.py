"""Prefect Variables that must be there."""

from __future__ import annotations

from typing import Any

from prefect.variables import Variable

_MISSING = object()


def variable(name: str) -> Any:
    """The value of a Prefect Variable; KeyError when nobody has set it, where `Variable.get` would give None."""
    value = Variable.get(name, default=_MISSING)
    if value is _MISSING:
        raise KeyError(f"the Prefect Variable {name!r} is not set")
    return value
