"""Compares the updates of assets that task instances told of: which asset, with which extra information, how often."""

from __future__ import annotations

from collections.abc import Iterator

from workbook_lib.model._base import Json
from workbook_lib.model.run import RunRecord, TaskRun
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._rows import Judgement, TaskVerdict, canonical
from workbook_lib.validation._states import by_key, instances


def compare_updates(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> Iterator[TaskVerdict]:
    """One row per task instance of which an engine recorded an update, or whose code says more of one than that it happened.

    Where one of the two runs was recorded before updates were, those that say nothing more have no row, as then.
    """
    first, second = by_key(legacy), by_key(pilot)
    unrecorded = [who for who, record in (("legacy", legacy), ("pilot", pilot)) if not _recorded(record)]
    telling = _telling(workflow)
    for key in instances(workflow, legacy, pilot):
        one, other = _updates(first.get(key)), _updates(second.get(key))
        if unrecorded:
            if key[0] not in telling and not any(isinstance(update, dict) and update["extra"] for update in (*one, *other)):
                continue
            verdict, reason = Judgement.NOT_COMPARABLE, f"the {' and the '.join(unrecorded)} run was recorded without updates of assets"
        elif not one and not other:
            continue
        elif canonical(one) == canonical(other):
            verdict, reason = Judgement.EQUAL, ""
        else:
            reason = f"the legacy engine told of {_number(one)}, the pilot of {_number(other)}, or what they say differs"
            verdict = Judgement.DIFFERENT
        yield TaskVerdict(id=key[0], map_index=key[1], aspect="updates", verdict=verdict, legacy=one, pilot=other, reason=reason)


def _recorded(record: RunRecord) -> bool:
    return any(run.updates is not None for run in record.tasks)


def _updates(run: TaskRun | None) -> list[Json]:
    """In one order, whoever told them."""
    return sorted((dict(update) for update in run.updates or ()), key=canonical) if run is not None else []


def _telling(workflow: Workflow) -> frozenset[str]:
    """Tasks whose code tells of updates by itself, or takes away from what is told of them."""
    return frozenset(task.id for task in workflow.tasks if _has_update(task.action.model_dump(mode="json")))


def _has_update(part: Json) -> bool:
    if isinstance(part, dict):
        return part.get("kind") == "update" or any(map(_has_update, part.values()))
    return isinstance(part, list) and any(map(_has_update, part))


def _number(updates: list[Json]) -> str:
    return "1 update" if len(updates) == 1 else f"{len(updates)} updates"
