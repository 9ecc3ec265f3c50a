"""Waiting for a condition, asked again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from shared.trigger_rules import Skip

T = TypeVar("T")


def wait_until(holds: Callable[[], object], every: float, at_most: float | None = None) -> None:
    """Ask `holds` every so many seconds until it says yes; after `at_most` seconds fail."""
    started = time.monotonic()
    while not holds():
        if at_most is not None and time.monotonic() - started > at_most:
            raise TimeoutError(f"waited in vain for {at_most:g} seconds")
        time.sleep(every)


def wait_or_skip(holds: Callable[[], object], every: float, at_most: float | None = None) -> None:
    """The same, but skip the task when the wait was in vain."""
    try:
        wait_until(holds, every, at_most)
    except TimeoutError as error:
        raise Skip(str(error)) from error


def wait_for_value(check: Callable[[], tuple[object, T]], every: float, at_most: float | None = None) -> T:
    """Ask `check` until it says yes, and return the value that it gives with it."""
    answers: list[tuple[object, T]] = []

    def holds() -> object:
        answers.append(check())
        return answers[-1][0]

    wait_until(holds, every, at_most)
    return answers[-1][1]
