"""The structure check of an edited flow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbook_lib.migration._check import Check
from workbook_lib.model.workflow import Workflow


def structure(workflow: Workflow, text: str, entry: Mapping[str, Any], project: Path) -> Check:
    """Compare the code's graph with the legacy workflow's; `entry` is the workflow's table of the project."""
    from workbook_lib.prefect_reader import read_source
    from workbook_lib.validation import compare_structure

    file, _, flow_name = str(entry["entrypoint"]).rpartition(":")
    names = {str(task): str(name) for task, name in dict(entry.get("tasks", {})).items()}
    program = read_source(text, flow_name=flow_name, task_names=names, file=file, project=project)
    if program.problems:
        first = program.problems[0]
        said = tuple(problem.message for problem in program.problems)
        return Check(True, "not comparable", line=first.line, column=first.column, differences=said)
    after = program.graph().after
    missing = tuple((e.source, e.target) for e in workflow.edges if e.source not in after.get(e.target, (e.source,)))
    return from_rows(compare_structure(workflow, program), missing)


def from_rows(rows: list[Any], missing: tuple[tuple[str, str], ...] = ()) -> Check:
    """A check from the rows of the structure comparison; `missing` are legacy edges that the code does not order."""
    from workbook_lib.validation import Judgement

    verdict = max((row.verdict for row in rows), key=list(Judgement).index, default=Judgement.EQUAL)
    unequal = [row for row in rows if row.verdict not in (Judgement.EQUAL, Judgement.EXPLAINED)]
    return Check(
        True,
        str(verdict),
        differences=tuple(f"{row.id}: {row.reason}" if row.id else row.reason for row in unequal),
        missing=missing,
        rows=tuple(rows),
    )
