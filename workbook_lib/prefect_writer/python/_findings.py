"""Findings of the writer, each with its place in the legacy source."""

from __future__ import annotations

from workbook_lib.findings import Finding, Severity
from workbook_lib.model.function import Origin


def finding_at(
    origin: Origin | None, code: str, severity: Severity, message: str, *, workflow: str, task: str | None = None, advice: str | None = None
) -> Finding:
    """A finding about what stands at `origin`, where that is known."""
    file, line = (origin.file, origin.line) if origin is not None else (None, None)
    return Finding(code=code, severity=severity, message=message, file=file, line=line, workflow=workflow, task=task, advice=advice)
