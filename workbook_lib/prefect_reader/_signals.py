"""How the walk through a flow's body leaves a statement."""

from __future__ import annotations

from typing import Any


class Signal(Exception):
    """Base of all: never seen outside of this room."""


class Return(Signal):
    """`return value`."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Break(Signal):
    """`break`."""


class Continue(Signal):
    """`continue`."""


class Raised(Signal):
    """An exception of the flow: a failed task's, or one that the body raises."""


class Stopped(Signal):
    """Every path has left this block."""


class GiveUp(Signal):
    """Nothing after this can be followed."""
