"""Runs that stop at their first failed task: how a task side by side with it ends hangs on which of the two ended first.

Neither engine promises anything there, so that no end of such a task is equal or different: it proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbook_lib.model.run import RunRecord, Scenario, State
from workbook_lib.model.stopping import end_is_raced, raced, raced_in
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._rows import Judgement, TaskVerdict

_NEVER = (str(State.UPSTREAM_FAILED), str(State.NOT_RUN), str(State.REMOVED))  # no stopped run ends a plain task so


def without_raced(
    workflow: Workflow, legacy: RunRecord, pilot: RunRecord, rows: Iterable[TaskVerdict], script: Scenario | None = None
) -> Iterator[TaskVerdict]:
    """The rows of a run, with those that hang on a race made not comparable; what must wait for what is judged all the same.

    What a rehearsal's tasks answer stands in its `script`, also where the legacy engine does not keep it.
    """
    others = raced(workflow, script) if script is not None else raced_in(workflow, legacy.tasks, pilot.tasks)
    failed = next((run.id for run in legacy.tasks if run.state is State.FAILED and run.id not in others), None)
    failed = failed or next((run.id for run in legacy.tasks if run.state is State.FAILED), "")
    end = end_is_raced(workflow, legacy.tasks, others)
    for row in rows:
        if others and row.aspect != "order" and _hangs(workflow, row, others, end):
            who = f"the end of {row.id!r}" if row.id else "what the run left behind" if row.aspect == "outputs" else "the run's own end"
            reason = f"the run stops at its first failed task (`fail_fast`): {who} hangs on what had ended when {failed!r} failed"
            row = row.model_copy(update={"verdict": Judgement.NOT_COMPARABLE, "reason": reason})
        yield row


def _hangs(workflow: Workflow, row: TaskVerdict, others: frozenset[str], end: bool) -> bool:
    if not row.id:
        return end if row.aspect == "states" else row.aspect == "outputs"
    if row.id not in others:
        return False
    state = row.pilot.get("state") if row.aspect == "states" and isinstance(row.pilot, dict) else None
    return state not in _NEVER or workflow.task(row.id).teardown
