"""From a checkpoint alone each notebook runs to its end; what a checkpoint makes passes the checks of the notebooks before."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from notebooks_rules import BOOKS, FOLDER
from notebooks_run import run_book

from workbook_lib import Migration
from workbook_lib.cli import main
from workbook_lib.errors import CheckFailed, UsageError
from workbook_lib.teaching import _kept_runs, check, checkpoint, example, resume

pytestmark = pytest.mark.notebook
NAME = "daily_sales"


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the checkpoints; each is made from the one before it, as it would be from nothing."""
    return tmp_path_factory.mktemp("checkpoints")


# Each notebook is run once in `make test`, one after another (test_execution.py); from their checkpoints they are run by `make proof`.
@pytest.mark.proof
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_from_its_checkpoint_alone(book: Path, roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_STRICT_CHECKS", "1")
    number, root = book.stem[:2], roots / book.stem
    said = io.StringIO()
    with redirect_stdout(said):
        assert main(["checkpoint", number, "--out", str(root), "--json"]) == 0
    assert json.loads(said.getvalue()) == {"schema": 1, "root": str(root), "notebook": number, "workflows": [NAME]}
    shown = run_book(book, FOLDER, root=str(root), source=str(example()))
    assert shown["check"].passed


def test_a_checkpoint_leaves_what_the_notebooks_before_it_do(roots: Path) -> None:
    at = {number: Migration(checkpoint(number, roots / f"left{number}").root) for number in ("02", "03", "05", "06")}
    assert [at[number].converted() for number in at] == [False, True, True, True]
    assert [len(at[number].missing_runs(NAME)["pilot"]) for number in ("03", "05", "06")] == [22, 19, 0]
    assert [at[number].verdict(NAME) is not None for number in ("03", "05", "06")] == [False, False, True]
    assert check.is_equal(at["06"], NAME).passed


def test_recorded_runs_are_not_taken_for_other_code(tmp_path: Path) -> None:
    migration = checkpoint("03", tmp_path / "root")
    every = migration.scenarios(NAME)
    migration.save(NAME, migration.code(NAME).replace("return len(rows)", "return len(rows) + 1"))
    assert _kept_runs.adopt(migration, NAME, every) == 0
    assert len(migration.missing_runs(NAME)["pilot"]) == len(every)


def test_the_recorded_runs_are_those_of_today(tmp_path: Path) -> None:
    migration = checkpoint("03", tmp_path / "root")
    kept = json.loads((_kept_runs.FOLDER / f"{NAME}.json").read_text())["made_from"]
    assert kept == _kept_runs.digest(migration, NAME), "renew them: python tests/notebooks/checkpoints_renew.py"


def test_a_checkpoint_keeps_edits_and_refuses_what_is_broken(tmp_path: Path) -> None:
    migration = checkpoint("03", tmp_path / "root")
    text = migration.code(NAME)
    migration.save(NAME, text + "# mine\n")
    assert checkpoint("04", tmp_path / "root").code(NAME) == text + "# mine\n"
    migration.save(NAME, "def broken(:\n")
    with pytest.raises(CheckFailed) as caught:
        checkpoint("04", tmp_path / "root")
    assert str(caught.value) == (
        "the check of 02_rewrite does not pass. ✕ Does not compile: invalid syntax (line 1, column 12). Correct that line. "
        "Do the notebook 02_rewrite by hand, or begin in a folder of its own."
    )


@pytest.mark.parametrize(
    ("needs", "line", "number"),
    [("sources", "migration = resume(root, workflow, checkpoint=source)", "01"),
     ("project", 'migration = resume(root, workflow, needs="project", checkpoint=source)', "03"),
     ("verdict", 'migration = resume(root, workflow, needs="verdict", checkpoint=source)', "06")],
)  # fmt: skip
def test_what_is_missing_is_offered_and_made(tmp_path: Path, needs: str, line: str, number: str) -> None:
    values = {"root": str(tmp_path / "root"), "source": str(example()), "workflow": NAME, "resume": resume}
    with pytest.raises(UsageError) as caught:
        resume(values["root"], NAME, needs=needs)  # type: ignore[arg-type]
    assert caught.value.advice == (
        f"Run the notebook 00_start_here first, or go on from a checkpoint: with the line `{line}`, "
        f"or in a terminal `workbook checkpoint {number} --out {tmp_path / 'root'}`."
    )
    exec(line, values)
    assert resume(values["root"], NAME, needs=needs).root == tmp_path / "root"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["07"], "there is no notebook '07'. Name one of: 00, 01, 02, 03, 04, 05, 06."),
     (["03", "--example", "x"], "there is no example 'x'. Examples: daily_sales, maintenance, shop_repository, taskflow_mapping.")],
)  # fmt: skip
def test_a_checkpoint_that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(["checkpoint", *arguments, "--out", str(tmp_path / "root")]) == 2
    assert capsys.readouterr().err.strip() == said


def test_every_example_has_a_project_at_its_checkpoint(tmp_path: Path) -> None:
    names = ["maintenance", "shop_repository", "taskflow_mapping"]
    made = [checkpoint("04", tmp_path / name, example(name)) for name in names]
    assert [all(migration.check(workflow.id).same_graph for workflow in migration.workflows()) for migration in made] == [True] * 3
