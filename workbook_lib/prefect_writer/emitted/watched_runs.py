"""Watches a run of a flow, in which tasks do what a script says, or their own work."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, Task
from prefect.context import TaskRunContext
from prefect.states import Completed, State

try:
    from shared.trigger_rules import Skip
except ImportError:
    Skip = None

HOOKS = ("on_running", "on_completion", "on_failure")


class _Result:
    """What a task returns in a rehearsal where the script does not say it: whole or in part it may be handed on."""

    def __getitem__(self, key: Any) -> _Result:
        return self

    def __bool__(self) -> bool:
        return False

    __iter__ = None


@dataclass
class _Run:
    name: str
    declared: dict[str, Any]
    given: list[Any]
    start: float
    end: float = 0.0
    tries: list[str] = field(default_factory=list)
    result: Any = None


@dataclass
class Seen:
    """The task runs of one run of a flow, in which tasks do as the script says."""

    script: dict[str, Any]
    real: bool = False
    pause: float = 0.0
    runs: dict[Any, _Run] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)

    def run(self, flow: Flow, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
        """Run the flow once, without delays before retries; hooks are for real runs only."""
        works = {id(value): value for value in vars(sys.modules[flow.fn.__module__]).values() if isinstance(value, Task)}.values()
        for work in works:
            monkeypatch.setattr(work, "fn", self.watched(work.fn, work.retry_delay_seconds))
            monkeypatch.setattr(work, "retry_delay_seconds", 0)
        for owner in () if self.real else (flow, *works):
            for event in HOOKS:
                named = [functools.wraps(hook)(lambda *args: None) for hook in getattr(owner, f"{event}_hooks")]
                monkeypatch.setattr(owner, f"{event}_hooks", named)
        return "success" if flow(**parameters, return_state=True).is_completed() else "failed"

    def ends(self) -> dict[str, Any]:
        """Per task how it ended, such as "success" or "failed (3 tries)"; a list where it ran more than once."""
        return self.collected(lambda run: run.tries[-1] + (f" ({len(run.tries)} tries)" if len(run.tries) > 1 else ""))

    def returned(self) -> dict[str, Any]:
        """Per task what it returned, as JSON has it."""
        return self.collected(lambda run: json.loads(json.dumps(run.result, default=_as_json)))

    def given(self) -> dict[str, Any]:
        """Per task the arguments of its call; of what is neither text, number nor date only the type."""
        return self.collected(lambda run: json.dumps(run.given, default=_as_date, skipkeys=True))

    def collected(self, what: Callable[[_Run], Any]) -> dict[str, Any]:
        """Something of each task run by name; a sorted list where the task ran more than once."""
        found: dict[str, list[Any]] = {}
        for run in self.runs.values():
            found.setdefault(run.name, []).append(what(run))
        return {name: values[0] if len(values) == 1 else sorted(values, key=repr) for name, values in found.items()}

    def watched(self, body: Callable[..., Any], delay: Any) -> Callable[..., Any]:
        """The body of a task, scripted or its own; each try is noted, and the delays that it was declared with."""

        @functools.wraps(body)
        def watched(*args: Any, **kwargs: Any) -> Any:
            context = TaskRunContext.get()
            name = context.task.name if context.task.task_run_name is None else context.task_run.name
            run = self.runs.setdefault(context.task_run.id, _Run(name, _declared(context.task, delay), [args, kwargs], time.monotonic()))
            try:
                time.sleep(self.pause)
                if self.real and name not in self.script:
                    run.result = body(*args, **kwargs)
                else:
                    run.result = self.scripted(context.task_run.id, run)
            except BaseException as error:
                run.tries.append("skipped" if Skip is not None and isinstance(error, Skip) else "failed")
                raise
            finally:
                run.end = time.monotonic()
            skipped = isinstance(run.result, State) and run.result.name == "Skipped"
            run.tries.append("skipped" if skipped else "success")
            return run.result

        watched.__signature__ = inspect.signature(body)
        return watched

    def scripted(self, run_id: Any, run: _Run) -> Any:
        """What the script lets the task do at this try."""
        does = self.script.get(run.name, {})
        if isinstance(does, dict) and "in_one" in does:
            does = does["in_one"] if self.chosen.setdefault(run.name, run_id) == run_id else does.get("others", {})
        if does == "fail" or (isinstance(does, dict) and len(run.tries) < does.get("fails", 0)):
            raise RuntimeError("scripted to fail")
        if does == "skip":
            if Skip is not None:
                raise Skip("scripted to skip")
            return Completed(name="Skipped")
        return does.get("returns", _Result())


def _declared(task: Task, delay: Any) -> dict[str, Any]:
    """What a task is declared with. The delays before further tries: of a list that is too short the last one holds."""
    retries, delay = task.retries or 0, task.retry_delay_seconds or delay
    delays = [*delay] if isinstance(delay, list | tuple) else [delay or 0]
    said = {"delays": (delays + delays[-1:] * retries)[:retries], "limit": task.timeout_seconds}
    said |= {event: [getattr(hook, "__name__", "?") for hook in getattr(task, f"{event}_hooks")] for event in HOOKS}
    return {name: value for name, value in said.items() if value}


def catches_all(node: ast.AST) -> bool:
    """Whether a piece of code is a handler that no exception passes."""
    if not isinstance(node, ast.ExceptHandler) or any(isinstance(part, ast.Raise) for part in ast.walk(node)):
        return False
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")


def left(folder: Path) -> Iterator[tuple[str, str]]:
    """The files below a folder with a digest of each; of a SQLite file, each of its tables."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        parts = _tables(path) if content.startswith(b"SQLite format 3") else {"": content}
        yield from ((name + part, hashlib.sha256(text).hexdigest()[:12]) for part, text in parts.items())


def _tables(path: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(path)) as base:
        names = [name for (name,) in base.execute("select name from sqlite_master where type = 'table'") if not name.startswith("sqlite_")]
        found = {name: base.execute(f'select * from "{name}"') for name in sorted(names)}
        texts = {name: [repr([column[0] for column in rows.description]), *sorted(map(repr, rows))] for name, rows in found.items()}
        return {f"#{name}": "\n".join(lines).encode() for name, lines in texts.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


def _as_date(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else type(value).__name__
