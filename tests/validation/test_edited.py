"""What was changed by hand since it was written is named, and a verdict that rests on runs alone says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.validation import edited

FLOW = '''"""A flow."""
from prefect import flow, task

MINIMUM = 10

@task
def total(rows):
    """Add up."""
    return sum(rows)

@flow
def sales():
    total([MINIMUM])
'''
TABLE = '[tool.migration.workflows.sales]\nentrypoint = "flows/sales.py:sales"\n'


def projects(tmp_path: Path, now: str, shared: str = "") -> tuple[Path, Path]:
    for name, text, helper in (("written", FLOW, "A = 1\n"), ("project", now, shared or "A = 1\n")):
        for folder in ("flows", "shared"):
            (tmp_path / name / folder).mkdir(parents=True)
        (tmp_path / name / "flows" / "sales.py").write_text(text)
        (tmp_path / name / "shared" / "helper.py").write_text(helper)
        (tmp_path / name / "pyproject.toml").write_text(TABLE)
    return tmp_path / "project", tmp_path / "written"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("", "", ()),
        ("    return sum(rows)", "    return sum(rows)  # all of them", ()),
        ('"""Add up."""', '"""Add all rows up."""', ()),
        ("sum(rows)", "sum(rows) or None", ("total",)),
        ("MINIMUM = 10", "MINIMUM = 11", ("MINIMUM",)),
        ("total([MINIMUM])", "total([MINIMUM, 1])", ("sales",)),
        ("@task\n", "@task(retries=1)\n", ("total",)),
        ("import flow, task", "import flow, task, unmapped", ("imports",)),
        ("return sum(rows)", "return sum(rows", ("MINIMUM", "imports", "sales", "the file", "total")),
    ],
)
def test_what_counts_as_edited(old: str, new: str, names: tuple[str, ...], tmp_path: Path) -> None:
    found = edited(*projects(tmp_path, FLOW.replace(old, new)), "sales")
    assert tuple(sorted(set(found) - {"the module's own statements"})) == names


def test_a_helper_beside_the_flow(tmp_path: Path) -> None:
    assert edited(*projects(tmp_path, FLOW, "A = 2\n"), "sales") == ("shared/helper.py: A",)


def test_without_the_writers_files_nothing_is_said(tmp_path: Path) -> None:
    assert edited(projects(tmp_path, FLOW.replace("10", "11"))[0], tmp_path / "nowhere", "sales") == ()
