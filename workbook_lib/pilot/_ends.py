"""How a flow ended: by its tasks, or by an exception that none of them raised and that its own code must answer for."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbook_lib.model.run import FLOW_RAISED
from workbook_lib.pilot._observer import Observer, failure_of

MOST = 300  # characters of a message
# What Prefect raises when a task run or its upstream ended without a result of its own (https://docs.prefect.io/v3/concepts/states).
_FOLLOWS = ("UnfinishedRun", "UpstreamTaskError", "FailedRun", "CrashedRun", "CancelledRun")


def flow_end(state: Any, observer: Observer, project: Path) -> dict[str, Any]:
    """The flow's end for the report; `problem` is set when it ended with an exception that no task accounts for."""
    ended: dict[str, Any] = {"type": state.type.value, "name": state.name or "", "message": (state.message or "")[:2000], "problem": ""}
    error = failure_of(state)
    if error is not None and not _of_a_task(error, observer):
        ended["problem"] = _problem(error, project)
    return ended


def place(error: BaseException, project: Path) -> dict[str, Any]:
    """The innermost line of the project in a traceback, or the place of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"file": error.filename, "line": error.lineno}
    inside = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(project) + os.sep)]
    return {"file": inside[-1].filename, "line": inside[-1].lineno} if inside else {}


def _of_a_task(error: BaseException, observer: Observer) -> bool:
    """Whether a task raised it, or the flow passed on that a task did not succeed; of a group, whether that holds for all of it."""
    if isinstance(error, BaseExceptionGroup):
        return all(_of_a_task(one, observer) for one in error.exceptions)
    if any(one is known for one in _causes(error) for known in observer.raised):
        return True
    prefects = type(error).__module__ == "prefect.exceptions" and type(error).__name__ in _FOLLOWS
    return prefects and any(run.state_type != "COMPLETED" for run in observer.seen.values())


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it was explicitly raised from; what was merely being handled at the time is no cause."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        yield one
        one = one.__cause__


def _problem(error: BaseException, project: Path) -> str:
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(":. ")
    text = text if len(text) <= MOST else text[: MOST - 1] + "…"
    where = place(error, project)
    if not where:
        return f"the run was ended by {text}"  # not by code of the project
    return f"{FLOW_RAISED} {text} at {Path(where['file']).relative_to(project).as_posix()}:{where['line']}"
