"""What flows of one project must agree on because they wait for each other or start each other: how they take the logical date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook_lib.model import expr as e
from workbook_lib.model.action import StartWorkflow
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.tasks._scope import Neighbour, only_days, scope_of


def dated(workflows: Sequence[Workflow]) -> dict[str, dict[str, Any]]:
    """For each workflow that has to do with another one: `day`, `awaited` and `others`, as `scope_of` takes them.

    Flows that wait for each other take the date under one name and type: a day, where that says it for all of them. A flow that is
    started for a date takes it even where none of its tasks needs it.
    """
    by_id = {workflow.id: workflow for workflow in workflows}
    waits = {(w.id, link.target) for w in workflows for link in w.links if link.kind == "waits_for" and link.target in by_id}
    involved = {workflow_id for pair in waits for workflow_id in pair}
    days = all(only_days(by_id[i]) is not False and (interval_seconds(by_id[i]) or 1) % 86400 == 0 for i in involved)
    found: dict[str, dict[str, Any]] = {i: {"day": days, "awaited": any(i == target for _, target in waits)} for i in sorted(involved)}
    starts = [(w.id, target) for w in workflows for target in _started(w) if target in by_id]
    for _, target in [pair for w in workflows for pair in ((w.id, t) for t in _started(w, dated_only=True)) if pair[1] in by_id]:
        found.setdefault(target, {})["awaited"] = True
    for source, target in sorted({*waits, *starts}):
        scope = scope_of(by_id[target], day=found.get(target, {}).get("day"))
        neighbour = Neighbour(
            date_name=scope.date_name, day=scope.day, parameters=dict(scope.parameters), behind=interval_seconds(by_id[target])
        )
        found.setdefault(source, {}).setdefault("others", {})[target] = neighbour
    return found


def _started(workflow: Workflow, *, dated_only: bool = False) -> list[str]:
    """The workflows that a workflow's tasks start; with `dated_only` those that are given a logical date."""
    actions = [task.action for task in workflow.tasks if isinstance(task.action, StartWorkflow)]
    return [
        str(action.workflow.value)
        for action in actions
        if isinstance(action.workflow, e.Constant) and not (dated_only and action.logical_date is None)
    ]
