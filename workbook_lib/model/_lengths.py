"""How many instances a mapped task has, as far as the model and what is known about other tasks' results tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from workbook_lib.model.expr import Call, Constant, DictOf, Expr, ListOf, Parameter, TaskOutput, walk
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import State, TaskRun
from workbook_lib.model.workflow import Group, Mapping, Task, Workflow

Known = tuple[bool, object]  # (whether the result is known, the result)
ResultOf = Callable[[TaskRun], Known]


def enclosing(workflow: Workflow, task: Task) -> Group | None:
    """The closest mapped group around `task`, if any."""
    groups = {group.id: group for group in workflow.groups}
    name = task.group
    while name is not None:
        group = groups[name]
        if group.mapping is not None:
            return group
        name = group.parent
    return None


def mapping_of(workflow: Workflow, task: Task) -> Mapping | None:
    """What `task` is mapped over, itself or through a group around it."""
    if task.mapping is not None:
        return task.mapping
    group = enclosing(workflow, task)
    return group.mapping if group is not None else None


_ONE_OF_ALL = (JoinRule.ONE_SUCCESS, JoinRule.ONE_FAILED, JoinRule.ONE_DONE)


def _newer(workflow: Workflow) -> bool:
    """Whether Airflow 3.3's reading of mapped instances holds (`ti_deps/deps/trigger_rule_dep.py`), not that of 2.11."""
    return workflow.version.startswith("3")


def looks_at_all(workflow: Workflow, task: Task, group: str) -> bool:
    """Whether the rule of a task in a mapped group looks at all instances of the others: one of them can meet it, and in Airflow 2 does."""
    return not _newer(workflow) and task.join_rule in _ONE_OF_ALL and task.group == group


def looks_at_all_first(workflow: Workflow, task: Task) -> bool:
    """The same before there are elements, as in Airflow 3."""
    return _newer(workflow) and task.join_rule in (*_ONE_OF_ALL, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS)


def finds_answer(workflow: Workflow, index: int, branch: int) -> bool:
    """Whether the instance `index` is skipped by the answer of the branch's instance `branch` (-1: not mapped).

    In Airflow 2 a branch that is not mapped skips mapped tasks before they are expanded; instances that exist already it does not find.
    """
    return index == branch or (branch < 0 and _newer(workflow))


def sources(mapping: Mapping) -> tuple[str, ...]:
    """The tasks whose outputs decide how often a mapped task runs."""
    found = [part.task for _, expr in mapping.over for part in walk(expr) if isinstance(part, TaskOutput)]
    return tuple(dict.fromkeys(found))


def deciders(workflow: Workflow) -> frozenset[str]:
    """All tasks whose outputs decide the length of a mapping."""
    every = [task.mapping for task in workflow.tasks] + [group.mapping for group in workflow.groups]
    return frozenset(name for mapping in every if mapping is not None for name in sources(mapping))


def literal(mapping: Mapping) -> bool:
    """Whether the length stands in the source, so that the instances exist before anything has run."""
    return all(isinstance(expr, Constant | ListOf | DictOf) for _, expr in mapping.over)


def length(workflow: Workflow, mapping: Mapping, ended: dict[str, list[TaskRun]], result_of: ResultOf) -> int | None:
    """The number of instances, or None when nothing tells it."""
    lengths = [_one(workflow, expr, ended, result_of) for _, expr in mapping.over]
    known = [number for number in lengths if number is not None]
    if len(known) < len(lengths):
        return 0 if mapping.form == "product" and 0 in known else None
    return max(known, default=0) if mapping.form == "records" else min(known, default=0) if mapping.form == "zip" else prod(known)


_COMBINED: dict[str, Callable[[list[int]], int]] = {"zip": min, "zip_longest": max, "concat": sum, "map": sum}


def lists(expr: Call) -> tuple[Expr, ...]:
    """The lists that a call of `zip`, `zip_longest`, `concat` or `map` puts together."""
    return {"zip_longest": expr.args[:-1], "map": expr.args[1:]}.get(expr.function, expr.args)


def _one(workflow: Workflow, expr: Expr, ended: dict[str, list[TaskRun]], result_of: ResultOf) -> int | None:
    if isinstance(expr, Constant):
        return _size(expr.value)
    if isinstance(expr, ListOf | DictOf):
        return len(expr.items)
    if isinstance(expr, Parameter):
        default = next((parameter.default for parameter in workflow.parameters if parameter.name == expr.name), None)
        return _one(workflow, default, ended, result_of) if default is not None else None
    if isinstance(expr, Call) and expr.function in _COMBINED:
        parts = [_one(workflow, part, ended, result_of) for part in lists(expr)]
        known_parts = [number for number in parts if number is not None]
        return _COMBINED[expr.function](known_parts) if len(known_parts) == len(parts) else None
    if not isinstance(expr, TaskOutput):
        return None
    runs = ended.get(expr.task, [])
    if mapping_of(workflow, workflow.task(expr.task)) is not None:
        return _handed_over(runs, result_of)
    known, value = result_of(runs[0]) if runs and runs[0].state is State.SUCCESS else (False, None)
    if known and expr.key != "return_value":
        value = value.get(expr.key) if isinstance(value, dict) else None
    return _size(value) if known else None


def _handed_over(runs: Sequence[TaskRun], result_of: ResultOf) -> int:
    """Of a mapped task only the instances that handed something over count."""
    return sum(1 for run in runs if run.state is State.SUCCESS and result_of(run) != (True, None))


def _size(value: object) -> int | None:
    return len(value) if isinstance(value, list | tuple | dict) else None
