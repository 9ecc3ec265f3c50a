"""A workflow with the structure that Airflow itself holds, and no more: enough to choose scenarios and to evaluate rules."""

from __future__ import annotations

from typing import Any

from workbook_lib.model.action import Nothing, Opaque
from workbook_lib.model.expr import Constant, Expr, ListOf, TaskOutput
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Group, Mapping, RetryPolicy, Task, Workflow, closure

# Spellings of Airflow 2 that newer ones replaced (airflow/utils/trigger_rule.py).
OLD_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def workflow_of(structure: dict[str, Any], version: str) -> Workflow:
    """The model of what the driver described; every task may skip, because nothing is known about its code."""
    mapped = {task["id"] for task in structure["tasks"] if task["mapped"]}
    edges = tuple(Edge(source=task["id"], target=after) for task in structure["tasks"] for after in task["downstream"])
    workflow = Workflow(
        id=structure["id"],
        system="airflow",
        version=".".join(version.split(".")[:2]),
        origin=Origin(file="", line=1),
        tasks=tuple(_task(task, mapped) for task in structure["tasks"]),
        groups=tuple(Group(id=group["id"], parent=group["parent"], mapping=_mapping(group, mapped)) for group in structure["groups"]),
        edges=edges,
    )
    return workflow.model_copy(update={"edges": tuple(_chosen(edge, workflow) for edge in edges)})


def _task(task: dict[str, Any], mapped: set[str]) -> Task:
    return Task(
        id=task["id"],
        operator=task["operator"],
        action=Nothing() if task["operator"] == "EmptyOperator" else Opaque(missing="only its structure was read"),
        join_rule=JoinRule(OLD_RULES.get(task["trigger_rule"], task["trigger_rule"])),
        steers=task["steers"],
        steers_rules=task["steers_rules"],
        may_skip=True,
        retry=RetryPolicy(retries=task["retries"]),
        group=task["group"],
        mapping=_mapping(task, mapped),
        setup=task["setup"],
        teardown=task["teardown"],
        teardown_fails_run=task["teardown_fails_run"],
    )


def _mapping(node: dict[str, Any], mapped: set[str]) -> Mapping | None:
    if not node["mapped"]:
        return None
    over = tuple((name, _over(tasks, length, mapped)) for name, tasks, length in node["over"])
    return Mapping(form="records" if node["records"] else "product", over=over)


def _over(tasks: list[str], length: int | None, mapped: set[str]) -> Expr:
    if length is not None:
        return ListOf(items=tuple(Constant(value=number) for number in range(length)))
    outputs = tuple(TaskOutput(task=name, mapped=name in mapped) for name in tasks)
    return outputs[0] if len(outputs) == 1 else ListOf(items=outputs)


def _chosen(edge: Edge, workflow: Workflow) -> Edge:
    """Behind a branch: the answers that let the target go on are its own id and its siblings before it."""
    if workflow.task(edge.source).steers != "branch":
        return edge
    below = closure(workflow)
    siblings = [name for name in workflow.downstream(edge.source) if edge.target in below[name]]
    return edge.model_copy(update={"choice": (edge.target, *siblings)})
