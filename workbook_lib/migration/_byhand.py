"""Placeholders that the user has written: a task is one only while the flow's own function for it still is.

What a body was written against is kept in `.workbook/by_hand.json`: workflow id -> task id ->
`{"legacy": digest of the legacy task, "body": digest of the function when it was first said to be stale}`.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from workbook_lib.findings import Finding, Severity
from workbook_lib.model.workflow import Task, Workflow

if TYPE_CHECKING:
    from workbook_lib.prefect_reader import FlowProgram

FILE = "by_hand.json"
Kept = Mapping[str, Mapping[str, str]]


def unfinished(candidates: Collection[str], program: FlowProgram | None, text: str, base: str) -> frozenset[str]:
    """Those of the writer's placeholders that the user's flow `text` still has; all of them when it cannot be read.

    `base` is what the writer emitted last: a failing line of it that is still in the text tells too, wherever it stands.
    """
    if program is None or program.problems:
        return frozenset(candidates)
    nodes, waiting = program.tasks, emitted(candidates, text, base)
    return frozenset(task for task in candidates if task not in nodes or nodes[task].placeholder or task in waiting)


def emitted(candidates: Collection[str], text: str, base: str) -> frozenset[str]:
    """The tasks of which a failing line that the writer emitted (`base`) still stands in the text."""
    left = _raised(text) & _raised(base)
    return frozenset(task for task in candidates if any(line.startswith(f"{task}: ") for line in left))


def _raised(text: str) -> set[str]:
    """The messages of all `raise NotImplementedError("...")`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "NotImplementedError" and call.args]
    return {str(call.args[0].value) for call in named if isinstance(call.args[0], ast.Constant)}


def reviewed(
    workflow: Workflow, kept: Kept, candidates: Collection[str], left: Collection[str], program: FlowProgram | None, text: str
) -> tuple[dict[str, dict[str, str]], list[tuple[str, int | None]]]:
    """What to keep from now on, and the tasks (with the line of their function) whose body was written against another legacy task.

    Such a body counts as looked at again once its text is another one.
    """
    new: dict[str, dict[str, str]] = {}
    stale = []
    for task_id in candidates:
        now, before = _legacy(workflow.task(task_id)), kept.get(task_id)
        new[task_id] = {"legacy": now}
        if before is None or before["legacy"] == now or task_id in left:
            continue
        node = program.tasks.get(task_id) if program is not None else None
        body, line = _body(text, node.function if node else "")
        if before.get("body", body) == body:
            new[task_id] = {"legacy": before["legacy"], "body": body}
            stale.append((task_id, line))
    return new, stale


def stale_finding(workflow: str, task: str, file: str, line: int | None) -> Finding:
    """What to say of a body that may be stale."""
    return Finding(
        code="migration.by-hand-stale",
        severity=Severity.WARNING,
        message=f"the legacy task {task!r} changed after you had written its placeholder by hand; your body may be stale",
        file=file,
        line=line,
        workflow=workflow,
        task=task,
        advice="Compare the body with the legacy task as it is now; any edit of the function, a comment too, ends this finding.",
    )


def waiting_finding(workflow: str, task: str, path: str) -> Finding:
    """What to say of a task that a rule converts by now, while the flow still has its placeholder."""
    return Finding(
        code="migration.placeholder",
        severity=Severity.WARNING,
        message=f"{task!r} is converted by now, but your flow still has its placeholder",
        file=path,
        workflow=workflow,
        task=task,
        advice="Settle the conflict in that file.",
    )


def _legacy(task: Task) -> str:
    return _digest(json.dumps(_without_places(task.model_dump(mode="json")), sort_keys=True))


def _without_places(value: Any) -> Any:
    """Data without where it stood: lines above it may move it."""
    if isinstance(value, dict):
        return {key: _without_places(part) for key, part in value.items() if key != "origin"}
    return [_without_places(part) for part in value] if isinstance(value, list) else value


def _body(text: str, name: str) -> tuple[str, int | None]:
    """The digest of the function's text and its line; of the whole text where there is no such function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return _digest(ast.get_source_segment(text, node) or ""), node.lineno
    return _digest(text), None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
