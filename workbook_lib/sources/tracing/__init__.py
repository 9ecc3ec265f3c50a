"""Runs files whose definitions are Python against recording stand-ins, sandboxed; shared by the systems that need it."""

from __future__ import annotations

from workbook_lib.sources.tracing._client import Job, Reply, Tracer, failure_finding
from workbook_lib.sources.tracing._told import blocked_findings, missing_findings

__all__ = ["Job", "Reply", "Tracer", "blocked_findings", "failure_finding", "missing_findings"]
