"""Compares what task instances returned, what they asked of the outside, and what a run left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from workbook_lib.model._base import Json
from workbook_lib.model.run import RunRecord, TaskRun
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._masks import ABSENT, Mask, kind, masked
from workbook_lib.validation._rows import Judgement, TaskVerdict, canonical
from workbook_lib.validation._states import Key, by_key, instances

NOTHING: dict[str, Json] = {"absent": True}


def compare_results(workflow: Workflow, legacy: RunRecord, pilot: RunRecord, masks: Iterable[Mask]) -> Iterator[TaskVerdict]:
    """One row per task instance of which at least one engine shows a result."""
    first, second = by_key(legacy), by_key(pilot)
    hidden: dict[Key, list[Mask]] = {}
    for mask in masks:
        hidden.setdefault((mask.id, mask.map_index), []).append(mask)
    for key in instances(workflow, legacy, pilot):
        one, other = _result(first.get(key)), _result(second.get(key))
        if one == NOTHING and (other == NOTHING or _not_kept(workflow, first.get(key))):
            continue
        verdict, reason = _judge(one, other, hidden.get(key, []))
        yield TaskVerdict(id=key[0], map_index=key[1], aspect="results", verdict=verdict, legacy=one, pilot=other, reason=reason)


def _not_kept(workflow: Workflow, run: TaskRun | None) -> bool:
    """Whether the legacy engine keeps no such answer, and nothing that is known reads it: then the states alone tell what it did."""
    if run is None or run.result.get("kept") is not False:
        return False
    waiting: list[object] = [workflow.model_dump(mode="json")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("kind") == "task_output" and part.get("task") == run.id:
                return False
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return True


def compare_calls(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> Iterator[TaskVerdict]:
    """One row per task instance of which at least one engine recorded a call to the outside."""
    first, second = by_key(legacy), by_key(pilot)
    for key in instances(workflow, legacy, pilot):
        one, other = ([*run.calls] if (run := runs.get(key)) is not None else [] for runs in (first, second))
        if not one and not other:
            continue
        equal = canonical(one) == canonical(other)
        reason = "" if equal else f"the legacy engine made {_number(one)}, the pilot {_number(other)}, or what they ask for differs"
        verdict = Judgement.EQUAL if equal else Judgement.DIFFERENT
        yield TaskVerdict(id=key[0], map_index=key[1], aspect="calls", verdict=verdict, legacy=one, pilot=other, reason=reason)


def compare_outputs(legacy: RunRecord, pilot: RunRecord, masks: Iterable[Mask]) -> Iterator[TaskVerdict]:
    """One row (id "") per file or table that at least one run left behind."""
    hidden = {str(mask.path[0]) for mask in masks if not mask.id}
    first = {output.path: output.digest for output in legacy.outputs}
    second = {output.path: output.digest for output in pilot.outputs}
    for path in sorted(first.keys() | second.keys()):
        one, other = first.get(path), second.get(path)
        if one is None or other is None:
            verdict, reason = Judgement.DIFFERENT, f"{path}: only the {'pilot' if one is None else 'legacy run'} left it behind"
        elif one == other:
            verdict, reason = Judgement.EQUAL, path
        elif path in hidden:
            verdict, reason = Judgement.EQUAL, f"{path}: content masked, it differs between two legacy runs as well"
        else:
            verdict, reason = Judgement.DIFFERENT, f"{path}: the content differs"
        values = [{"path": path, "digest": digest} if digest is not None else None for digest in (one, other)]
        yield TaskVerdict(id="", aspect="outputs", verdict=verdict, legacy=values[0], pilot=values[1], reason=reason)


def _judge(one: dict[str, Json], other: dict[str, Json], hidden: list[Mask]) -> tuple[Judgement, str]:
    whole = next((mask for mask in hidden if not mask.path), None)
    if any(str(result.get("digest", "")).startswith("type:") for result in (one, other)):
        return Judgement.NOT_COMPARABLE, "the value has no stable form; only the name of its type is known"
    if whole is not None:
        if _outer(one) in whole.kinds and _outer(other) in whole.kinds:
            if "json" in other and not whole.fits(other["json"]):
                return Judgement.DIFFERENT, f"masked, but two legacy runs agree on {whole.like!r}"
            return Judgement.EQUAL, "masked: it differs between two legacy runs as well"
        return Judgement.DIFFERENT, f"masked, but of another type: {_outer(one)} in the legacy engine, {_outer(other)} in the pilot"
    if one == NOTHING or other == NOTHING:
        return Judgement.DIFFERENT, f"only the {'pilot' if one == NOTHING else 'legacy engine'} returned a value"
    if "json" in one and "json" in other:
        left, right = masked(one["json"], hidden), masked(other["json"], hidden)
        if canonical(left) == canonical(right):
            return Judgement.EQUAL, "masked at " + ", ".join(mask.text for mask in hidden) if hidden else ""
        return Judgement.DIFFERENT, "the values differ" + (" outside of what is masked" if hidden else "")
    if hidden:
        return Judgement.NOT_COMPARABLE, "parts of the value are masked, and one engine kept a digest only"
    if _digest(one) == _digest(other):
        return Judgement.EQUAL, ""
    return Judgement.DIFFERENT, "the values differ (one of them is known by its digest only)"


def _digest(result: dict[str, Json]) -> str:
    """The digest that `result_of` gives to a long value."""
    if "digest" in result:
        return str(result["digest"])
    return "sha256:" + hashlib.sha256(canonical(result["json"]).encode()).hexdigest()


def _outer(result: dict[str, Json]) -> str:
    if "json" in result:
        return kind(result["json"])
    return "digest" if "digest" in result else ABSENT


def _result(run: TaskRun | None) -> dict[str, Json]:
    """The result of an instance; a JSON null counts as absent, because neither engine keeps it."""
    if run is None or ("json" in run.result and run.result["json"] is None) or not ({"json", "digest"} & run.result.keys()):
        return NOTHING
    return run.result


def _number(calls: list[Json]) -> str:
    return "1 call" if len(calls) == 1 else f"{len(calls)} calls"
