"""What the user decided, applied before a flow is planned: repository -> workflow -> task, the most specific wins.

| key | where | effect |
|---|---|---|
| `retries`, `retry_delay_seconds`, `timeout_seconds` | any | instead of the legacy task's |
| `on_failure = "raise"` | repository, workflow | the run fails with any of its tasks, not only with its last ones |
| `schedule = "paused"`, `"none"` or a cron text | repository, workflow | the deployment's schedule |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbook_lib.errors import UsageError
from workbook_lib.model.workflow import Schedule, Task, Workflow

_TASK_KEYS: dict[str, type | tuple[type, ...]] = {"retries": int, "retry_delay_seconds": (int, float), "timeout_seconds": (int, float)}


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    return found if isinstance(found, Mapping) else {}


def setting(decisions: Mapping[str, Any], workflow: str, key: str, task: str | None = None) -> Any:
    """The most specific value of `key` for a workflow or one of its tasks; None when nothing was decided."""
    flow = _table(_table(decisions, "workflows"), workflow)
    places = [decisions, flow, *([_table(_table(flow, "tasks"), task)] if task is not None else [])]
    return next((place[key] for place in reversed(places) if key in place), None)


def decided(workflow: Workflow, decisions: Mapping[str, Any]) -> Workflow:
    """The workflow with the decided retries, delays, timeouts and schedule."""
    if not decisions:
        return workflow
    tasks = tuple(_task(task, workflow.id, decisions) for task in workflow.tasks)
    schedule = setting(decisions, workflow.id, "schedule")
    fields: dict[str, Any] = {"tasks": tasks}
    if schedule == "none":
        fields["schedule"] = Schedule(text="none, by decision")
    elif isinstance(schedule, str) and schedule != "paused":
        fields["schedule"] = Schedule(kind="cron", cron=schedule, text=schedule, timezone=workflow.schedule.timezone)
    return workflow.model_copy(update=fields)


def _task(task: Task, workflow: str, decisions: Mapping[str, Any]) -> Task:
    values = {key: setting(decisions, workflow, key, task.id) for key in _TASK_KEYS}
    for key, kind in _TASK_KEYS.items():
        if values[key] is not None and (not isinstance(values[key], kind) or isinstance(values[key], bool) or values[key] < 0):
            raise UsageError(f"the decision {key} = {values[key]!r} for {task.id!r} of {workflow!r} is not a number from 0 on")
    retry = task.retry
    if values["retries"] is not None or values["retry_delay_seconds"] is not None:
        delay = values["retry_delay_seconds"]
        changes = {
            "retries": retry.retries if values["retries"] is None else values["retries"],
            "delay_seconds": retry.delay_seconds if delay is None else delay,
            "exponential": retry.exponential and delay is None,
        }
        retry = retry.model_copy(update=changes)
    timeout = task.timeout_seconds if values["timeout_seconds"] is None else values["timeout_seconds"]
    return task.model_copy(update={"retry": retry, "timeout_seconds": timeout or None})
