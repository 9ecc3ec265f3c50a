"""One workflow is broken and one hangs: the rest goes on, and what is done is not done again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from batch_books import HANGING, gone, notebooks, printed, repository

from workbook_lib.batch import Batch, Options, Report
from workbook_lib.findings import Severity

pytestmark = pytest.mark.notebook
SECONDS = 90  # two kernels start within it also on a busy machine


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "dags")


@pytest.fixture(autouse=True)
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "hanging"
    place.touch()
    monkeypatch.setenv(HANGING, str(place))
    return place


def batch(source: Path, tmp_path: Path, **options: Any) -> tuple[Report, list[str]]:
    """The report, and the lines that were said meanwhile."""
    said: list[str] = []
    options = {"jobs": 2, "notebooks": str(tmp_path / "books")} | options
    return Batch(source, tmp_path / "root", Options(**options), said.append).run(), said


def states(report: Report) -> dict[str, str]:
    return {row.id: row.state for row in report.rows}


def test_a_broken_and_a_hanging_workflow_do_not_stop_the_rest(source: Path, tmp_path: Path, hanging: Path) -> None:
    notebooks(tmp_path / "books")
    (source / "not_python.py").write_text("from airflow import DAG\nthis is not Python\n")
    report, said = batch(source, tmp_path, limit=SECONDS)
    assert states(report) == {"broken": "failed", "good": "done", "hangs": "timed out"}
    rows = {row.id: row for row in report.rows}
    assert rows["broken"].reason == "02_rewrite: AssertionError: the notebook is broken"
    assert rows["hangs"].reason == f"it took longer than the time limit of {SECONDS} s, in 02_rewrite"
    assert [one.state for one in rows["hangs"].notebooks] == ["run", "failed"]
    assert printed(tmp_path / "root", "hangs", "02_rewrite") == "before it\n"
    assert gone(int(hanging.read_text()))
    assert [(finding.severity, Path(finding.file or "").name) for finding in report.elsewhere] == [(Severity.ERROR, "not_python.py")]
    assert sorted(line.partition("] ")[2].partition(":")[0] for line in said if line.startswith("[")) == ["broken", "good", "hangs"]
    assert not report.good

    hanging.unlink()
    report, said = batch(source, tmp_path, limit=SECONDS)
    assert states(report) == {"broken": "failed", "good": "done", "hangs": "done"}
    assert {row.id: row.reused for row in report.rows} == {"broken": False, "good": True, "hangs": False}
    assert said[1] == "3 workflows: 1 done before and still fresh, 2 to do"
