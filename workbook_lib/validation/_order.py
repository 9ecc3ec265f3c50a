"""Checks that a pilot started each task instance after everything that the legacy rules make it wait for had ended.

Only what the rules guarantee is asked: a task whose rule needs one upstream only (one_success, one_failed, one_done) waits for the
first that qualifies, `always` waits for nothing, and a task that never ran hands its own waiting on only when it has a single
upstream task, for else one of several may have decided early (Airflow marks upstream_failed at the first failure).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import RunRecord, State, TaskRun
from workbook_lib.model.workflow import Task, Workflow, topological
from workbook_lib.validation._rows import Judgement, TaskVerdict
from workbook_lib.validation._states import Key, by_key

QUALIFIES: dict[JoinRule, tuple[State, ...]] = {
    JoinRule.ONE_SUCCESS: (State.SUCCESS,),
    JoinRule.ONE_FAILED: (State.FAILED, State.UPSTREAM_FAILED),
    JoinRule.ONE_DONE: (State.SUCCESS, State.FAILED),
}


class Bound(NamedTuple):
    """The latest end that an instance has to wait for, and whose end it is."""

    end: datetime
    who: Key


def compare_order(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> Iterator[TaskVerdict]:
    """One row per task instance that ran in the pilot and waits for another one that ran; none for all others."""
    if workflow.kind != "dataflow":
        yield _row(("", -1), Judgement.NOT_COMPARABLE, None, None, "the order of control-flow workflows is not compared yet")
        return
    bounds, untimed = _bounds(workflow, pilot)
    legacy_bounds, _ = _bounds(workflow, legacy)
    runs, legacy_runs = by_key(pilot), by_key(legacy)
    for key, bound in bounds.items():
        run = runs[key]
        start = moment(run.start)
        if not _ran(run) or (bound is None and key not in untimed):
            continue
        if key in untimed or start is None:
            blame = untimed.get(key, key)
            reason = f"the pilot recorded no start or end of {name(blame)}"
            yield _row(key, Judgement.NOT_COMPARABLE, None, None, reason)
        elif bound is not None:
            yield _compare(key, start, bound, legacy_runs.get(key), legacy_bounds.get(key))


def _compare(key: Key, start: datetime, bound: Bound, legacy: TaskRun | None, legacy_bound: Bound | None) -> TaskVerdict:
    rule = f"after {name(bound.who)}"
    if start >= bound.end:
        return _row(key, Judgement.EQUAL, rule, rule, "")
    early = (bound.end - start).total_seconds()
    seen = f"{early:.3f} s before {name(bound.who)} ended"
    legacy_start = moment(legacy.start) if legacy is not None else None
    if legacy_bound is not None and legacy_start is not None and legacy_start < legacy_bound.end:
        reason = f"the legacy run itself started it before {name(legacy_bound.who)} ended"
        return _row(key, Judgement.NOT_COMPARABLE, f"before {name(legacy_bound.who)} ended", seen, reason)
    return _row(key, Judgement.DIFFERENT, rule, seen, f"the pilot started it {seen}; the legacy rules make it wait")


def _bounds(workflow: Workflow, record: RunRecord) -> tuple[dict[Key, Bound | None], dict[Key, Key]]:
    """What each instance waits for; and those that cannot be judged, with the instance that lacks its times."""
    runs = by_key(record)
    of_task: dict[str, list[TaskRun]] = {}
    for run in runs.values():
        of_task.setdefault(run.id, []).append(run)
    peers = _mapped_groups(workflow)
    tasks = {task.id: task for task in workflow.tasks}
    upstream = {task.id: tuple(dict.fromkeys(workflow.upstream(task.id))) for task in workflow.tasks}
    bounds: dict[Key, Bound | None] = {}
    untimed: dict[Key, Key] = {}
    for task_id in topological(workflow):
        for run in of_task.get(task_id, ()):
            key = (run.id, run.map_index)
            before = [
                other
                for name_ in upstream[task_id]
                for other in of_task.get(name_, ())
                if peers.get(name_) is None or peers.get(name_) != peers.get(task_id) or other.map_index == run.map_index
            ]
            bounds[key] = _bound(tasks[task_id], run, before, len(upstream[task_id]), bounds, untimed)
    return bounds, untimed


def _bound(
    task: Task, run: TaskRun, before: list[TaskRun], width: int, bounds: dict[Key, Bound | None], untimed: dict[Key, Key]
) -> Bound | None:
    if task.join_rule is JoinRule.ALWAYS or (not _ran(run) and width > 1):
        return None
    early = QUALIFIES.get(task.join_rule)
    reached: list[Bound | None] = []
    for other in before:
        if early is not None and other.state not in early:
            continue
        key = (other.id, other.map_index)
        end = moment(other.end) if _ran(other) else None
        if _ran(other) and end is None:
            untimed.setdefault((run.id, run.map_index), key)
        own = Bound(end, key) if end is not None else None
        reached.append(_later(own, bounds[key]))
    if early is not None:
        return min(reached, key=lambda b: b.end, default=None) if all(reached) else None  # type: ignore[union-attr]
    latest: Bound | None = None
    for bound in reached:
        latest = _later(latest, bound)
    return latest


def _later(first: Bound | None, second: Bound | None) -> Bound | None:
    if first is None or second is None:
        return first or second
    return first if first.end >= second.end else second


def _mapped_groups(workflow: Workflow) -> dict[str, str]:
    """Per task the mapped group around it, whose instances are tied index by index."""
    groups = {group.id: group for group in workflow.groups}
    found: dict[str, str] = {}
    for task in workflow.tasks:
        current = task.group
        while current is not None and task.id not in found:
            if groups[current].mapping is not None:
                found[task.id] = current
            current = groups[current].parent
    return found


def _ran(run: TaskRun) -> bool:
    return run.observed and run.attempts > 0


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 text as a moment, UTC when it names no zone; None when it is none."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def name(key: Key) -> str:
    """A task instance for people: `'load'`, or `'load' [2]`."""
    return f"{key[0]!r}" if key[1] < 0 else f"{key[0]!r} [{key[1]}]"


def _row(key: Key, verdict: Judgement, legacy: str | None, pilot: str | None, reason: str) -> TaskVerdict:
    return TaskVerdict(id=key[0], map_index=key[1], aspect="order", verdict=verdict, legacy=legacy, pilot=pilot, reason=reason)
