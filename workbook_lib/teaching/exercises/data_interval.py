"""Exercise 5: the logical date is the start of the interval, not the day of the run."""

from __future__ import annotations

from datetime import date
from typing import Any

from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _day(value: Any, *, last: bool = False) -> date | None:
    """The day in a result: of the file's name, or the first or last of the window."""
    words = str(value or "").replace("orders_", "").replace(".csv", "").split()
    try:
        return date.fromisoformat(words[-1 if last else 0])
    except (IndexError, ValueError):
        return None


def _shift(e: Evidence, task: str, *, last: bool = False) -> int | None:
    """By how many days a result is off; None when it is no day."""
    mine, theirs = _day(e.result(task), last=last), _day(e.wanted(task), last=last)
    return (mine - theirs).days if mine and theirs else None


LESSON = Lesson(
    workflow="data_interval",
    hints=(
        "The flow is given `logical_date`. For a daily DAG of Airflow 2 the run of 1 January stands for 1 January, and starts "
        "when that day is over.",
        "`{{ ds }}` and `data_interval_start` are that date itself; `data_interval_end` is one interval later.",
        "`start = logical_date.date()` and `end = start + timedelta(days=1)`; the file is named after `start`.",
    ),
    misconceptions=(
        Misconception(
            "the run is about today",
            lambda e: _day(e.result("name")) == date.today(),
            "The file bears today's date. A run stands for its interval, also when it is repeated a year later: take the date "
            "from the parameter.",
        ),
        Misconception(
            "the logical date is the day of the run",
            lambda e: (_shift(e, "name") or 0) < 0 or (_shift(e, "window") or 0) < 0,
            "Your dates are a day early. The logical date is the start of the interval already; nothing has to be taken off.",
        ),
        Misconception(
            "the interval ends when it starts",
            lambda e: _shift(e, "window", last=True) == -1,
            "Your window ends on the day on which it starts. A daily interval ends one day later: its end is the next one's start.",
        ),
    ),
)
