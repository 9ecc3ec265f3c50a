"""The structure check of an edited flow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbook_lib.errors import WorkbookError
from workbook_lib.migration._check import Check
from workbook_lib.model.workflow import Workflow


def structure(workflow: Workflow, text: str, entry: Mapping[str, Any], project: Path) -> Check:
    """Compare the code's graph with the legacy workflow's; `entry` is the workflow's table of the project."""
    from workbook_lib.prefect_reader import read_source
    from workbook_lib.validation import compare_structure

    try:
        program = read_source(text, entry, project)
    except WorkbookError as error:
        return Check(True, "not comparable", line=error.line, differences=(error.message,))
    rows = compare_structure(workflow, program)
    return from_rows(rows)


def from_rows(rows: list[Any]) -> Check:
    """A check from the rows of the structure comparison."""
    from workbook_lib.validation import worst

    verdict = worst(row.verdict for row in rows)
    unequal = [row for row in rows if str(row.verdict) not in ("equal", "explained")]
    return Check(
        True,
        str(verdict) if verdict else "equal",
        differences=tuple(f"{row.id}: {row.reason}" if row.id else row.reason for row in unequal),
        rows=tuple(rows),
    )
