"""`MIGRATION.md`: what was converted and how it was judged, what was decided, what is left to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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


_VERDICTS = "## Verdict"
_NOT_YET = "not validated yet"


def with_verdicts(text: str, verdicts: Mapping[str, str]) -> str:
    """The document with what the last validation said of these workflows, by their ids; as it is where the user took that section out."""
    head, heading, rest = text.partition(f"\n{_VERDICTS}\n")
    section, following, tail = rest.partition("\n## ")
    for workflow_id, said in verdicts.items():
        start = f"- {_code(workflow_id)}: "
        lines = [f"{start}{_cell(said)}" if line.startswith(start) else line for line in section.split("\n")]
        section = "\n".join(lines)
    return "".join([head, heading, section, following, tail])


def _decided(decisions: Mapping[str, Any], place: str = "everywhere") -> Iterator[str]:
    """A line for each decision, with where it holds."""
    for key, value in decisions.items():
        if key == "workflows" and isinstance(value, Mapping):
            for workflow_id, table in value.items():
                yield from _decided(table, f"in {_code(workflow_id)}") if isinstance(table, Mapping) else ()
        elif key == "tasks" and isinstance(value, Mapping):
            for task_id, table in value.items():
                yield from _decided(table, f"{place}, task {_code(task_id)}") if isinstance(table, Mapping) else ()
        else:
            yield f"- {place}: {_code(f'{key} = {json.dumps(value, ensure_ascii=False, default=str)}')}"


def guide(
    workflows: Sequence[Workflow],
    flows: Mapping[str, FlowInfo],
    findings: Sequence[Finding],
    plans: Mapping[str, Plan],
    decisions: Mapping[str, Any] | None = None,
) -> str:
    """The document, in Markdown; `with_verdicts` puts into it what is known only later."""
    lines = ["# Migration", "", "| workflow | flow | tasks | placeholders | written with |", "|---|---|---|---|---|"]
    for workflow in workflows:
        info = flows[workflow.id]
        open_tasks = sum(status.status == "placeholder" for status in info.tasks.values())
        lines.append(f"| {_cell(workflow.id)} | `{info.entrypoint}` | {len(workflow.tasks)} | {open_tasks} | {_FORMS[info.form]} |")
    lines += ["", _VERDICTS, "", "What `workbook validate` said last:", ""]
    lines += [f"- {_code(workflow.id)}: {_NOT_YET}" for workflow in workflows]
    lines += ["", "## Decided", ""]
    lines += list(_decided(decisions or {})) or ["Nothing: every flow is to do what the legacy workflow did."]
    lines += ["", "## Why not plainer", ""]
    reasons = [(workflow.id, reason) for workflow in workflows for reason in plans[workflow.id].why]
    lines += [f"- {_code(workflow_id)}: {_cell(reason)}." for workflow_id, reason in reasons] or ["Every flow is written in plain Prefect."]
    lines += before(workflows, plans)
    lines += ["", "## Left to you", ""]
    lines += _left(findings) or ["Nothing."]
    return "\n".join(lines) + "\n"
