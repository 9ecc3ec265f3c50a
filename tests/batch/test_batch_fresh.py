"""What makes a row stale: other sources, code, notebooks, decisions, records, more consent, a file that is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from batch_books import DAG, notebooks, repository

from workbook_lib.batch import Book, Row, _fresh
from workbook_lib.migration import Migration
from workbook_lib.model.run import RunRecord


@pytest.fixture
def root(tmp_path: Path) -> Path:
    repository(tmp_path / "dags", "good", "other")
    notebooks(tmp_path / "books", {"01_assess": "1"})
    Migration.create(tmp_path / "root", tmp_path / "dags").convert()
    (tmp_path / "root" / "made.ipynb").touch()
    return tmp_path / "root"


def key(root: Path) -> str:
    return _fresh.key(Migration(root), "good", _fresh.digest(sorted((root.parent / "books").iterdir())))


def row(root: Path, **more: object) -> Row:
    made = {"id": "good", "state": "done", "key": key(root), "records": _fresh.records(Migration(root), "good"), "agreed": True}
    return Row.model_validate(made | {"notebooks": (Book(name="01", state="run", path="made.ipynb"),)} | more)


def holds(root: Path, row: Row, agreed: bool = True, record: bool = False) -> bool:
    return _fresh.holds(row, Migration(root), key(root), agreed, record)


def source(root: Path) -> None:
    (root.parent / "dags" / "good.py").write_text(DAG.format(name="good", command="echo other"))
    Migration.create(root, root.parent / "dags")


def code(root: Path) -> None:
    place = Migration(root).flow_file("good")
    place.write_text(place.read_text() + "# edited\n")


def decision(root: Path) -> None:
    (root / "decisions.toml").write_text("[workflows.good]\nretries = 3\n")


def book(root: Path) -> None:
    notebooks(root.parent / "books", {"01_assess": "2"})


def record(root: Path) -> None:
    made = {"engine": "airflow", "version": "2.11.2", "workflow": "good", "scenario": "real", "state": "success", "tasks": []}
    dated = {"schema": 1, "logical_date": "2024-01-01T00:00:00+00:00", "inputs": {}, "outputs": []}
    Migration(root).store.save_record("legacy", RunRecord.from_json(made | dated), "sha256:other")


def gone(root: Path) -> None:
    (root / "made.ipynb").unlink()


def other(root: Path) -> None:
    place = Migration(root).flow_file("other")
    place.write_text(place.read_text() + "# edited\n")


@pytest.mark.parametrize("change", [source, code, decision, book, record, gone])
def test_a_change_makes_it_stale(root: Path, change: Callable[[Path], None]) -> None:
    made = row(root)
    assert holds(root, made)
    change(root)
    assert not holds(root, made)


def test_the_code_of_another_workflow_does_not(root: Path) -> None:
    made = row(root)
    other(root)
    assert holds(root, made)


@pytest.mark.parametrize(
    ("made", "agreed", "record", "still"),
    [
        ({}, True, False, True),
        ({}, False, True, True),
        ({}, True, True, False),
        ({"recorded": True}, True, True, True),
        ({"agreed": False}, False, False, True),
        ({"agreed": False}, True, False, False),
        ({"state": "failed"}, False, False, False),
        ({"state": "timed out"}, False, False, False),
        ({"verdict": "equal"}, False, False, False),
    ],
)
def test_what_more_consent_or_a_bad_end_means(root: Path, made: dict[str, object], agreed: bool, record: bool, still: bool) -> None:
    assert holds(root, row(root, **made), agreed, record) is still


def test_a_row_that_cannot_be_read_is_none(root: Path) -> None:
    place = _fresh.place(root, "good")
    assert _fresh.stored(root, "good") is None
    place.parent.mkdir(parents=True)
    place.write_text('{"schema": 2, "id": "good"}')
    assert _fresh.stored(root, "good") is None
    place.write_text(row(root).model_dump_json(by_alias=True))
    assert _fresh.stored(root, "good") == row(root)
