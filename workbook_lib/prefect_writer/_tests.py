"""The tests of a generated project (see the next change)."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer._plan import Plan


def conftest() -> str:
    return ""


def flow_test(workflow: Workflow, entrypoint: str, the_plan: Plan, records: Sequence[RunRecord]) -> str:
    return ""
