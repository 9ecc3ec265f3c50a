"""What a task's decorator says about retries, delays and limits, as Prefect reads it."""

from __future__ import annotations

import ast
import datetime
from typing import Any

from workbook_lib.prefect_reader._values import Declared, Marked


def retries(task: Declared) -> int:
    """Extra attempts; -1 when only a run knows."""
    given = task.options.get("retries")
    return 0 if given is None else given if isinstance(given, int) else -1


def seconds(value: Any) -> float | None:
    """A duration in seconds."""
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, int | float) else None


def delays(task: Declared, number: int) -> tuple[float, ...]:
    """Seconds before each retry; one value holds for all."""
    given = task.options.get("retry_delay_seconds")
    if isinstance(given, Marked) and given.mark == "exponential_backoff":
        factor = seconds(given.value) or 0.0
        return tuple(max(0.0, factor * 2**turn) for turn in range(min(number, 50)))
    items = given if isinstance(given, list | tuple) else [given]
    return tuple(delay for item in items if (delay := seconds(item)) is not None)


def placeholder(node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> bool:
    """Whether a body does nothing but raise NotImplementedError, its docstring and preparations aside."""
    for statement in node.body if node is not None else ():
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            named = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if isinstance(named, ast.Name) and named.id == "NotImplementedError":
                return True
    return False
