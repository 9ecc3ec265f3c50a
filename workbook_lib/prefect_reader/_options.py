"""What a task's decorator says about retries, delays and limits, as Prefect reads it; `_settings` refuses what cannot be read."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from workbook_lib.prefect_reader._values import Declared, Marked

MOST_DELAYS = 50  # of a backoff; Prefect takes the last one for the retries behind them

# Options of `with_options` that replace the task's own by any value, also by None; of the others None, and mostly "nothing", keeps it.
_REPLACED = frozenset({
    "cache_policy", "task_run_name", "retries", "retry_delay_seconds", "retry_jitter_factor", "persist_result", "result_storage",
    "result_storage_key", "result_serializer", "log_prints", "refresh_cache",
})  # fmt: skip
_KEPT_BY_NONE = frozenset({"timeout_seconds", "cache_result_in_memory"})


def merged(task: Declared, given: Mapping[str, Any]) -> dict[str, Any]:
    """A task's options after `with_options(...)`."""
    options = dict(task.options)
    delay = options.get("retry_delay_seconds")
    if isinstance(delay, Marked) and backoff(delay) is not None:
        options["retry_delay_seconds"] = list(delays(task, retries(task)))  # a backoff was turned into a list when the task was made
    for name, value in given.items():
        keeps = value is None if name in _KEPT_BY_NONE else name not in _REPLACED and (value is None or value in ("", [], ()))
        if not keeps:
            options[name] = value
    return options


def retries(task: Declared) -> int:
    """Extra attempts; -1 when only a run knows."""
    given = task.options.get("retries")
    return 0 if given is None else int(given) if isinstance(given, int) else -1


def seconds(value: Any) -> float | None:
    """A limit in seconds; Prefect takes 0 for none."""
    return float(value) if isinstance(value, int | float) and value else None


def backoff(value: Marked) -> float | None:
    """The factor of an `exponential_backoff(...)`."""
    known = value.mark == "exponential_backoff" and isinstance(value.value, int | float)
    return float(value.value) if known and value.value >= 0 else None


def delays(task: Declared, number: int) -> tuple[float, ...]:
    """Seconds before each retry; one value holds for all."""
    given = task.options.get("retry_delay_seconds")
    if isinstance(given, Marked):
        factor = backoff(given)
        return () if factor is None else tuple(factor * 2**turn for turn in range(min(number, MOST_DELAYS)))
    items = given if isinstance(given, list) else [given]
    return tuple(float(item) for item in items if isinstance(item, int | float))


def placeholder(node: ast.FunctionDef | ast.AsyncFunctionDef | None) -> bool:
    """Whether a body does nothing but raise NotImplementedError, its docstring and preparations aside."""
    for statement in node.body if node is not None else ():
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            named = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if isinstance(named, ast.Name) and named.id == "NotImplementedError":
                return True
    return False
