"""A task body replaced by a scripted outcome; branching and short circuits still steer, as the engine's own code does."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ._scenario import chosen, fails, outcome

Skip = Callable[[Any, Any, list[Any]], None]


def scripted_execute(task: Any, scenario: dict[str, Any], map_index: int, attempt: int, skip: Skip) -> None:
    """Set `execute` on this one task object (an unmapped copy, made for this attempt).

    `skip(task, context, tasks)` lets the engine's own code skip tasks.
    """
    entry = outcome(scenario, task.task_id, map_index)
    errors = importlib.import_module("airflow.exceptions")

    def scripted(context: Any) -> Any:
        if entry["does"] == "skip":
            raise errors.AirflowSkipException("scripted skip")
        if fails(entry, attempt):
            raise errors.AirflowException("scripted failure")
        return _succeed(task, entry, context, skip)

    task.__dict__["execute"] = scripted
    if not isinstance(entry["value"], Mapping):
        task.__dict__["multiple_outputs"] = False


def _succeed(task: Any, entry: dict[str, Any], context: Any, skip: Skip) -> Any:
    if hasattr(task, "do_branch"):
        return task.do_branch(context, chosen(entry))
    if any(cls.__name__ == "ShortCircuitOperator" for cls in type(task).__mro__):
        return _short_circuit(task, entry["value"], context, skip)
    if entry["arms"] is not None:
        task.skip_all_except(context["ti"], list(entry["arms"]))
        return chosen(entry)
    return entry["value"]


def _short_circuit(task: Any, value: Any, context: Any, skip: Skip) -> Any:
    """What `ShortCircuitOperator.execute` does with the callable's answer."""
    if value or not task.downstream_task_ids:
        return value
    everything = getattr(task, "ignore_downstream_trigger_rules", True)
    behind = task.get_flat_relatives(upstream=False) if everything else task.get_direct_relatives(upstream=False)
    skip(task, context, [t for t in behind if not t.is_teardown])
    return value
