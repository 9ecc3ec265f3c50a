"""`MIGRATION.md`: what was converted, what is left, and what to review."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.project._before import before

if TYPE_CHECKING:
    from workbook_lib.prefect_writer.project._project import FlowInfo

_FORMS = {
    "sequence": "plain calls, `if` and `try`",
    "futures": "`.submit` and `.map`",
    "rules": "`shared/trigger_rules.py`",
}


def _shown(text: str) -> str:
    """Without characters that turn the direction of a line around, or show as nothing."""
    return "".join(char if char.isprintable() or char.isspace() else "\ufffd" for char in text)


def _cell(text: str) -> str:
    """Text that stays text, also in a table: no HTML, no links."""
    return " ".join(_shown(text).replace("\\", "\\\\").replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;").split())


def _code(text: str) -> str:
    """A code span, also in a table: longer fences than the text has itself."""
    plain = " ".join(_shown(text).split()).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", plain)), default=0) + 1)
    room = " " if "`" in plain else ""
    return f"{fence}{room}{plain}{room}{fence}"


def _left(findings: Sequence[Finding]) -> list[str]:
    """One line per message that needs a human; the same of several tasks in one line that names them."""
    tasks: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        if finding.severity.needs_human:
            key = (finding.workflow or "", finding.message, finding.advice or "")
            tasks.setdefault(key, []).extend([finding.task] if finding.task else [])
    return [
        f"- {_code(workflow)}: {_cell(message)}. {_cell(advice)}".rstrip()
        + (f" ({', '.join(map(_code, names))})" if len(names) > 1 else "")
        for (workflow, message, advice), names in tasks.items()
    ]


def guide(workflows: Sequence[Workflow], flows: Mapping[str, FlowInfo], findings: Sequence[Finding], plans: Mapping[str, Plan]) -> str:
    """The document, in Markdown."""
    lines = ["# Migration", "", "| workflow | flow | tasks | placeholders | written with |", "|---|---|---|---|---|"]
    for workflow in workflows:
        info = flows[workflow.id]
        open_tasks = sum(status.status == "placeholder" for status in info.tasks.values())
        lines.append(f"| {_cell(workflow.id)} | `{info.entrypoint}` | {len(workflow.tasks)} | {open_tasks} | {_FORMS[info.form]} |")
    lines += ["", "## Why not plainer", ""]
    reasons = [(workflow.id, reason) for workflow in workflows for reason in plans[workflow.id].why]
    lines += [f"- {_code(workflow_id)}: {_cell(reason)}." for workflow_id, reason in reasons] or ["Every flow is written in plain Prefect."]
    lines += before(workflows, plans)
    lines += ["", "## Left to you", ""]
    lines += _left(findings) or ["Nothing."]
    return "\n".join(lines) + "\n"
