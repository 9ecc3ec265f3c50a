"""What to do with each workflow, and which one to pilot first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from workbook_lib.assess._measure import working
from workbook_lib.assess._report import Disposition, Part, Pilot, Tie, WorkflowReport
from workbook_lib.assess._tables import CRITICAL_SETTINGS, CRITICAL_TAGS, MIN_PILOT_TASKS, PILOT, RETHINK_SHARE
from workbook_lib.model.workflow import Workflow


def disposition(
    workflow: Workflow, unfinished: Sequence[str], errors: int, circular: bool, today: date
) -> tuple[Disposition, tuple[str, ...]]:
    """What to do with a workflow, and why."""
    over = _over(workflow, today)
    if over:
        return "retire candidate", (over,)
    rethink = []
    if workflow.tasks and len(unfinished) / len(workflow.tasks) > RETHINK_SHARE:
        rethink.append(f"{len(unfinished)} of its {len(workflow.tasks)} tasks have no conversion")
    if errors:
        rethink.append(f"{errors} finding{'s' * (errors > 1)} of severity error")
    if circular:
        rethink.append("it and other workflows wait for each other in a circle")
    depends = sorted({name for task in workflow.tasks for name in task.unsupported if name == "depends_on_past"})
    if depends:
        rethink.append("its tasks depend on their own previous run (depends_on_past)")
    if rethink:
        return "rethink", tuple(rethink)
    if unfinished:
        return "convert with placeholders", (f"{len(unfinished)} of its {len(workflow.tasks)} tasks will be placeholders",)
    return "convert", ("every task has a conversion",)


def _over(workflow: Workflow, today: date) -> str:
    """Why a workflow may be dead; empty when nothing says so. A hint only: whether it is paused is not in the source."""
    if not working(workflow):
        return "no task of it does anything"
    if workflow.end_date is not None and workflow.end_date[:10] < today.isoformat():
        return f"its end date {workflow.end_date[:10]} has passed"
    if workflow.start_date is None and workflow.schedule.kind in ("cron", "interval"):
        return "it has a schedule but no start date, so that it is never scheduled"
    return ""


def pilot(workflow: Workflow, report: WorkflowReport, ties: Sequence[Tie], outside: Sequence[Tie]) -> Pilot:
    """The fitness of a workflow to be migrated first."""
    awaited = [tie for tie in ties if tie.before == workflow.id and tie.kind != "starts" and tie.after != workflow.id]
    waits = {tie.before or tie.via for tie in (*ties, *outside) if tie.after == workflow.id}
    starts = {tie.after for tie in (*ties, *outside) if tie.kind == "starts" and tie.before == workflow.id}
    needs = workflow.requirements
    signs = critical(workflow)
    counts: dict[str, float] = {
        "complexity": report.complexity,
        "placeholders": len(report.placeholders) / max(1, report.tasks),
        "connections": len(needs.connections),
        "variables": len(needs.variables) + len(needs.environment),
        "waits": len(waits),
        "starts": len(starts),
        "critical": len(signs),
        "warnings": report.warnings,
        "tiny": float(working(workflow) < MIN_PILOT_TASKS),
    }
    parts = tuple(Part(name=n, count=round(c, 3), points=-round(min(c * PILOT[n][0], PILOT[n][1]), 2)) for n, c in counts.items() if c)
    score = max(0.0, round(100 + sum(part.points for part in parts), 1))
    against = [f"{tie.after} {'consumes its asset ' + str(tie.via) if tie.kind == 'asset' else 'waits for it'}" for tie in awaited]
    if report.disposition in ("rethink", "retire candidate"):
        against.append(f"{report.disposition}: {'; '.join(report.reasons)}")
    if report.tasks == 0:
        against.append("it has no tasks")
    return Pilot(id=workflow.id, score=score, parts=parts, reasons=_words(report, counts, signs, waits, starts), against=tuple(against))


def _words(report: WorkflowReport, counts: dict[str, float], signs: list[str], waits: set[str | None], starts: set[str]) -> tuple[str, ...]:
    size = f"{report.level} complexity ({report.complexity:g} points, {report.tasks} task{'s' * (report.tasks != 1)})"
    done = report.tasks - len(report.placeholders)
    words = [size, "every task converts" if not report.placeholders else f"{done} of {report.tasks} tasks convert"]
    connections, variables = int(counts["connections"]), int(counts["variables"])
    words.append(f"{connections} connection{'s' * (connections != 1)} to set up" if connections else "needs no connections")
    if variables:
        words.append(f"{variables} variable{'s' * (variables != 1)} to supply")
    words += [f"waits for {name}" for name in sorted(str(name) for name in waits)]
    words += [f"starts {name}" for name in sorted(starts)]
    words += [f"may be critical: {sign}" for sign in signs] or ["nothing says that it is critical"]
    if counts["tiny"]:
        words.append("so small that it proves little")
    return tuple(words)


def critical(workflow: Workflow) -> list[str]:
    """Signs in the source that much depends on a workflow."""
    signs = [f"tag {tag}" for tag in workflow.tags if tag.lower() in CRITICAL_TAGS]
    settings = {name for task in workflow.tasks for name in task.unsupported if name in CRITICAL_SETTINGS}
    signs += [f"setting {name}" for name in sorted(settings)]
    if workflow.callbacks or any(task.callbacks for task in workflow.tasks):
        signs.append("somebody is told when it fails")
    return signs
