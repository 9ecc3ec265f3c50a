"""Values that a definition asked for while it was read, known from the findings about assumed values alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Workflow

Kind = Literal["variables", "connections", "environment"]

_NAMED = re.compile(r"\b(environment variable|environment|variable|connection) '([^']+)'")
_KINDS: dict[str, Kind] = {
    "environment variable": "environment",
    "environment": "environment",
    "variable": "variables",
    "connection": "connections",
}


def assumed(finding: Finding) -> list[tuple[Kind, str]]:
    """The inputs that a finding about an assumed value names."""
    if not finding.code.endswith(".assumed_value"):
        return []
    return [(_KINDS[kind], name) for kind, name in _NAMED.findall(finding.message)]


def completed(workflows: Iterable[Workflow], findings: Sequence[Finding]) -> tuple[list[Workflow], list[tuple[Kind, str]]]:
    """The workflows with what findings in their files name among their requirements, and what belongs to none of them."""
    made, placed = [], set()
    for workflow in workflows:
        files = {workflow.origin.file, *(frame.file for frame in workflow.origin.stack)}
        more: dict[str, tuple[str, ...]] = {}
        for finding in findings:
            if workflow.id == finding.workflow or (finding.workflow is None and finding.file in files):
                for kind, name in assumed(finding):
                    placed.add((kind, name))
                    before = more.get(kind, getattr(workflow.requirements, kind))
                    more[kind] = tuple(sorted({*before, name}))
        made.append(workflow.model_copy(update={"requirements": workflow.requirements.model_copy(update=more)}) if more else workflow)
    named = dict.fromkeys(pair for finding in findings for pair in assumed(finding))
    return made, [pair for pair in named if pair not in placed]
