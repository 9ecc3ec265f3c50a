"""What all rooms below `sources` answer, as one record."""

from __future__ import annotations

from collections.abc import Iterable

from workbook_lib.findings import Finding
from workbook_lib.model._base import Frozen
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources._options import ReadOptions, load_values
from workbook_lib.sources._parts import Part

__all__ = ["ReadOptions", "ReadResult", "load_values", "together"]


class ReadResult(Frozen):
    """What a folder or some files hold. `files` are those that were read, as the user named them.

    `modules` are sibling modules that the files imported: (dotted name, file).
    """

    workflows: tuple[Workflow, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()


def together(parts: Iterable[Part]) -> ReadResult:
    """All parts of a reading as one result."""
    every = list(parts)
    return ReadResult(
        workflows=tuple(workflow for part in every for workflow in part.workflows),
        findings=tuple(finding for part in every for finding in part.findings),
        files=tuple(file for part in every for file in part.files),
        modules=tuple(dict.fromkeys(pair for part in every for pair in part.modules)),
    )
