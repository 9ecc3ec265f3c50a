"""Absolute paths in carried-over code and commands: both real runs use the same place there, outside of their own folders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from workbook_lib.model import expr as x
from workbook_lib.model.action import Shell
from workbook_lib.model.function import Definition, Function
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._rows import AspectResult, Judgement, TaskVerdict

REMARK = "absolute path "  # such rows say so first
_PATH = re.compile(r"(?<![\w/:.~$}\])<-])/[A-Za-z0-9_][\w.-]*(?:/[\w.-]+)*")
# Programs, devices and configuration: read by everybody, written by no workflow.
_SYSTEM = re.compile(r"/(?:bin|sbin|lib|lib64|dev|proc|sys|etc|usr/(?:local/)?(?:bin|sbin|lib|share))(?:/|$)")
# Places where data is kept; in the midst of a Python string anything else may as well be prose or part of an address.
_DATA = re.compile(r"/(?:tmp|var|data|mnt|home|opt|srv|media)(?:/|$)")


def shared_paths(workflow: Workflow) -> dict[str, str]:
    """Each absolute path and the id of the first task that mentions it; empty for code that several may use."""
    owned: list[tuple[str, Any]] = [(task.id, (task.action, task.mapping, task.callbacks)) for task in workflow.tasks]
    owned += [("", (workflow.definitions, workflow.callbacks, workflow.parameters))]
    found: dict[str, str] = {}
    for owner, part in owned:
        for path in _paths(part, command=False):
            found.setdefault(path, owner)
    return found


def compare_shared(workflow: Workflow) -> list[AspectResult]:
    """One remark per path."""
    reason = "is shared by both runs: what one run left there the other may have read"
    return [
        TaskVerdict(id=owner, aspect="outputs", verdict=Judgement.EQUAL, reason=f"{REMARK}{path} {reason}", scenario="real")
        for path, owner in shared_paths(workflow).items()
    ]


def _paths(part: Any, *, command: bool) -> Iterator[str]:
    if isinstance(part, Function | Definition):
        yield from _in_code(part.source)
    elif isinstance(part, Shell):
        yield from _paths(part.command, command=True)
        yield from _paths((part.build, part.environment, part.directory), command=False)
    elif isinstance(part, x.Constant):
        yield from _in_value(part.value, command)
    elif isinstance(part, x.Format):
        for number, piece in enumerate(part.parts):
            text = piece.value if isinstance(piece, x.Constant) else None
            if isinstance(text, str):
                yield from _in_text(text, command, first=number == 0)
            else:
                yield from _paths(piece, command=False)
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _paths(getattr(part, name), command=command)
    elif isinstance(part, tuple):
        for item in part:
            yield from _paths(item, command=command)


def _in_value(value: Any, command: bool) -> Iterator[str]:
    if isinstance(value, str):
        yield from _in_text(value, command)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _in_value(item, command)


def _in_text(text: str, command: bool, first: bool = True) -> Iterator[str]:
    """The paths of a text; `first` is false when something unknown stands right before it."""
    for match in _PATH.finditer(text):
        if not match.start() and not first:
            continue
        path = match.group()
        if not _SYSTEM.match(path) and (command or not match.start() or _DATA.match(path)):
            yield path


def _in_code(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        yield from _in_text(source, command=False)
        return
    behind: set[int] = set()  # texts with something in front of them, and docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            behind |= {id(value) for value in node.values[1:]}
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            behind.add(id(node.right))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from _in_text(node.value, command=False, first=id(node) not in behind)
