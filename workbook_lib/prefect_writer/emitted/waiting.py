"""Waiting for a condition, asked again and again, as Airflow's sensors do.

A wait is over when the condition holds, or after `at_most` seconds; `every` is the pause between two questions, or several pauses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from datetime import time as clock
from typing import TypeVar
from zoneinfo import ZoneInfo

from shared.trigger_rules import FinalFailure, Skip

T = TypeVar("T")
Every = float | Iterator[float]


def wait_until(holds: Callable[[], object], every: Every, at_most: float | None = None) -> None:
    """Ask `holds` until it says yes; fail when it never does."""
    if not holds_in_time(holds, every, at_most):
        raise TimeoutError(f"waited in vain for {at_most:g} seconds")


def wait_or_give_up(holds: Callable[[], object], every: Every, at_most: float | None = None) -> None:
    """The same, but a wait in vain is not tried again, whatever retries the task has."""
    if not holds_in_time(holds, every, at_most):
        raise FinalFailure(f"waited in vain for {at_most:g} seconds")


def wait_or_skip(holds: Callable[[], object], every: Every, at_most: float | None = None) -> None:
    """The same, but skip the task when the wait was in vain, or when the check gives up."""
    try:
        held = holds_in_time(holds, every, at_most)
    except FinalFailure as error:
        raise Skip(str(error)) from error
    if not held:
        raise Skip(f"waited in vain for {at_most:g} seconds")


def wait_for_value(check: Callable[[], tuple[object, T]], wait: Callable[..., None], every: Every, at_most: float | None = None) -> T:
    """Ask `check` until it says yes, and return the value that it gives with it; `wait` is one of the functions above."""
    answers: list[tuple[object, T]] = []

    def holds() -> object:
        answers.append(check())
        return answers[-1][0]

    wait(holds, every, at_most)
    return answers[-1][1]


def holds_in_time(holds: Callable[[], object], every: Every, at_most: float | None) -> bool:
    """Whether `holds` says yes before `at_most` seconds are over; it is asked at least once."""
    started = time.monotonic()
    while not holds():
        if at_most is not None and time.monotonic() - started > at_most:
            return False
        time.sleep(next(every) if isinstance(every, Iterator) else every)
    return True


def growing(first: float, longest: float | None = None) -> Iterator[float]:
    """Pauses that double, from half of `first` and at least a second on, up to `longest`."""
    pause = max(first / 2, 1.0)
    while True:
        yield pause if longest is None else min(pause, longest)
        pause *= 2


def no_on_error(holds: Callable[[], object]) -> Callable[[], object]:
    """The check, for which an error counts as no."""

    def asked() -> object:
        try:
            return holds()
        except (Skip, FinalFailure):
            raise
        except Exception:
            return False

    return asked


def skip_on_error(holds: Callable[[], object]) -> Callable[[], object]:
    """The check, of which any error skips the task."""

    def asked() -> object:
        try:
            return holds()
        except Skip:
            raise
        except Exception as error:
            raise Skip(str(error)) from error

    return asked


def moment_of(text: str) -> datetime:
    """The moment that an ISO 8601 text says; one without a time zone is in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def today_at(text: str, timezone: str = "UTC") -> datetime:
    """That time of day, today in the time zone."""
    zone = ZoneInfo(timezone)
    return datetime.combine(datetime.now(zone), clock.fromisoformat(text), zone)
