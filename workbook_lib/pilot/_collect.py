"""From what the child saw to task instances: matched by the project's table, states in the model's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from workbook_lib.model.run import State, TaskRun

NOT_EXPANDED = "not expanded"  # the message by which a generated project's rules module marks such a run


def state_of(kind: str, name: str, bodies: int) -> State:
    """The model's word for a Prefect state (https://docs.prefect.io/v3/concepts/states); its name decides where the type does not."""
    if kind == "COMPLETED":
        return State.SKIPPED if name == "Skipped" else State.SUCCESS
    if kind == "FAILED" and name == "UpstreamFailed":
        return State.UPSTREAM_FAILED
    if kind == "PENDING" and not bodies:
        return State.UPSTREAM_FAILED if name == "NotReady" else State.NOT_RUN
    return State.FAILED


def task_runs(seen: list[dict[str, Any]], ids: Mapping[str, str], mapped: set[str], *, real: bool) -> tuple[TaskRun, ...]:
    """One TaskRun per task run, in the order of creation.

    A mapped task's runs are numbered from 0. A task that is not mapped has the index -1; further runs of it are numbered from 1, so
    that they show. A mapped task that was never expanded, and whose one run says so, has the index -1. A run whose name the table does
    not have keeps that name as its id. In a `real` run the hooks are called, which tell of the assets that are updated.
    """
    total = Counter(ids.get(run["label"], run["label"]) for run in seen)
    counted: Counter[str] = Counter()
    found = []
    for run in seen:
        label = run["label"] or "?"
        task_id = ids.get(label, label)
        number = counted[task_id]
        counted[task_id] += 1
        unexpanded = total[task_id] == 1 and not run["bodies"] and run["message"].startswith(NOT_EXPANDED)
        index = number if task_id in mapped and not unexpanded else (number or -1)
        state = state_of(run["type"], run["name"], run["bodies"])
        result = run["result"] if state is State.SUCCESS else {"absent": True}
        found.append(
            TaskRun(
                id=task_id, map_index=index, state=state, attempts=run["bodies"], start=run["start"], end=run["end"],
                result=result, log_tail=run["log"], updates=tuple(run["updates"]) if real else None,
            )
        )  # fmt: skip
    return tuple(found)
