"""Branches that ask the clock: at another time of day both engines may rightly go another way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from workbook_lib.model.clock import asks_clock
from workbook_lib.model.run import RunRecord, TaskRun
from workbook_lib.model.workflow import Workflow, closure
from workbook_lib.validation._rows import Judgement, TaskVerdict, canonical
from workbook_lib.validation._states import by_key

SAME_TIME = 60.0  # seconds between two runs that should see the same


def without_clock(workflow: Workflow, legacy: RunRecord, pilot: RunRecord, rows: Iterable[TaskVerdict]) -> Iterator[TaskVerdict]:
    """The rows of a real run: what differs behind a branch that asked the clock at another time, and was told otherwise, proves nothing."""
    askers = [task.id for task in workflow.tasks if asks_clock(task) and _answered_otherwise(task.id, legacy, pilot)]
    after = closure(workflow) if askers else {}
    behind = {task_id: asker for asker in askers for task_id in (asker, *after.get(asker, ()))}
    first = next(iter(askers), "")
    for row in rows:
        asker = behind.get(row.id, first if row.id == "" else "")
        if asker and row.verdict is Judgement.DIFFERENT:
            reason = f"{asker!r} asks the clock, and the engines ran at different times: record and pilot together; {row.reason}"
            row = row.model_copy(update={"verdict": Judgement.NOT_COMPARABLE, "reason": reason})
        yield row


def _answered_otherwise(task_id: str, legacy: RunRecord, pilot: RunRecord) -> bool:
    one, other = by_key(legacy).get((task_id, -1)), by_key(pilot).get((task_id, -1))
    if one is None or other is None or one.state is not other.state or _apart(one, other) < SAME_TIME:
        return False
    return one.result.get("kept") is False or canonical(one.result) != canonical(other.result)


def _apart(one: TaskRun, other: TaskRun) -> float:
    """Seconds between the starts of two runs; infinite where a record does not tell."""
    if one.start is None or other.start is None:
        return float("inf")
    return abs((datetime.fromisoformat(one.start) - datetime.fromisoformat(other.start)).total_seconds())
