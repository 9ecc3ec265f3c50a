"""Mistakes that only show in the whole graph: cycles, branches that name a task which they cannot choose, results that have to be lists."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from workbook_lib.findings import Finding, Severity
from workbook_lib.model._lengths import deciders, enclosing
from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Constant
from workbook_lib.model.workflow import Edge, Task, Workflow
from workbook_lib.sources.airflow._raw import RawDag

_END = Edge(source="", target="")


def cycle_of(edges: tuple[Edge, ...]) -> list[Edge]:
    """The edges of one cycle, in order; empty when there is none."""
    following: dict[str, list[Edge]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge)
    done: set[str] = set()
    for start in following:
        path: list[Edge] = []
        on_path = {start}
        waiting = [iter(following.get(start, ()))] if start not in done else []
        while waiting:
            edge = next(waiting[-1], _END)
            if edge is _END:
                waiting.pop()
                left = path.pop().target if path else start
                done.add(left)
                on_path.discard(left)
            elif edge.target in on_path:
                sources = [one.source for one in path] + [edge.source]
                return [*path, edge][sources.index(edge.target) :]
            elif edge.target not in done:
                path.append(edge)
                on_path.add(edge.target)
                waiting.append(iter(following.get(edge.target, ())))
    return []


def cycle(dag: RawDag) -> Finding | None:
    """The finding for a DAG whose tasks go round in a circle."""
    found = cycle_of(dag.edges)
    if not found:
        return None
    first = min(range(len(found)), key=lambda number: [task.id for task in dag.tasks].index(found[number].source))
    found = found[first:] + found[:first]
    steps = [f"{edge.target!r}" + (f" (line {edge.origin.line})" if edge.origin is not None else "") for edge in found]
    shown = " -> ".join([repr(found[0].source), *(steps if len(steps) <= 12 else [*steps[:6], "...", *steps[-5:]])])
    origin = found[-1].origin or dag.origin
    return Finding(
        code="airflow.cycle",
        severity=Severity.ERROR,
        message=f"the tasks of the DAG {dag.id!r} form a cycle: {shown}; Airflow does not import it",
        file=origin.file,
        line=origin.line,
        workflow=dag.id,
        advice="Remove one of these edges.",
    )


def branches(workflow: Workflow) -> Iterator[tuple[Task, str, str]]:
    """Tasks that branch to something that is no task, or that does not directly follow: the task, what is wrong, what to do."""
    known = {task.id for task in workflow.tasks} | {group.id for group in workflow.groups}
    for task in workflow.tasks:
        if task.steers != "branch":
            continue
        after = set(workflow.downstream(task.id))
        near = after | {choice for edge in workflow.edges if edge.source == task.id for choice in edge.choice or ()}
        for name in dict.fromkeys(_answers(task)):
            if name not in known:
                yield task, f"can choose {name!r}, which is no task of the DAG: the task then fails", "Name the whole id, with its groups."
            elif name not in near:
                yield task, f"can choose {name!r}, which does not directly follow it: what does is then skipped", "Add an edge to it."


def lists_of_groups(workflow: Workflow) -> Iterator[Task]:
    """Tasks in mapped groups over whose output something is mapped again: Airflow fails an instance that hands over no list or dict.

    `_record_task_map_for_downstreams` in `models/taskinstance.py` of 2.11.2, `_push_xcom_if_needed` in `execution_time/task_runner.py` of
    3.3.2: only a task that is mapped itself may hand over anything.
    """
    decide = deciders(workflow)
    for task in workflow.tasks:
        if task.id in decide and task.mapping is None and enclosing(workflow, task) is not None:
            yield task


def _answers(task: Task) -> Iterator[str]:
    """Ids that a branch surely names somewhere: literals in what its function returns, or in its arguments."""
    for name, value in task.arguments:
        if name.startswith("follow_task_ids_if_") and isinstance(value, Constant):
            yield from [one for one in (value.value if isinstance(value.value, list) else [value.value]) if isinstance(one, str)]
    if isinstance(task.action, PythonCall):
        yield from _returned(task.action.function.source)


def _returned(source: str) -> Iterator[str]:
    try:
        body = ast.parse(source.strip()).body
    except SyntaxError:
        return
    if len(body) != 1:
        return
    waiting: list[ast.AST] = list(body[0].body) if isinstance(body[0], ast.FunctionDef) else [body[0]]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Lambda):
            yield from _texts(node.body)
        elif isinstance(node, ast.Return) and node.value is not None:
            yield from _texts(node.value)
        elif not isinstance(node, ast.Call):
            waiting[:0] = list(ast.iter_child_nodes(node))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from _texts(item)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
