"""Compares the legacy engine's runs with the project's, in structure and behaviour, and says what is proven."""

from __future__ import annotations

from workbook_lib.validation.scenarios import Plan, plan, scenarios

__all__ = ["Plan", "plan", "scenarios"]
