"""Every exercise is made from its source; its solution passes, each wrong answer is told what is wrong. One process runs them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from exercises_answers import WRONG, Wrong
from exercises_make import SOURCES, made, target, text
from exercises_rules import broken_rules
from notebooks_run import Run, shell

from workbook_lib.pilot import release
from workbook_lib.teaching.exercises import LESSONS, _source, exercise
from workbook_lib.teaching.exercises._evidence import session

pytestmark = pytest.mark.notebook


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that all exercises share, with one server and one process for their runs."""
    folder = tmp_path_factory.mktemp("exercises") / "root"
    yield folder
    session(folder).close()
    session.cache_clear()
    release(folder)


def name(source: Path) -> str:
    return source.stem.partition("_")[2]


def test_every_lesson_has_its_source_from_easy_to_hard() -> None:
    assert [name(source) for source in SOURCES] == list(LESSONS)
    assert [source.stem[:2] for source in SOURCES] == [f"{number:02}" for number in range(1, len(LESSONS) + 1)]


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_an_exercise_is_made_from_its_source(source: Path) -> None:
    assert target(source).read_text() == text(source), "make it again: python tests/notebooks/exercises_make.py"
    nbformat.validate(made(source))


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_an_exercise_keeps_the_rules(source: Path) -> None:
    assert list(broken_rules(source)) == []


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_solution_is_executed_and_passes(source: Path, root: Path) -> None:
    with shell(root.parent) as run:
        shown = {cell.id: played(run, cell, root) for cell in made(source, solved=True).cells if cell.cell_type == "code"}
    assert shown["check"].passed, str(shown["check"])
    assert str(shown["hint"]).startswith(f"Hint 1 of {len(LESSONS[name(source)].hints)}: ")


def played(run: Run, cell: nbformat.NotebookNode, root: Path) -> object:
    shown = run.cell(cell.source)
    if "parameters" in cell.metadata.get("tags", []):
        run.values["root"] = str(root)
    return shown


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_an_exercise_as_it_is_given_is_not_done(source: Path, root: Path) -> None:
    with shell(root.parent) as run:
        shown = {cell.id: played(run, cell, root) for cell in made(source).cells if cell.cell_type == "code"}
    assert not shown["check"].passed
    assert "\u2715" in str(shown["check"])


def test_every_misconception_is_tried() -> None:
    tried = {(wrong.exercise, wrong.belief) for wrong in WRONG}
    assert tried == {(lesson.workflow, one.name) for lesson in LESSONS.values() for one in lesson.misconceptions}
    assert min(Counter(wrong.exercise for wrong in WRONG).values()) >= 2


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.exercise}: {wrong.belief}")
def test_a_wrong_answer_is_told_what_is_wrong(wrong: Wrong, root: Path) -> None:
    path = _source.path_of(wrong.exercise)
    assert path is not None
    right = next(cell for cell in _source.cells(path) if cell.solution.startswith("%%answer")).solution.partition("\n")[2]
    assert wrong.before in right
    opened = exercise(wrong.exercise, root)
    opened.answer(right.replace(wrong.before, wrong.after))
    outcome = opened.check(**wrong.given)
    said = next(one.says for one in LESSONS[wrong.exercise].misconceptions if one.name == wrong.belief)
    assert (outcome.passed, outcome.message) == (False, said)


def test_hints_go_on_to_the_last(root: Path) -> None:
    opened = exercise("waiting", root)
    shown = [str(opened.hint()) for _ in range(4)]
    assert [one[:11] for one in shown] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]


def test_an_answer_that_does_not_compile(root: Path) -> None:
    opened = exercise("waiting", root)
    opened.answer("def waiting(:\n")
    assert str(opened.check()) == "\u2715 Does not compile: invalid syntax (line 1, column 13). Correct that line."
