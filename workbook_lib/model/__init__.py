"""The intermediate representation and the run record; imports no other room but errors and findings."""

from __future__ import annotations

from workbook_lib.model import action, expr, function, join_rules, run, workflow

__all__ = ["action", "expr", "function", "join_rules", "run", "workflow"]
