"""A module `time` whose sleeps take (almost) no time but count: what shortens the engine's own waiting."""

from __future__ import annotations

import time as _time
from typing import Any


class Hurry:
    """Stands in for the module `time` within one module of the engine.

    `sleep(x)` really waits at most `longest` seconds; where `counts`, the rest is added to what `monotonic()` says, so that a
    sensor asks as often before its timeout as it would have done with its real interval.
    """

    def __init__(self, longest: float, *, counts: bool = True) -> None:
        self.longest = longest
        self.counts = counts
        self.skipped = 0.0

    def sleep(self, seconds: float) -> None:
        """Wait a moment instead of `seconds`."""
        real = min(max(seconds, 0.0), self.longest)
        if self.counts:
            self.skipped += max(seconds, 0.0) - real
        _time.sleep(real)

    def monotonic(self) -> float:
        """The clock that the skipped seconds are part of."""
        return _time.monotonic() + self.skipped

    def __getattr__(self, name: str) -> Any:
        return getattr(_time, name)
