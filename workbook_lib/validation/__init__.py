"""Compares the legacy engine's runs with the project's, in structure and behaviour, and says what is proven."""

from __future__ import annotations

from workbook_lib.validation._edited import edited
from workbook_lib.validation._fingerprint import files as project_files
from workbook_lib.validation._fingerprint import fingerprint
from workbook_lib.validation._html import report_html
from workbook_lib.validation._judge import judge
from workbook_lib.validation._junit import to_junit
from workbook_lib.validation._masks import Mask, masks
from workbook_lib.validation._protocols import FlowProgram
from workbook_lib.validation._rows import ASPECTS, AspectResult, Judgement, TaskVerdict, worst
from workbook_lib.validation._runs import compare_runs
from workbook_lib.validation._schedule import compare_schedule, deployment
from workbook_lib.validation._structure import compare_structure
from workbook_lib.validation._text import as_text
from workbook_lib.validation._verdict import ScenarioVerdict, Verdict
from workbook_lib.validation.scenarios import Plan, plan, scenarios

__all__ = [
    "ASPECTS",
    "AspectResult",
    "FlowProgram",
    "Judgement",
    "Mask",
    "Plan",
    "ScenarioVerdict",
    "TaskVerdict",
    "Verdict",
    "as_text",
    "compare_runs",
    "compare_schedule",
    "compare_structure",
    "deployment",
    "edited",
    "fingerprint",
    "judge",
    "masks",
    "plan",
    "project_files",
    "report_html",
    "scenarios",
    "to_junit",
    "worst",
]
