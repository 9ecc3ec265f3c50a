"""Names and writes on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook_lib.errors import FolderError, RecordError
from workbook_lib.migration._disk import file_name, read_json, write_all


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("daily_sales", "daily_sales"),
        ("all succeed", "all%20succeed"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
        ("..", "%2E%2E"),
        ("", "%2E"),
        ("é", "%C3%A9"),
    ],
)
def test_file_names(name: str, after: str) -> None:
    assert file_name(name) == after


@given(st.text(), st.text())
def test_file_names_are_safe_and_differ(one: str, other: str) -> None:
    for name in (one, other):
        made = file_name(name)
        assert "/" not in made
        assert len(made) <= 150
        assert not made.startswith(".")
    assert (file_name(one) == file_name(other)) == (one == other)


def test_several_files_are_written_or_removed(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    write_all({tmp_path / "a" / "b": "é", tmp_path / "c": b"\x00", tmp_path / "old": None, tmp_path / "gone": None})
    assert {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == {
        "a/b": "é".encode(),
        "c": b"\x00",
    }


def test_a_file_keeps_its_rights_and_a_private_one_is_the_owners_only(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("x")
    (tmp_path / "script").chmod(0o755)
    write_all({tmp_path / "script": "y"})
    write_all({tmp_path / "secret": "y"}, private=True)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("script", "secret")] == [0o755, 0o600]


def test_a_folder_in_the_way_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match="nothing was changed"):
        write_all({tmp_path / "a": "new", tmp_path / "file" / "b": "x"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]
    assert (tmp_path / "a").read_text() == "old"


def test_json_that_is_none_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(RecordError, match=r"a\.json: not JSON: .* Correct or delete the file\.$"):
        read_json(tmp_path / "a.json", None)
    assert read_json(tmp_path / "none.json", 7) == 7


@pytest.mark.parametrize(("one", "other"), [("Sales", "sales"), ("con", "con~"), ("a.", "a"), ("nul.x", "nul"), ("X" * 300, "x" * 300)])
def test_file_names_differ_where_case_is_ignored_and_name_no_device(one: str, other: str) -> None:
    names = [file_name(one), file_name(other)]
    assert names[0].casefold() != names[1].casefold()
    assert [name for name in names if name.endswith(".") or name.partition(".")[0].casefold() in ("con", "nul")] == []
