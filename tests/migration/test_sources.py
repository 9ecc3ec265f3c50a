"""What is copied into ROOT/legacy, and what is left out with a finding."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbook_lib.errors import FolderError, SourceError
from workbook_lib.migration import _sources


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def copied(source: Path, root: Path) -> tuple[list[str], list[str]]:
    """(relative paths in ROOT/legacy, names with a finding)."""
    findings = _sources.copy(source, root)
    legacy = root / "legacy"
    return (
        sorted(path.relative_to(legacy).as_posix() for path in legacy.rglob("*") if path.is_file()),
        [finding.message for finding in findings],
    )


def test_a_folder_is_copied_without_caches_and_repositories(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", {"a.py": "x", "lib/b.py": "x", ".git/HEAD": "x", "lib/__pycache__/b.pyc": "x", "q.sql": "x"})
    assert copied(source, tmp_path / "root") == (["a.py", "lib/b.py", "q.sql"], [])


def test_a_file_brings_what_it_imports_and_its_fixtures(tmp_path: Path) -> None:
    source = tree(
        tmp_path / "in",
        {
            "dag.py": "from lib.one import x\nimport helper, os",
            "lib/__init__.py": "",
            "lib/one.py": "from lib import two",
            "lib/two.py": "",
            "lib/three.py": "",
            "helper.py": "",
            "other.py": "",
            "fixtures/data.csv": "1",
        },
    )
    expected = ["dag.py", "fixtures/data.csv", "helper.py", "lib/__init__.py", "lib/one.py", "lib/two.py"]
    assert copied(source / "dag.py", tmp_path / "root") == (expected, [])


def test_links_out_and_odd_files_are_left_out(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", {"a.py": "x", "d/x.py": "x"})
    tree(tmp_path, {"secret.txt": "x"})
    (source / "out.txt").symlink_to(tmp_path / "secret.txt")
    (source / "nowhere").symlink_to(tmp_path / "missing")
    (source / "same.py").symlink_to(source / "a.py")
    (source / "folder").symlink_to(tmp_path)
    (source / "circle.py").symlink_to(source / "circle.py")
    os.mkfifo(source / "pipe")
    files, findings = copied(source, tmp_path / "root")
    assert files == ["a.py", "d/x.py", "same.py"]
    assert findings == [
        "'folder' was not copied: it is a link to a folder",
        "'circle.py' was not copied: it is a link that leads out of the sources or nowhere",
        "'nowhere' was not copied: it is a link that leads out of the sources or nowhere",
        "'out.txt' was not copied: it is a link that leads out of the sources or nowhere",
        "'pipe' was not copied: it is no regular file",
    ]


def test_a_large_file_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "MAX_FILE", 3)
    source = tree(tmp_path / "in", {"a.py": "abc", "b.bin": "abcd"})
    assert copied(source, tmp_path / "root") == (["a.py"], ["'b.bin' was not copied: it is larger than 0 MB"])


def test_too_many_files_are_refused_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "MAX_FILES", 1)
    source = tree(tmp_path / "in", {"a.py": "x", "b.py": "x"})
    with pytest.raises(SourceError, match=r"more than 500 MB or 1 files to copy\. Name the folder of the workflow files"):
        _sources.copy(source, tmp_path / "root")
    assert list((tmp_path / "root").iterdir()) == []


def test_a_migration_folder_inside_the_sources_is_not_copied_into_itself(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", {"a.py": "x"})
    for _ in range(2):
        assert copied(source, source / "root") == (["a.py"], [])


def test_copying_again_replaces_the_copy(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", {"a.py": "x", "b.py": "x"})
    copied(source, tmp_path / "root")
    (source / "b.py").unlink()
    assert copied(source, tmp_path / "root")[0] == ["a.py"]


def test_a_missing_source_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        _sources.copy(tmp_path / "no", tmp_path / "root")
    assert str(caught.value) == f"{tmp_path / 'no'}: there is no such file or folder. Give the path of a workflow file or of its folder."


def test_a_file_in_the_place_of_the_root_is_one_clear_message(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", {"a.py": "x"})
    tree(tmp_path, {"root": "x"})
    with pytest.raises(FolderError, match="copying the legacy sources failed: "):
        _sources.copy(source, tmp_path / "root")
