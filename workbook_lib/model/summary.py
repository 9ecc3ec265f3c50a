"""A workflow in plain words for programs: ids, operators and order, the part of the model that every reader of it asks for."""

from __future__ import annotations

from typing import Any

from workbook_lib.model.workflow import Edge, Task, Workflow


def summary(workflow: Workflow) -> dict[str, Any]:
    """One workflow as the command line prints it; the keys are a contract."""
    upstream: dict[str, list[str]] = {task.id: [] for task in workflow.tasks}
    for edge in workflow.edges:
        upstream[edge.target].append(edge.source)
    return {
        "id": workflow.id,
        "system": workflow.system,
        "version": workflow.version,
        "file": workflow.origin.file,
        "schedule": None if workflow.schedule.kind == "none" else workflow.schedule.text,
        "catchup": workflow.catchup,
        "tasks": [_task(task, sorted(upstream[task.id])) for task in workflow.tasks],
        "edges": [{"source": edge.source, "target": edge.target, "condition": _condition(edge)} for edge in workflow.edges],
    }


def _task(task: Task, upstream: list[str]) -> dict[str, Any]:
    return {
        "id": task.id,
        "operator": task.operator,
        "upstream": upstream,
        "trigger_rule": str(task.join_rule),
        "retries": task.retry.retries,
        "mapped": task.mapping is not None,
        "group": task.group,
        "setup": task.setup,
        "teardown": task.teardown,
    }


def _condition(edge: Edge) -> Any:
    """None for plain order; the results of a branch that choose the edge; or the condition of control flow."""
    if edge.condition is not None:
        return edge.condition.model_dump(mode="json")
    return None if edge.choice is None else {"choice": list(edge.choice)}
