"""Elements that a task is mapped over and the flow cannot write: the task becomes a placeholder with as many instances."""

from __future__ import annotations

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Workflow

_OF_FLOWS = frozenset({"logical_date", "run_parameters"})


def written(workflow: Workflow) -> tuple[Workflow, dict[str, str]]:
    """The workflow with None for elements that cannot be written, and by task id why."""
    reasons: dict[str, str] = {}
    tasks = []
    for task in workflow.tasks:
        problems = [why for _, value in task.mapping.over if (why := _problem(value))] if task.mapping else []
        if problems and task.mapping:
            reasons[task.id] = f"it is mapped over what cannot be written: {problems[0]}"
            over = tuple((name, _filled(value)) for name, value in task.mapping.over)
            task = task.model_copy(update={"mapping": task.mapping.model_copy(update={"over": over})})
        tasks.append(task)
    return (workflow.model_copy(update={"tasks": tuple(tasks)}) if reasons else workflow), reasons


def _problem(value: e.Expr) -> str:
    for part in e.walk(value):
        if isinstance(part, e.Template):
            return f"the template {part.source!r} is not understood: {part.reason}"
        if isinstance(part, e.Connection):
            return f"the connection {part.id!r} is read by tasks alone, for a flow would show what it hands over"
        if isinstance(part, e.Context) and part.name not in _OF_FLOWS:
            return f"{part.name.replace('_', ' ')} is known only to a task"
    return ""


def _filled(value: e.Expr) -> e.Expr:
    if not _problem(value):
        return value
    if isinstance(value, e.ListOf):
        return value.model_copy(update={"items": tuple(map(_filled, value.items))})
    return e.Constant()
