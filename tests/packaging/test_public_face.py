"""The public face is small and pinned: a change here is a change for users."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import workbook_lib

FACE = {
    "REAL": "workbook_lib.model.run",
    "Finding": "workbook_lib.findings",
    "Migration": "workbook_lib.migration._migration",
    "RunRecord": "workbook_lib.model.run",
    "Scenario": "workbook_lib.model.run",
    "Severity": "workbook_lib.findings",
    "WorkbookError": "workbook_lib.errors",
    "Workflow": "workbook_lib.model.workflow",
}


def test_the_names_are_these_and_no_others() -> None:
    assert sorted(workbook_lib.__all__) == sorted([*FACE, "__version__"])
    assert dir(workbook_lib) == sorted(workbook_lib.__all__)


@pytest.mark.parametrize("name", FACE)
def test_each_name_leads_to_its_place(name: str) -> None:
    found = getattr(workbook_lib, name)
    assert getattr(found, "__module__", None) == FACE[name]


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"^module 'workbook_lib' has no attribute 'nothing'$"):
        workbook_lib.nothing  # noqa: B018


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert workbook_lib.__version__ == project["version"]


METHODS = [
    "assess", "check", "code", "colours", "conflict", "conflicts", "consent", "convert", "converted", "create",
    "decisions", "deployment", "engine", "findings", "flow_file", "inputs", "made_from", "missing_runs", "needs", "pilot", "program",
    "read", "record", "records", "report", "resolve", "save", "scenario", "scenarios", "settle", "stale", "statuses", "svg", "table",
    "task", "validate", "verdict", "workflow", "workflows", "write_inputs",
]  # fmt: skip


def test_what_a_migration_can_do() -> None:
    assert sorted(name for name in vars(workbook_lib.Migration) if not name.startswith("_")) == METHODS
