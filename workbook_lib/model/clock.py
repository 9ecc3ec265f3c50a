"""Whether a task looks at the clock: at another time of day it may rightly do something else."""

from __future__ import annotations

import re

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall
from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Task

_ASKS = re.compile(r"\b(?:now|utcnow|today|time|localtime|gmtime)\(")


def asks_clock(task: Task) -> bool:
    """Whether a task that decides what runs next looks at the clock in its own code."""
    return bool(task.steers) and isinstance(task.action, PythonCall) and bool(_ASKS.search(task.action.function.source))


def time_decides(task: Task, record: RunRecord) -> bool:
    """Whether a task of a run asked the clock for what another time may answer otherwise.

    One that asked whether its run's own date has passed, and was told so, is told so ever after.
    """
    if not asks_clock(task):
        return False
    assert isinstance(task.action, PythonCall)
    dated = any(part == e.Context(name="logical_date") for _, value in task.action.arguments for part in e.walk(value))
    went_on = any(run.result.get("json") for run in record.tasks if run.id == task.id)
    return went_on or not dated
