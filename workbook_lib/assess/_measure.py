"""Measures of one workflow: which tasks a human must finish, and how complex it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbook_lib.assess._report import Part
from workbook_lib.assess._tables import COMPLEXITY, LEVELS
from workbook_lib.errors import ModelError
from workbook_lib.model.action import Nothing, Opaque, PythonCall
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Task, Workflow, topological

Statuses = Mapping[str, Mapping[str, Any]]  # workflow id -> task id -> something with `.status` and `.finding`


def family(task: Task) -> str:
    """The kind of work that a task does, as a family of the effort table."""
    action = task.action
    if isinstance(action, Opaque):
        return action.family
    if task.steers:
        return "branch"
    return {"python": "python", "shell": "shell", "wait": "wait", "start_workflow": "workflow", "nothing": "nothing"}[action.kind]


def blockers(task: Task) -> tuple[str, ...]:
    """Why the task's own function still needs the legacy package."""
    return task.action.function.blockers if isinstance(task.action, PythonCall) else ()


def placeholders(workflow: Workflow, statuses: Statuses | None) -> tuple[str, ...]:
    """Tasks that a human must finish: as the writer says, else those that no rule knows or that still need the legacy package."""
    known = (statuses or {}).get(workflow.id)
    if known is not None:
        return tuple(task.id for task in workflow.tasks if getattr(known.get(task.id), "status", "") == "placeholder")
    return tuple(task.id for task in workflow.tasks if isinstance(task.action, Opaque) or blockers(task))


def reason(workflow: Workflow, task: Task, statuses: Statuses | None) -> tuple[str, str, str | None]:
    """Why a task is a placeholder: the cause under which to group it, a message, and advice."""
    finding = getattr((statuses or {}).get(workflow.id, {}).get(task.id), "finding", None)
    if isinstance(task.action, Opaque):
        cause = f"{task.operator}: {task.action.missing}"
    elif blockers(task):
        cause = blockers(task)[0]
    else:
        cause = task.operator
    return cause, finding.message if finding is not None else cause, finding.advice if finding is not None else None


def working(workflow: Workflow) -> int:
    """How many tasks do something."""
    return sum(1 for task in workflow.tasks if not isinstance(task.action, Nothing))


def complexity(workflow: Workflow) -> tuple[float, str, tuple[Part, ...]]:
    """The points, the level, and the terms that are not zero."""
    counts: dict[str, int] = {
        "tasks": len(workflow.tasks),
        "edges": len(workflow.edges),
        "depth": _depth(workflow),
        "rules": sum(task.join_rule is not JoinRule.ALL_SUCCESS for task in workflow.tasks),
        "branches": sum(bool(task.steers) for task in workflow.tasks),
        "mappings": sum(task.mapping is not None for task in workflow.tasks) + sum(group.mapping is not None for group in workflow.groups),
        "opaque": sum(isinstance(task.action, Opaque) for task in workflow.tasks),
        "blockers": sum(bool(blockers(task)) for task in workflow.tasks),
        "unsupported": sum(len(task.unsupported) for task in workflow.tasks),
    }
    parts = tuple(Part(name=name, count=number, points=COMPLEXITY[name][0] * number) for name, number in counts.items() if number)
    total = sum(part.points for part in parts)
    return total, next(name for most, name in LEVELS if total <= most), parts


def _depth(workflow: Workflow) -> int:
    """Tasks on the longest path; for a graph with loops, the number of tasks."""
    try:
        order = topological(workflow)
    except ModelError:
        return len(workflow.tasks)
    longest = dict.fromkeys(order, 1)
    following: dict[str, list[str]] = {}
    for edge in workflow.edges:
        following.setdefault(edge.source, []).append(edge.target)
    for task_id in order:
        for target in following.get(task_id, ()):
            longest[target] = max(longest[target], longest[task_id] + 1)
    return max(longest.values(), default=0)
