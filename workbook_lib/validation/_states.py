"""Compares how task instances and the run itself ended, and how often bodies started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from workbook_lib.model._base import Json
from workbook_lib.model.run import RunRecord, State, TaskRun
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._rows import Judgement, TaskVerdict

Key = tuple[str, int]


def instances(workflow: Workflow, *records: RunRecord) -> list[Key]:
    """All task instances of the records, in the order of the workflow; those of unknown tasks at the end."""
    place = {task.id: number for number, task in enumerate(workflow.tasks)}
    found = {(task.id, task.map_index) for record in records for task in record.tasks}
    return sorted(found, key=lambda key: (place.get(key[0], len(place)), *key))


def by_key(record: RunRecord) -> dict[Key, TaskRun]:
    """The first run of each task instance; `repeated` names instances that come twice."""
    return {(task.id, task.map_index): task for task in reversed(record.tasks)}


def repeated(record: RunRecord) -> set[Key]:
    """Task instances that a record holds more than once."""
    return {key for key, number in Counter((task.id, task.map_index) for task in record.tasks).items() if number > 1}


def compare_states(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> Iterator[TaskVerdict]:
    """One row per task instance of either record, one per task that neither shows, and one for the run (id "")."""
    first, second = by_key(legacy), by_key(pilot)
    twice = {"legacy": repeated(legacy), "pilot": repeated(pilot)}
    for key in instances(workflow, legacy, pilot):
        verdict, reason = _judge(first.get(key), second.get(key))
        if key in twice["pilot"] and key not in twice["legacy"]:
            verdict, reason = Judgement.DIFFERENT, "the pilot shows this task instance more than once"
        elif key in twice["legacy"]:
            verdict, reason = Judgement.NOT_COMPARABLE, "the legacy record holds this task instance more than once"
        yield _row(key, verdict, _shown(first.get(key)), _shown(second.get(key)), reason)
    shown = {task_id for task_id, _ in (*first, *second)}
    for task in workflow.tasks:
        if task.id not in shown:
            yield _row((task.id, -1), Judgement.NOT_COMPARABLE, None, None, "neither record shows this task")
    equal = legacy.state == pilot.state
    reason = "" if equal else f"the legacy run ended {legacy.state}, the pilot {pilot.state}"
    yield _row(("", -1), Judgement.EQUAL if equal else Judgement.DIFFERENT, {"state": legacy.state}, {"state": pilot.state}, reason)


def _judge(legacy: TaskRun | None, pilot: TaskRun | None) -> tuple[Judgement, str]:
    if legacy is None:
        return Judgement.DIFFERENT, "the legacy engine has no such task instance"
    if legacy.state is State.NOT_RUN:
        return Judgement.NOT_COMPARABLE, "the legacy record does not show how this task instance ended"
    if pilot is None:
        return Judgement.DIFFERENT, "the pilot has no such task instance"
    if pilot.state is State.NOT_RUN:
        return Judgement.DIFFERENT, "by the legacy rules it should have run, and the flow never ran it"
    if legacy.state is not pilot.state:
        filled = "" if pilot.observed else " (filled in by the rules: the flow never created it)"
        return Judgement.DIFFERENT, f"ended {legacy.state} in the legacy engine, {pilot.state} in the pilot{filled}"
    if pilot.seeded or legacy.seeded:
        return Judgement.NOT_COMPARABLE, "seeded: its value was given to it instead of running it"
    if not pilot.observed:
        return _filled_in(legacy, pilot)
    if legacy.observed and legacy.attempts != pilot.attempts:
        return Judgement.DIFFERENT, f"its body started {times(legacy.attempts)} in the legacy engine, {times(pilot.attempts)} in the pilot"
    return Judgement.EQUAL, ""


def _filled_in(legacy: TaskRun, pilot: TaskRun) -> tuple[Judgement, str]:
    if pilot.state not in (State.UPSTREAM_FAILED, State.SKIPPED, State.REMOVED):
        return Judgement.NOT_COMPARABLE, f"nobody saw it end {pilot.state}, and the rules alone cannot say so"
    if legacy.observed and legacy.attempts > 0:
        return Judgement.DIFFERENT, f"its body started {times(legacy.attempts)} in the legacy engine; the flow never created it"
    return Judgement.EQUAL, "filled in by the rules: the flow never created it"


def _row(key: Key, verdict: Judgement, legacy: Json, pilot: Json, reason: str) -> TaskVerdict:
    return TaskVerdict(id=key[0], map_index=key[1], aspect="states", verdict=verdict, legacy=legacy, pilot=pilot, reason=reason)


def _shown(run: TaskRun | None) -> Json:
    if run is None:
        return None
    return {"state": str(run.state), "attempts": run.attempts} | ({} if run.observed else {"observed": False})


def times(number: int) -> str:
    """`once`, `twice`, `3 times`; `never` for 0."""
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
