"""Waiting in the project's own code takes almost no time, but counts: a sensor asks as often before its timeout as it really would.

Only calls made by files of the project are touched; Prefect and libraries keep the real clock. Each thread has its own skipped time.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

LONGEST = 0.02  # seconds that a sleep in the project's code really takes
_clocks = ("monotonic", "perf_counter", "time")


class _Skipped(threading.local):
    seconds = 0.0


def install(shortens: Callable[[str], bool]) -> None:
    """Patch the module `time`; `shortens(file)` tells whether the calls made by that file are to be shortened now."""
    skipped, original = _Skipped(), time.sleep

    def sleep(seconds: float) -> None:
        if shortens(sys._getframe(1).f_globals.get("__file__") or "") and seconds > LONGEST:
            skipped.seconds += seconds - LONGEST
            seconds = LONGEST
        original(seconds)

    setattr(time, "sleep", sleep)  # noqa: B010 - a plain assignment would have to be typed as the builtin
    for name in _clocks:
        setattr(time, name, _shifted(getattr(time, name), skipped, shortens))


def _shifted(clock: Callable[[], float], skipped: _Skipped, shortens: Callable[[str], bool]) -> Callable[[], float]:
    def now() -> float:
        if skipped.seconds and shortens(sys._getframe(1).f_globals.get("__file__") or ""):
            return clock() + skipped.seconds
        return clock()

    return now
