"""Regenerating over edits: what lies in the project before, what after."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.errors import FolderError, MergeConflict
from workbook_lib.migration import _disk
from workbook_lib.migration._project import Project, conflict_findings

FLOW = "one\ntwo\nthree\nfour\nfive\n"


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.apply({"flows/a.py": FLOW, "README.md": "x\n"})
    return made


def apply(project: Project, **files: str) -> dict[str, str]:
    """Regenerate `flows/a.py` (and keep README.md); path -> what."""
    return {change.path: change.what for change in project.apply({"README.md": "x\n", "flows/a.py": files["flow"]})}


def edit(project: Project, text: str) -> None:
    (project.folder / "flows/a.py").write_text(text)


def test_the_first_time_everything_is_written(project: Project) -> None:
    assert contents(project.folder) == {"README.md": "x\n", "flows/a.py": FLOW}
    assert contents(project.base) == contents(project.folder)


def test_writing_the_same_again_changes_nothing(project: Project) -> None:
    assert apply(project, flow=FLOW) == {"README.md": "unchanged", "flows/a.py": "unchanged"}


def test_an_edit_and_a_new_output_at_different_places_are_merged(project: Project) -> None:
    edit(project, FLOW.replace("two", "mine"))
    new = FLOW.replace("five", "theirs")
    assert apply(project, flow=new)["flows/a.py"] == "merged"
    assert contents(project.folder)["flows/a.py"] == "one\nmine\nthree\nfour\ntheirs\n"
    assert contents(project.base)["flows/a.py"] == new


def test_a_conflict_leaves_the_users_file_and_the_base_alone(project: Project) -> None:
    edit(project, FLOW.replace("two", "mine"))
    changes = project.apply({"README.md": "x\n", "flows/a.py": FLOW.replace("two", "theirs")})
    assert [(c.path, c.what, c.lines) for c in changes] == [("README.md", "unchanged", ()), ("flows/a.py", "conflict", (2,))]
    assert contents(project.folder)["flows/a.py"] == FLOW.replace("two", "mine")
    assert contents(project.base)["flows/a.py"] == FLOW
    shown = "one\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> regenerated\nthree\nfour\nfive\n"
    assert contents(project.pending) == {"flows/a.py": shown}
    finding = conflict_findings(changes, project.root)[0]
    assert (finding.code, finding.line) == ("migration.conflict", 2)
    expected = "project/flows/a.py: you and the converter changed the same lines; your file is unchanged"
    assert finding.message == expected


def test_a_settled_conflict_does_not_come_back(project: Project) -> None:
    edit(project, FLOW.replace("two", "mine"))
    new = FLOW.replace("two", "theirs")
    assert apply(project, flow=new)["flows/a.py"] == "conflict"
    settled = FLOW.replace("two", "mine and theirs")
    project.resolve("flows/a.py", settled, new)
    assert contents(project.pending) == {}
    assert apply(project, flow=new)["flows/a.py"] == "kept"
    assert contents(project.folder)["flows/a.py"] == settled


def test_markers_are_not_accepted_as_settled(project: Project) -> None:
    with pytest.raises(MergeConflict, match=r"^flows/a.py:1: a conflict marker is left\. Keep one side and delete the markers\.$"):
        project.resolve("flows/a.py", "<<<<<<< yours\na\n=======\nb\n>>>>>>> regenerated\n", "b\n")


def test_taking_the_change_over_by_hand_ends_a_conflict(project: Project) -> None:
    edit(project, FLOW.replace("two", "mine"))
    new = FLOW.replace("two", "theirs")
    apply(project, flow=new)
    edit(project, new)
    assert apply(project, flow=new)["flows/a.py"] == "unchanged"
    assert contents(project.pending) == {}


def test_a_file_that_is_no_longer_generated_goes_unless_it_was_edited(project: Project) -> None:
    assert [c.what for c in project.apply({"README.md": "x\n"})] == ["unchanged", "removed"]
    assert contents(project.folder) == {"README.md": "x\n"}
    project.apply({"README.md": "x\n", "flows/a.py": FLOW})
    edit(project, "mine\n")
    assert [c.what for c in project.apply({"README.md": "x\n"})] == ["unchanged", "kept"]
    assert contents(project.folder)["flows/a.py"] == "mine\n"
    assert contents(project.base) == {"README.md": "x\n"}


def test_a_file_that_the_user_deleted_is_not_written_again(project: Project) -> None:
    (project.folder / "flows/a.py").unlink()
    assert apply(project, flow=FLOW.replace("two", "new"))["flows/a.py"] == "kept"
    assert contents(project.folder) == {"README.md": "x\n"}


def test_a_file_of_the_users_own_is_never_overwritten(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "project" / "flows").mkdir(parents=True)
    edit(project, "mine\n")
    assert [c.what for c in project.apply({"flows/a.py": FLOW})] == ["conflict"]
    assert contents(project.folder) == {"flows/a.py": "mine\n"}


@pytest.mark.parametrize("path", ["../out.py", "/tmp/out.py", "flows/../../out.py"])
def test_a_path_out_of_the_project_is_refused(project: Project, path: str) -> None:
    with pytest.raises(FolderError, match=r"leads out of the project\. Replace the link by a folder\.$"):
        project.apply({path: "x"})


def test_a_link_out_of_the_project_is_refused(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project.folder / "shared").symlink_to(outside)
    with pytest.raises(FolderError):
        project.apply({"README.md": "x\n", "flows/a.py": FLOW, "shared/b.py": "x\n"})
    assert contents(outside) == {}


def test_a_full_disk_changes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(project.root)
    real, calls = _disk.os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(_disk.os, "fsync", full)
    with pytest.raises(FolderError) as caught:
        project.apply({"README.md": "y\n", "flows/a.py": FLOW.replace("two", "new")})
    assert str(caught.value).endswith("failed: the disk is full; nothing was changed. Make room, then try again.")
    assert contents(project.root) == before
