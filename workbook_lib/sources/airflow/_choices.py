"""Which results of a branching task let each of its direct downstream tasks go on.

A branch skips those direct downstream tasks that are neither chosen nor reachable from a chosen one
(https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#branching).
"""

from __future__ import annotations

from workbook_lib.model.workflow import Edge, Group, Task


def with_choices(edges: tuple[Edge, ...], tasks: list[Task], groups: tuple[Group, ...]) -> tuple[Edge, ...]:
    """`edges`, those behind a branch with their choices."""
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.target)
    branches = {task.id for task in tasks if task.steers == "branch"}
    group_of = {task.id: task.group for task in tasks}
    parents = {group.id: group.parent for group in groups}
    result = []
    for edge in edges:
        if edge.source in branches:
            arms = following[edge.source]
            choices = [arm for arm in arms if arm == edge.target or edge.target in _reached(arm, following)]
            choices += _groups(choices, edge.source, group_of, parents)
            result.append(edge.model_copy(update={"choice": tuple(dict.fromkeys(choices))}))
        else:
            result.append(edge)
    return tuple(result)


def _reached(start: str, following: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _groups(tasks: list[str], branch: str, group_of: dict[str, str | None], parents: dict[str, str | None]) -> list[str]:
    """Groups that a branch outside of them may name instead of the tasks that they begin with."""
    around: set[str] = set()
    group = group_of.get(branch)
    while group is not None:
        around.add(group)
        group = parents.get(group)
    found: list[str] = []
    for task in tasks:
        group = group_of.get(task)
        while group is not None and group not in around:
            found.append(group)
            group = parents.get(group)
    return found
