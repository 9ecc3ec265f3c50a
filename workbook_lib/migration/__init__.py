"""Migration: one folder on disk; what notebooks, the command line and batches talk to."""

from __future__ import annotations

from workbook_lib.migration._check import Check
from workbook_lib.migration._decisions import Decisions
from workbook_lib.migration._digest import sources_digest
from workbook_lib.migration._disk import file_name, has_room, write
from workbook_lib.migration._migration import ColourBy, Migration
from workbook_lib.migration._needs import Need
from workbook_lib.migration._project import ConvertReport, FileChange
from workbook_lib.migration._secrets import TELLING, Masker, known

__all__ = [
    "TELLING", "Check", "ColourBy", "ConvertReport", "Decisions", "FileChange", "Masker", "Migration", "Need", "file_name", "has_room",
    "known", "sources_digest", "write",
]  # fmt: skip
