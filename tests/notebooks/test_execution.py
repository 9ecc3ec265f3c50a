"""Each notebook is executed once, in order, on a copy: nbval fails on any error in a cell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from notebooks_rules import BOOKS, FOLDER, load

pytestmark = pytest.mark.notebook


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guided") / "notebooks"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("my_migration", ".ipynb_checkpoints"))
    return folder


@pytest.mark.parametrize("name", [book.name for book in BOOKS])
def test_a_notebook_runs_after_the_ones_before_it(copy: Path, name: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-cell-timeout=240",
        "-q",
        "-p",
        "no:cacheprovider",
        "--color=no",
        name,
    ]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_parameters_are_taken_from_papermill(copy: Path, tmp_path: Path) -> None:
    import papermill

    given = {"root": str(tmp_path / "root"), "source": str(copy / "examples/airflow/taskflow_mapping"), "workflow": "orders_by_customer"}
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(copy / "00_start_here.ipynb"), str(out), given, cwd=str(copy), progress_bar=False, store_widget_state=False
    )
    shown = next(cell for cell in load(out).cells if cell.id == "check").outputs[0].data["text/plain"]
    assert shown.startswith("✓ orders_by_customer was read")


def test_the_demonstration_ends_with_a_check_that_is_not_passed(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from workbook_lib import demo

    book = load(copy / "00_start_here.ipynb")
    of_the_workflow = ("SourcePicker", "GraphView", "svg", "predict")  # these fail before the check where there is no such workflow
    book.cells = [cell for cell in book.cells if cell.cell_type == "code" and not any(name in cell.source for name in of_the_workflow)]
    nbformat.write(book, tmp_path / "00_start_here.ipynb")
    monkeypatch.setattr(demo, "NOTEBOOKS", tmp_path)
    monkeypatch.setenv("WORKBOOK_STRICT_CHECKS", "0")  # taken back afterwards, whatever the demonstration sets
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    source = copy / "examples/airflow/taskflow_mapping"
    assert demo.main(["--out", str(tmp_path / "out"), "--source", str(source)]) == 1
    assert "CheckFailed: ✕ daily_sales was not found. Found: orders_by_customer." in capsys.readouterr().err
    shown = next(cell for cell in load(tmp_path / "out" / "00_start_here.ipynb").cells if cell.id == "check").outputs
    assert shown[0].data["text/plain"].startswith("✕ daily_sales was not found.")


def test_a_notebook_opened_too_early_says_which_comes_first(tmp_path: Path) -> None:
    import papermill

    with pytest.raises(papermill.PapermillExecutionError) as caught:
        papermill.execute_notebook(
            str(FOLDER / "05_validate.ipynb"),
            str(tmp_path / "out.ipynb"),
            {"root": str(tmp_path / "none")},
            cwd=str(tmp_path),
            progress_bar=False,
        )
    assert caught.value.evalue == (
        f"{tmp_path / 'none'} is not a migration folder yet. Run the notebook 00_start_here first, or go on from a checkpoint: "
        'with the line `migration = resume(root, workflow, needs="project", checkpoint=source)`, '
        f"or in a terminal `workbook checkpoint 03 --out {tmp_path / 'none'}`."
    )
