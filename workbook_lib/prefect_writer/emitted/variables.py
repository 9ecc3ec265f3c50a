"""Prefect Variables and parameters that must be there."""

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


def given(value: Any, name: str) -> Any:
    """The value of a parameter of the flow; KeyError in the task that asks for it when the run was not given it."""
    if value is None:
        raise KeyError(f"the run was not given the parameter {name!r}")
    return value
