"""Running both engines for a migration folder, and judging what they did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook_lib.errors import UsageError
from workbook_lib.migration import _disk, _needs
from workbook_lib.migration._digest import sources_digest
from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow

if TYPE_CHECKING:
    from workbook_lib.migration._migration import Migration
    from workbook_lib.pilot import Session
    from workbook_lib.validation import Verdict

Progress = Callable[[str], None]


def legacy_digest(migration: Migration, workflow: Workflow) -> str:
    """What a legacy run of the workflow depends on."""
    return sources_digest(migration.root / "legacy", workflow, {name: _needs.read(migration.root, name) for name in _needs.FILES})


def pilot_digest(migration: Migration, workflow: Workflow) -> str:
    """What a pilot depends on: the model, the project's files that the flow may use, the fixtures and inputs, Prefect."""
    from importlib.metadata import version

    from workbook_lib.validation import fingerprint

    return fingerprint(migration.root / "project", workflow, "prefect " + version("prefect"), legacy_digest(migration, workflow))


def record(migration: Migration, workflow: Workflow, scenarios: tuple[Scenario, ...], **options: Any) -> tuple[RunRecord, ...]:
    """Legacy records made by the real engine, kept as they come; the real run is made twice, to see which values differ by themselves."""
    from workbook_lib.sources import room
    from workbook_lib.validation import masks

    _disk.has_room(migration.root)
    made_from = legacy_digest(migration, workflow)
    options = {"logical_date": logical_date(migration, workflow)} | options
    hide = migration.store.masker(options.get("params"))
    again = [scenario for scenario in scenarios if scenario.kind == "real"][:1]
    made: list[RunRecord] = []
    with hide.errors():
        for one in room(workflow.system).run_legacy(
            workflow,
            [*scenarios, *again],
            legacy=migration.root / "legacy",
            work=migration.root / ".workbook" / "runs",
            inputs={name: _needs.read(migration.root, name) for name in _needs.FILES},
            **options,
        ):
            made.append(hide.model(one))
            if not options.get("params") and len(made) <= len(scenarios):
                migration.store.save_record("legacy", made[-1], made_from)
    if again and not options.get("params"):
        pair = [one for one in made if one.scenario == again[0].name]
        migration.store.save_masks(workflow.id, [mask.model_dump(mode="json") for mask in masks(pair[0], pair[-1])])
    return tuple(made[: len(scenarios)])


def pilot(migration: Migration, workflow: Workflow, scenario: Scenario, *, session: Session | None = None, **options: Any) -> RunRecord:
    """One run of the project's flow, kept; `session` runs it in a process that is there already."""
    from workbook_lib.pilot import Session

    _disk.has_room(migration.root)
    made_from = pilot_digest(migration, workflow)
    options = {"logical_date": logical_date(migration, workflow)} | options
    with migration.store.masker(options.get("params")).errors(), nullcontext(session) if session else Session(migration.root) as process:
        if scenario.kind == "real":
            for other in awaited(migration, workflow):
                process.run(other, scenario, logical_date=options["logical_date"])
        made = process.run(workflow, scenario, **options)
    if not options.get("params"):
        migration.store.save_record("pilot", made, made_from)
    return migration.store.masker(options.get("params")).model(made)


def awaited(migration: Migration, workflow: Workflow) -> list[Workflow]:
    """The converted workflows that a real run of `workflow` waits for, in the order in which they have to run."""
    known, table = {one.id: one for one in migration.workflows()}, migration.table()
    found: dict[str, Workflow] = {}

    def visit(one: Workflow, above: frozenset[str]) -> None:
        for link in one.links:
            other = known.get(link.target) if link.kind == "waits_for" else None
            if other is not None and other.id in table and other.id not in above:
                visit(other, above | {other.id})
                found[other.id] = other

    visit(workflow, frozenset({workflow.id}))
    return list(found.values())


def logical_date(migration: Migration, workflow: Workflow) -> str:
    """The logical date of runs: that of the legacy record, so that both engines run for the same moment; else the start date."""
    legacy = migration.store.record("legacy", workflow.id, REAL.name)
    return legacy.logical_date if legacy else workflow.start_date or "2024-01-01T00:00:00+00:00"


def validate(migration: Migration, workflow: Workflow, *, record: bool, progress: Progress, **options: Any) -> Verdict:
    """Run what is missing or stale, compare and keep the verdict."""
    from workbook_lib.pilot import run, run_many
    from workbook_lib.validation import Mask, edited, judge

    store, scenarios = migration.store, migration.scenarios(workflow.id)
    store.hide_again()
    hide = store.masker()
    missing = stale_records(migration, workflow)
    if missing and record:
        progress(f"{workflow.id}: running {len(missing)} scenarios in the legacy engine")
        migration.record(workflow.id, missing)
        missing = ()
    todo = stale_pilots(migration, workflow)
    if todo:
        _disk.has_room(migration.root)
        progress(f"{workflow.id}: running {len(todo)} scenarios in Prefect")
        made_from = pilot_digest(migration, workflow)

        def keep(made: RunRecord) -> None:
            store.save_record("pilot", made, made_from)

        with hide.errors():
            if any(scenario.kind == "real" for scenario in todo):
                for other in awaited(migration, workflow):
                    progress(f"{workflow.id}: waits for {other.id}, which runs first")
                    run(migration.root, other, logical_date=logical_date(migration, workflow))
            run_many(migration.root, workflow, todo, on_record=keep, logical_date=logical_date(migration, workflow), **options)
    progress(f"{workflow.id}: comparing")
    fresh = [scenario.name for scenario in scenarios if scenario not in missing]
    legacy = [found for name in fresh if (found := store.record("legacy", workflow.id, name))]
    pilots = [found for scenario in scenarios if (found := store.record("pilot", workflow.id, scenario.name))]
    verdict = judge(
        workflow,
        migration.program(workflow.id),
        legacy,
        pilots,
        decisions=migration.decisions.plain(),
        placeholders=[task for task, status in migration.statuses(workflow.id).items() if status.status == "placeholder"],
        masks=[Mask.model_validate(mask) for mask in store.masks(workflow.id)],
        project=migration.root / "project",
        fingerprint=fingerprint(migration, workflow),
        edited=edited(migration.root / "project", migration.root / ".workbook" / "base", workflow.id),
    )
    verdict = hide.model(verdict)
    store.save_verdict(workflow.id, verdict.to_json())
    migration._tell(workflow.id, verdict.headline)
    return verdict


def fingerprint(migration: Migration, workflow: Workflow) -> str:
    """What a verdict depends on: what the pilot does, the decisions, and the legacy engine's version."""
    legacy = migration.store.record("legacy", workflow.id, REAL.name)
    parts = [pilot_digest(migration, workflow), json.dumps(migration.decisions.plain(), sort_keys=True, default=str)]
    parts.append(f"{legacy.engine} {legacy.version} {legacy.logical_date}" if legacy else "")
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stale_records(migration: Migration, workflow: Workflow) -> tuple[Scenario, ...]:
    """Scenarios whose legacy record is missing or was made from other sources."""
    now = legacy_digest(migration, workflow)
    return tuple(s for s in migration.scenarios(workflow.id) if migration.store.made_from("legacy", workflow.id, s.name) != now)


def stale_pilots(migration: Migration, workflow: Workflow) -> tuple[Scenario, ...]:
    """Scenarios whose pilot is missing or was made from other code."""
    now = pilot_digest(migration, workflow)
    return tuple(s for s in migration.scenarios(workflow.id) if migration.store.made_from("pilot", workflow.id, s.name) != now)


def report(migration: Migration, workflow: Workflow) -> Path:
    """Write the HTML report."""
    from workbook_lib.validation import report_html

    verdict = migration.verdict(workflow.id)
    if verdict is None:
        raise UsageError(f"{workflow.id!r} was not validated yet.", advice="Call validate first.")
    place = migration.root / "report" / f"{_disk.file_name(workflow.id)}.html"
    page = report_html(verdict, workflow, svg=migration.svg(workflow.id, "verdict"))
    _disk.write(place, migration.store.masker().markup(page))
    return place


def states(made: RunRecord) -> dict[str, str]:
    """Task id -> state, the worst of a mapped task's instances."""
    order = ["success", "skipped", "removed", "not_run", "upstream_failed", "failed"]
    found: dict[str, str] = {}
    for run in made.tasks:
        before = found.get(run.id, "success")
        found[run.id] = max(before, str(run.state), key=order.index)
    return found


def verdict_colours(verdict: Verdict) -> dict[str, str]:
    """Task id -> class of the drawing, the worst of a task's rows."""
    from workbook_lib.validation import Judgement

    order = list(Judgement)
    found: dict[str, Judgement] = {}
    for row in verdict.tasks:
        if row.id:
            found[row.id] = max(found.get(row.id, Judgement.EQUAL), row.verdict, key=order.index)
    return {task: str(judgement).replace(" ", "_") for task, judgement in found.items()}
