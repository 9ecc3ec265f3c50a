"""The JSON documents of the command line; their keys are a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Edge, Task, Workflow

SCHEMA = 1


def read_document(workflows: Iterable[Workflow], findings: Iterable[Finding], *, full: bool = False) -> dict[str, Any]:
    """What `workbook read` prints."""
    return {
        "schema": SCHEMA,
        "workflows": [workflow_document(workflow, full=full) for workflow in workflows],
        "findings": [finding.public() for finding in findings],
    }


def workflow_document(workflow: Workflow, *, full: bool = False) -> dict[str, Any]:
    """One workflow; `full` adds under `model` everything that was read."""
    upstream: dict[str, list[str]] = {task.id: [] for task in workflow.tasks}
    for edge in workflow.edges:
        upstream[edge.target].append(edge.source)
    found: dict[str, Any] = {
        "id": workflow.id,
        "system": workflow.system,
        "version": workflow.version,
        "file": workflow.origin.file,
        "schedule": None if workflow.schedule.kind == "none" else workflow.schedule.text,
        "catchup": workflow.catchup,
        "tasks": [_task(task, sorted(upstream[task.id])) for task in workflow.tasks],
        "edges": [{"source": edge.source, "target": edge.target, "condition": _condition(edge)} for edge in workflow.edges],
    }
    return found | ({"model": workflow.model_dump(mode="json", by_alias=True)} if full else {})


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


def error_document(message: str) -> dict[str, Any]:
    """What is printed when a command cannot be done."""
    return {"schema": SCHEMA, "error": message}


def missing_inputs(
    workflows: Iterable[Workflow], findings: Iterable[Finding], given: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, None]]:
    """What the workflows ask for and nobody gave, in the shape in which it can be given.

    Names that only the definition itself asks for, while it is read, are known from the findings about assumed values.
    """
    from workbook_lib.assess import assumed  # loaded only here: reading has to start fast

    wanted: dict[str, set[str]] = {"variables": set(), "connections": set(), "env": set()}
    for workflow in workflows:
        wanted["variables"] |= set(workflow.requirements.variables)
        wanted["connections"] |= set(workflow.requirements.connections)
        wanted["env"] |= set(workflow.requirements.environment)
    for finding in findings:
        for kind, name in assumed(finding):
            wanted["env" if kind == "environment" else kind].add(name)
    return {kind: dict.fromkeys(sorted(names - set(given.get(kind, ())))) for kind, names in wanted.items()}
