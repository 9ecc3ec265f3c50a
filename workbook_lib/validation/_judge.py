"""Adds structure, schedule and all pairs of runs up to a verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from workbook_lib.errors import UsageError
from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._decisions import explain
from workbook_lib.validation._masks import Mask
from workbook_lib.validation._protocols import FlowProgram
from workbook_lib.validation._rows import Judgement, TaskVerdict, worst
from workbook_lib.validation._runs import compare_runs
from workbook_lib.validation._schedule import compare_schedule, deployment
from workbook_lib.validation._shared import compare_shared, shared_paths
from workbook_lib.validation._structure import compare_structure
from workbook_lib.validation._verdict import ScenarioVerdict, Verdict
from workbook_lib.validation.scenarios import plan

Records = Iterable[RunRecord] | Mapping[str, RunRecord]
REAL = "real"


def judge(
    workflow: Workflow,
    program: FlowProgram | None,
    legacy_records: Records,
    pilot_records: Records,
    *,
    decisions: Mapping[str, Any] | None = None,
    placeholders: Collection[str] = (),
    masks: Iterable[Mask] = (),
    project: Path | None = None,
    fingerprint: str = "",
    edited: Collection[str] = (),
) -> Verdict:
    """The verdict on a workflow whose flow's code reads as `program`.

    Records: one per scenario and engine. `decisions` is the whole of decisions.toml as plain data. `placeholders` are ids of tasks that
    were not converted. `project` is the folder with prefect.yaml; without it the schedule is not comparable.
    `edited` names what was changed by hand since it was written: equal runs prove nothing of it but that they were equal.
    """
    legacy, pilot = _by_scenario(legacy_records, "legacy"), _by_scenario(pilot_records, "pilot")
    hidden = tuple(masks)
    rows = compare_structure(workflow, program)
    rows += compare_schedule(workflow, deployment(project, workflow.id) if project is not None else None)
    planned = plan(workflow)
    scripts = {scenario.name: scenario for scenario in planned.scenarios}
    names = dict.fromkeys((REAL, *scripts, *legacy, *pilot))
    for name in names:
        if name in legacy and name in pilot:
            rows += compare_runs(workflow, legacy[name], pilot[name], hidden, placeholders=placeholders, script=scripts.get(name))
        else:
            rows.append(_missing(name, name in legacy, name in pilot, placeholders))
    if REAL in legacy and REAL in pilot:
        rows += compare_shared(workflow)
    explained = tuple(explain(row, decisions or {}, workflow.id) for row in rows)
    unfinished = _unfinished(workflow, explained, placeholders)
    unproven = _unproven(workflow, legacy, pilot, unfinished)
    verdict = _verdict(explained, unfinished, edited)
    pairs = [pilot[name] for name in names if name in legacy and name in pilot]
    return Verdict(
        workflow=workflow.id,
        verdict=verdict,
        headline=_headline(
            verdict,
            explained,
            list(names),
            legacy,
            pilot,
            [name for name, _ in planned.left_out],
            unproven,
            [*shared_paths(workflow)],
            edited,
        ),
        tasks=explained,
        scenarios=(
            *(_scenario(name, explained) for name in names),
            *(ScenarioVerdict(name=name, kind="rehearsal", verdict=None, reason=reason) for name, reason in planned.left_out),
        ),
        masks=hidden,
        placeholders=unfinished,
        unproven=unproven,
        filled_in=sum(not run.observed for record in pairs for run in record.tasks),
        instances=sum(len(record.tasks) for record in pairs),
        fingerprint=fingerprint,
        edited=tuple(edited),
    )


def _by_scenario(records: Records, who: str) -> dict[str, RunRecord]:
    found: dict[str, RunRecord] = {}
    for record in records.values() if isinstance(records, Mapping) else records:
        if record.scenario in found:
            raise UsageError(f"two {who} records of the scenario {record.scenario!r} were given.", advice="Give the newer one only.")
        found[record.scenario] = record
    return found


def _missing(name: str, legacy: bool, pilot: bool, placeholders: Collection[str]) -> TaskVerdict:
    who = "the legacy record" if pilot else "the pilot's record" if legacy else "the records of both engines"
    what = "of the real run" if name == REAL else f"of the rehearsal {name!r}"
    verb = "is" if legacy or pilot else "are"
    return TaskVerdict(
        id="",
        aspect="states",
        verdict=Judgement.NOT_COMPARABLE,
        legacy="recorded" if legacy else None,
        pilot="recorded" if pilot else None,
        reason=f"{who} {what} {verb} missing",
        scenario=name,
        placeholder=name == REAL and bool(placeholders),
    )


def _unfinished(workflow: Workflow, rows: Iterable[TaskVerdict], placeholders: Collection[str]) -> tuple[str, ...]:
    """Placeholders, and tasks that were seeded, in the order of the workflow."""
    spoiled = {row.id for row in rows if row.placeholder and row.reason.startswith("seeded")}
    return tuple(task.id for task in workflow.tasks if task.id in spoiled or task.id in placeholders)


def _unproven(
    workflow: Workflow, legacy: Mapping[str, RunRecord], pilot: Mapping[str, RunRecord], unfinished: Collection[str]
) -> tuple[str, ...]:
    """Tasks whose body no real run of either engine started, in the order of the workflow; without both real runs nothing is said."""
    if REAL not in legacy or REAL not in pilot:
        return ()
    ran = {run.id for record in (legacy[REAL], pilot[REAL]) for run in record.tasks if run.observed and run.attempts and not run.seeded}
    return tuple(task.id for task in workflow.tasks if task.id not in ran and task.id not in unfinished)


def _verdict(rows: tuple[TaskVerdict, ...], unfinished: tuple[str, ...], edited: Collection[str]) -> str:
    firm = worst(row.verdict for row in rows if not row.placeholder) or Judgement.NOT_COMPARABLE
    if firm in (Judgement.EQUAL, Judgement.EXPLAINED):
        if unfinished:
            by_hand = f", {len(edited)} edited" if edited else ""
            return f"{firm} in rehearsal, {len(unfinished)} placeholder{'s' if len(unfinished) > 1 else ''}{by_hand}"
        if any(row.placeholder for row in rows):
            return str(Judgement.NOT_COMPARABLE)
        if edited:
            return f"{firm} as run, {len(edited)} edited"
    return str(firm)


def _scenario(name: str, rows: Iterable[TaskVerdict]) -> ScenarioVerdict:
    mine = [row for row in rows if row.scenario == name and row.aspect not in ("structure", "schedule")]
    found = worst(row.verdict for row in mine) or Judgement.NOT_COMPARABLE
    bad = [row for row in mine if row.verdict is found and found is not Judgement.EQUAL]
    reason = _first(bad) if bad else "" if mine else "nothing was compared"
    return ScenarioVerdict(name=name, kind="real" if name == REAL else "rehearsal", verdict=found, reason=reason)


def _first(rows: list[TaskVerdict]) -> str:
    """The first row's reason with its task, and how many more there are."""
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    return f"{rows[0].id}: {rows[0].reason}{more}" if rows[0].id else rows[0].reason + more


def _headline(
    verdict: str,
    rows: tuple[TaskVerdict, ...],
    names: list[str],
    legacy: Mapping[str, RunRecord],
    pilot: Mapping[str, RunRecord],
    left_out: list[str],
    unproven: Collection[str],
    shared: Collection[str],
    edited: Collection[str],
) -> str:
    """One sentence: the verdict, what it rests on, and what is missing."""
    there = [name for name in names if name in legacy and name in pilot]
    rehearsals = [name for name in there if name != REAL]
    expected = len([name for name in names if name != REAL])
    parts: list[str] = []
    different = [row for row in rows if row.verdict is Judgement.DIFFERENT]
    if different:
        tasks = dict.fromkeys(row.id or "the run" for row in different)
        parts.append(f"{len(different)} of {len(rows)} comparisons differ, in {_listed(tasks)}")
    if REAL not in there:
        parts.append(next(row.reason for row in rows if row.scenario == REAL))
    if len(rehearsals) < expected:
        number = expected - len(rehearsals)
        parts.append(f"{number} of {expected} rehearsals {'is' if number == 1 else 'are'} missing")
    elif not expected:
        parts.append("no rehearsals")
    gaps = [r for r in rows if r.verdict is Judgement.NOT_COMPARABLE and not r.placeholder and "missing" not in r.reason]
    if gaps and not different:
        parts.append(_first(gaps))
    decisions = list(dict.fromkeys(row.decision for row in rows if row.decision))
    if decisions:
        parts.append("decided: " + "; ".join(decisions[:3]))
    if not parts:
        several = f"in {len(rehearsals)} rehearsal{'' if len(rehearsals) == 1 else 's'}"
        compared = _scenario(REAL, rows).verdict is not Judgement.NOT_COMPARABLE
        parts.append(f"in the real run and {several}" if compared else f"{several}; the real run is not comparable")
    if unproven and verdict.startswith((Judgement.EQUAL, Judgement.EXPLAINED)):
        parts.append(_never_ran(unproven))
    if edited and verdict.startswith((Judgement.EQUAL, Judgement.EXPLAINED)):
        parts.append(f"changed by hand since it was written: {_listed(edited)}")
    if shared and REAL in there and verdict.startswith((Judgement.EQUAL, Judgement.EXPLAINED)):
        parts.append(f"both real runs share {_listed(shared)}")
    if left_out:
        parts.append(f"{len(left_out)} scenarios were left out, because there are very many")
    return f"{verdict}: {'; '.join(parts)}"


def _never_ran(unproven: Collection[str]) -> str:
    return f"{len(unproven)} task {'body' if len(unproven) == 1 else 'bodies'} never ran: {_listed(unproven)}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(list(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
