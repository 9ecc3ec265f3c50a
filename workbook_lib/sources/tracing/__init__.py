"""Runs files whose definitions are Python against recording stand-ins, sandboxed; shared by the systems that need it."""

from __future__ import annotations

from workbook_lib.sources.tracing._client import Job, Reply, Tracer, failure_finding

__all__ = ["Job", "Reply", "Tracer", "failure_finding"]
