"""The library's own verdict on a mutant: structure first, which runs nothing, then the runs of the flow against Airflow's records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mutation_mutants import Mutant
from mutation_subjects import Subject

from workbook_lib.errors import WorkbookError
from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.validation import Judgement, compare_runs, compare_structure, deployment, edited, judge
from workbook_lib.validation import compare_schedule as schedule_rows

TIME_LIMIT = 30.0


@contextlib.contextmanager
def applied(subject: Subject, mutant: Mutant | None) -> Iterator[None]:
    """The subject's file as the mutant has it, and as it was afterwards."""
    if mutant is None:
        yield
        return
    file = subject.deployments if mutant.schedule else subject.file
    kept = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(kept, encoding="utf-8")


def by_structure(subject: Subject, mutant: Mutant | None) -> tuple[str, str]:
    """The worst judgement that reading the project gives, and the first reason for it."""
    with applied(subject, mutant):
        rows = compare_structure(subject.workflow, read_flow(subject.root / "project", subject.workflow.id))
        rows += schedule_rows(subject.workflow, deployment(subject.root / "project", subject.workflow.id))
    for judgement in (Judgement.DIFFERENT, Judgement.NOT_COMPARABLE):
        found = [row for row in rows if row.verdict is judgement]
        if found:
            return str(judgement), f"{found[0].id}: {found[0].reason}"
    return str(Judgement.EQUAL), ""


def prepare(subject: Subject, session: Session) -> None:
    """Fixtures, and runs of the flows that the subject's real run waits for."""
    subject.prepare()
    for other in subject.before:
        session.run(other, REAL, logical_date=subject.records[0][1].logical_date)


def by_runs(subject: Subject, mutant: Mutant, session: Session, rehearsed: dict[str, RunRecord]) -> tuple[str, str, str]:
    """The verdict of `judge` on a mutant that reads as equal, after the first run that ends differently, or after all.

    Returns (verdict, which kind of run told, reason). A rehearsal replaces the bodies, so that all mutants in bodies of a flow have the
    same rehearsals: the first one to come so far puts them into `rehearsed`.
    """
    legacy = {scenario.name: record for scenario, record in subject.records}
    scripts = {scenario.name: scenario for scenario, _ in subject.records if scenario.kind != "real"}
    pilots: dict[str, RunRecord] = {}
    with applied(subject, mutant):
        program = read_flow(subject.root / "project", subject.workflow.id)
        for scenario, record in sorted(subject.records, key=lambda pair: pair[0].kind != "real"):
            if mutant.in_body and scenario.name in rehearsed:
                pilots[scenario.name] = rehearsed[scenario.name]
                continue
            try:
                pilots[scenario.name] = made = _run(subject, scenario, record, session)
            except WorkbookError as error:
                return f"no run: {type(error).__name__}", scenario.kind, str(error).splitlines()[0]
            if mutant.in_body and scenario.kind != "real":
                rehearsed[scenario.name] = made
            rows = compare_runs(
                subject.workflow, record, made, subject.masks, placeholders=subject.placeholders, script=scripts.get(scenario.name)
            )
            different = [row for row in rows if row.verdict is Judgement.DIFFERENT and not row.placeholder]
            if different:  # a row that differs makes the whole verdict different: no other run can mend it
                return str(Judgement.DIFFERENT), scenario.kind, f"{scenario.name}: {different[0].id}: {different[0].reason}"
        project = subject.root / "project"
        verdict = judge(
            subject.workflow,
            program,
            legacy,
            pilots,
            placeholders=subject.placeholders,
            masks=subject.masks,
            project=project,
            edited=edited(project, subject.root / "written", subject.workflow.id),
        )
    return verdict.verdict, "", verdict.headline


def _run(subject: Subject, scenario: Scenario, record: RunRecord, session: Session) -> RunRecord:
    return session.run(subject.workflow, scenario, logical_date=record.logical_date or None, time_limit=TIME_LIMIT)
