"""What is left to a human, grouped by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbook_lib.assess._measure import Statuses, family, placeholders, reason
from workbook_lib.assess._report import Cause
from workbook_lib.assess._tables import EFFORT
from workbook_lib.findings import Finding, Severity
from workbook_lib.model.workflow import Workflow

PLACEHOLDER = "assess.placeholder"


@dataclass
class _Group:
    cause: str
    code: str
    severity: Severity
    family: str
    example: str
    advice: str | None
    workflows: dict[str, None] = field(default_factory=dict)
    tasks: dict[str, None] = field(default_factory=dict)
    count: int = 0


def causes(workflows: Sequence[Workflow], findings: Sequence[Finding], statuses: Statuses | None) -> tuple[Cause, ...]:
    """Placeholders by what is missing, findings by their code; the most frequent first."""
    groups: dict[tuple[str, str], _Group] = {}
    covered: set[tuple[str | None, str | None]] = set()
    for workflow in workflows:
        for task_id in placeholders(workflow, statuses):
            task = workflow.task(task_id)
            cause, message, advice = reason(workflow, task, statuses)
            kind = family(task) if family(task) in EFFORT else "other"
            group = groups.setdefault((PLACEHOLDER, cause), _Group(cause, PLACEHOLDER, Severity.WARNING, kind, message, advice))
            _add(group, workflow.id, task_id)
            covered.add((workflow.id, task_id))
    for finding in findings:
        # That a placeholder's task cannot be converted is the same piece of work; its callbacks, say, are another.
        same = finding.only_unfinished and (finding.workflow, finding.task) in covered
        if finding.severity.needs_human and not same:
            new = _Group(finding.code, finding.code, finding.severity, "finding", finding.message, finding.advice)
            group = groups.setdefault((finding.code, ""), new)
            group.severity = max(group.severity, finding.severity, key=list(Severity).index)
            _add(group, finding.workflow or finding.file, finding.task)
    ordered = sorted(groups.values(), key=lambda group: (-list(Severity).index(group.severity), -group.count, group.cause))
    return tuple(_cause(group) for group in ordered)


def _add(group: _Group, workflow: str | None, task: str | None) -> None:
    group.count += 1
    if workflow is not None:
        group.workflows[workflow] = None
        if task is not None:
            group.tasks[f"{workflow}.{task}"] = None


def _cause(group: _Group) -> Cause:
    once, each = EFFORT[group.family]
    return Cause(
        cause=group.cause,
        code=group.code,
        severity=str(group.severity),
        family=group.family,
        count=group.count,
        workflows=tuple(group.workflows),
        tasks=tuple(group.tasks),
        example=group.example,
        advice=group.advice,
        hours=round(once + each * group.count, 2),
    )
