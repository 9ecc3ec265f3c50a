"""Assesses what was read: inventory, complexity, what a human must do, waves, and which workflow to pilot first."""

from __future__ import annotations

from workbook_lib.assess._assess import assess
from workbook_lib.assess._assumed import assumed
from workbook_lib.assess._html import to_html
from workbook_lib.assess._packages import installs
from workbook_lib.assess._report import (
    Assessment,
    Cause,
    Inventory,
    OperatorUse,
    PackageUse,
    Part,
    Pilot,
    Tie,
    Use,
    Wave,
    WorkflowReport,
)

__all__ = [
    "Assessment",
    "Cause",
    "Inventory",
    "OperatorUse",
    "PackageUse",
    "Part",
    "Pilot",
    "Tie",
    "Use",
    "Wave",
    "WorkflowReport",
    "assess",
    "assumed",
    "installs",
    "to_html",
]
