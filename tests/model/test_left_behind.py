"""What a run left in its folder, by content."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from workbook_lib.model.left_behind import outputs


def database(path: Path, rows: list[tuple[int, str]], *, columns: str = "a, b", vacuum: bool = False) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"create table t ({columns})")
        connection.executemany("insert into t values (?, ?)", rows)
        connection.execute("create table empty (x)")
        connection.commit()
        if vacuum:
            connection.execute("pragma page_size = 8192")
            connection.execute("vacuum")


def left(path: Path) -> dict[str, str]:
    return {output.path: output.digest for output in outputs(path.parent)}


def test_files_are_listed_by_their_path_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "b" / "__pycache__").mkdir(parents=True)
    (tmp_path / "b" / "__pycache__" / "x.pyc").write_text("ignored")
    (tmp_path / "b" / "two.txt").write_text("same")
    (tmp_path / "one.txt").write_text("same")
    (tmp_path / "other.txt").write_text("other")
    found = outputs(tmp_path)
    assert [output.path for output in found] == ["b/two.txt", "one.txt", "other.txt"]
    assert found[0].digest == found[1].digest != found[2].digest


def test_tables_are_compared_by_their_rows_not_by_bytes_or_order(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one, two = tmp_path / "1" / "x.db", tmp_path / "2" / "x.db"
    database(one, [(1, "a"), (2, "b")])
    database(two, [(2, "b"), (1, "a")], vacuum=True)
    assert one.read_bytes() != two.read_bytes()
    assert left(one) == left(two)
    assert list(left(one)) == ["x.db#empty", "x.db#t"]


def test_another_row_or_column_is_another_digest(tmp_path: Path) -> None:
    digests = set()
    for number, (rows, columns) in enumerate([([(1, "a")], "a, b"), ([(1, "b")], "a, b"), ([(1, "a")], "a, c"), ([], "a, b")]):
        path = tmp_path / str(number) / "x.db"
        path.parent.mkdir()
        database(path, rows, columns=columns)
        digests.add(left(path)["x.db#t"])
    assert len(digests) == 4


def test_the_same_rows_twice_are_not_the_rows_once(tmp_path: Path) -> None:
    for name, rows in {"1": [(1, "a")], "2": [(1, "a"), (1, "a")]}.items():
        (tmp_path / name).mkdir()
        database(tmp_path / name / "x.db", rows)
    assert left(tmp_path / "1" / "x.db")["x.db#t"] != left(tmp_path / "2" / "x.db")["x.db#t"]
