"""`assess`: from what was read to what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Protocol

from workbook_lib.assess._assumed import Kind, completed
from workbook_lib.assess._between import cycles, ties, waves
from workbook_lib.assess._human import causes
from workbook_lib.assess._measure import Statuses, complexity, family, placeholders
from workbook_lib.assess._packages import installs
from workbook_lib.assess._rank import disposition, pilot
from workbook_lib.assess._report import Assessment, Inventory, OperatorUse, PackageUse, Use, WorkflowReport
from workbook_lib.findings import Finding, Severity
from workbook_lib.model.workflow import Workflow


class Read(Protocol):
    """What reading a folder gave; `sources.ReadResult` is one."""

    @property
    def workflows(self) -> Sequence[Workflow]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...


def assess(result: Read, statuses: Statuses | None = None, *, today: date | None = None) -> Assessment:
    """Assess the workflows of a folder.

    `statuses`: workflow id -> task id -> the writer's status; without it, tasks that no rule knows count as placeholders. `today`
    decides which end dates have passed.
    """
    today = today or datetime.now(UTC).date()
    findings = list(result.findings)
    workflows, unplaced = completed(result.workflows, findings)
    ids = list(dict.fromkeys(workflow.id for workflow in workflows))
    inside, outside = ties(workflows)
    circles = cycles(ids, inside)
    circular = {member for circle in circles for member in circle}
    reports = [_report(workflow, findings, statuses, workflow.id in circular, today) for workflow in workflows]
    pilots = [pilot(workflow, report, inside, outside) for workflow, report in zip(workflows, reports, strict=True)]
    return Assessment(
        inventory=_inventory(workflows, statuses, unplaced),
        workflows=tuple(reports),
        human=causes(workflows, findings, statuses),
        ties=inside,
        outside=outside,
        cycles=circles,
        waves=waves(ids, inside, circles),
        pilots=tuple(sorted(pilots, key=lambda one: (bool(one.against), -one.score, one.id))),
    )


def _report(workflow: Workflow, findings: Sequence[Finding], statuses: Statuses | None, circular: bool, today: date) -> WorkflowReport:
    own = [finding for finding in findings if finding.workflow == workflow.id]
    unfinished = placeholders(workflow, statuses)
    points, level, parts = complexity(workflow)
    errors = sum(finding.severity is Severity.ERROR for finding in own)
    what, why = disposition(workflow, unfinished, errors, circular, today)
    return WorkflowReport(
        id=workflow.id,
        system=workflow.system,
        file=workflow.origin.file,
        line=workflow.origin.line,
        schedule=workflow.schedule.text,
        tasks=len(workflow.tasks),
        placeholders=unfinished,
        complexity=points,
        level=level,
        parts=parts,
        disposition=what,
        reasons=why,
        warnings=sum(finding.severity.needs_human for finding in own if not (finding.only_unfinished and finding.task in unfinished)),
    )


def _inventory(workflows: Sequence[Workflow], statuses: Statuses | None, unplaced: Sequence[tuple[Kind, str]]) -> Inventory:
    tasks = sum(len(workflow.tasks) for workflow in workflows)
    unfinished = {workflow.id: set(placeholders(workflow, statuses)) for workflow in workflows}
    pools = _uses(workflows, lambda w: [*w.requirements.pools, *(task.pool for task in w.tasks if task.pool is not None)])
    packages = tuple(
        PackageUse(name=use.name, workflows=use.workflows, installs=answer, reason=why)
        for use in _uses(workflows, lambda w: w.requirements.packages)
        for answer, why in [installs(use.name)]
    )
    return Inventory(
        workflows=len(workflows),
        tasks=tasks,
        converted=tasks - sum(len(names) for names in unfinished.values()),
        operators=_operators(workflows, unfinished),
        schedules=_uses(workflows, lambda w: [w.schedule.text]),
        connections=_inputs(workflows, "connections", unplaced),
        variables=_inputs(workflows, "variables", unplaced),
        pools=pools,
        environment=_inputs(workflows, "environment", unplaced),
        files=_uses(workflows, lambda w: w.requirements.files),
        modules=_uses(workflows, lambda w: w.requirements.modules),
        packages=packages,
    )


def _inputs(workflows: Sequence[Workflow], kind: Kind, unplaced: Sequence[tuple[Kind, str]]) -> tuple[Use, ...]:
    """Values to supply; those that code shared by workflows asks for come without a workflow."""
    found = _uses(workflows, lambda w: getattr(w.requirements, kind))
    known = {use.name for use in found}
    more = [Use(name=name, workflows=()) for of, name in unplaced if of == kind and name not in known]
    return tuple(sorted((*found, *more), key=lambda use: use.name))


def _uses(workflows: Sequence[Workflow], names: Callable[[Workflow], Iterable[str]]) -> tuple[Use, ...]:
    found: dict[str, dict[str, None]] = {}
    for workflow in workflows:
        for name in names(workflow):
            found.setdefault(name, {})[workflow.id] = None
    return tuple(Use(name=name, workflows=tuple(found[name])) for name in sorted(found))


def _operators(workflows: Sequence[Workflow], unfinished: dict[str, set[str]]) -> tuple[OperatorUse, ...]:
    counts: dict[tuple[str, str, str, str], tuple[list[bool], dict[str, None]]] = {}
    for workflow in workflows:
        for task in workflow.tasks:
            key = (task.operator, task.operator_module, task.action.kind, family(task))
            done, where = counts.setdefault(key, ([], {}))
            done.append(task.id not in unfinished[workflow.id])
            where[workflow.id] = None
    ordered = sorted(counts.items(), key=lambda item: (-len(item[1][0]), item[0]))
    return tuple(
        OperatorUse(operator=name, module=module, kind=kind, family=group, tasks=len(done), converted=sum(done), workflows=tuple(where))
        for (name, module, kind, group), (done, where) in ordered
    )
