"""Whether a task looks at the clock: at another time of day it may rightly do something else."""

from __future__ import annotations

import re

from workbook_lib.model.action import PythonCall
from workbook_lib.model.workflow import Task

_ASKS = re.compile(r"\b(?:now|utcnow|today|time|localtime|gmtime)\(")


def asks_clock(task: Task) -> bool:
    """Whether a task that decides what runs next looks at the clock in its own code."""
    return bool(task.steers) and isinstance(task.action, PythonCall) and bool(_ASKS.search(task.action.function.source))
