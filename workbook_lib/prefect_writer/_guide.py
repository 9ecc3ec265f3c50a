"""`MIGRATION.md`: what was converted, what is left, and what to review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer._plan import Plan

if TYPE_CHECKING:
    from workbook_lib.prefect_writer._project import FlowInfo

_FORMS = {
    "sequence": "plain calls, `if` and `try`",
    "futures": "`.submit` and `.map`",
    "rules": "`shared/trigger_rules.py`",
}


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def guide(workflows: Sequence[Workflow], flows: Mapping[str, FlowInfo], findings: Sequence[Finding], plans: Mapping[str, Plan]) -> str:
    """The document, in Markdown."""
    lines = ["# Migration", "", "| workflow | flow | tasks | placeholders | written with |", "|---|---|---|---|---|"]
    for workflow in workflows:
        info = flows[workflow.id]
        open_tasks = sum(status.status == "placeholder" for status in info.tasks.values())
        lines.append(f"| {_cell(workflow.id)} | `{info.entrypoint}` | {len(workflow.tasks)} | {open_tasks} | {_FORMS[info.form]} |")
    lines += ["", "## Why not plainer", ""]
    reasons = [(workflow.id, reason) for workflow in workflows for reason in plans[workflow.id].why]
    lines += [f"- `{_cell(workflow_id)}`: {_cell(reason)}." for workflow_id, reason in reasons] or [
        "Every flow is written in plain Prefect."
    ]
    lines += ["", "## Left to you", ""]
    lines += [
        f"- `{_cell(f.workflow or '')}`: {_cell(f.message)}. {_cell(f.advice or '')}".rstrip() for f in findings if f.severity.needs_human
    ] or ["Nothing."]
    return "\n".join(lines) + "\n"
