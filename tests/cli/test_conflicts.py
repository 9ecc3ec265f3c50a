"""An edit that meets a changed source: what the terminal says, and what `workbook resolve` makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_contracts import PLAIN, answer, workbook

from workbook_lib.cli._output import show_findings
from workbook_lib.findings import Finding, Severity


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose flow says `echo mine` where the source now says `echo theirs`."""
    source, made = tmp_path / "plain.py", tmp_path / "my root"
    source.write_text(PLAIN)
    workbook("convert", source, "--out", made)
    flow = made / "project" / "flows" / "plain.py"
    flow.write_text(flow.read_text().replace("echo 1", "echo mine") + "# my last line\n")
    source.write_text(PLAIN.replace("echo 1", "echo theirs"))
    code, stdout, stderr = workbook("convert", source, "--out", made)
    marked = made / ".workbook" / "conflicts" / "flows" / "plain.py"
    assert (code, stderr.splitlines()[0]) == (
        1,
        "conflict: project/flows/plain.py: you and the converter changed the same lines; your file is unchanged. "
        f"The text with markers: {marked}:{marked.read_text().splitlines().index('<<<<<<< yours') + 1}. "
        f"Settle what is marked in it, then run `workbook resolve '{made}' flows/plain.py`; "
        "with --mine or --theirs it takes your lines or the new ones wherever a mark is left.",
    )
    return made


def flow(root: Path) -> str:
    return (root / "project" / "flows" / "plain.py").read_text()


@pytest.mark.parametrize(("side", "kept", "gone"), [("--mine", "echo mine", "echo theirs"), ("--theirs", "echo theirs", "echo mine")])
@pytest.mark.parametrize("name", ["flows/plain.py", "project/flows/plain.py"])
def test_one_side_is_taken_where_marks_are_left(root: Path, side: str, kept: str, gone: str, name: str) -> None:
    assert workbook("resolve", root, name, side) == (0, "project/flows/plain.py: settled by you\n", "")
    assert (kept in flow(root), gone in flow(root), "<<<" in flow(root)) == (True, False, False)
    assert flow(root).endswith("# my last line\n")
    code, found = answer("convert", root.parent / "plain.py", "--out", root)
    assert (code, found["findings"]) == (0, [])
    assert kept in flow(root)


def test_what_was_written_between_the_marks_is_taken(root: Path) -> None:
    marked = root / ".workbook" / "conflicts" / "flows" / "plain.py"
    code, found = answer("resolve", root, marked)
    assert code == 2
    assert found["error"].endswith(" a conflict marker is left. Keep one side and delete the markers, or give --mine or --theirs.")
    lines = [line for line in marked.read_text().splitlines() if not line.startswith(("<<<", "===", ">>>")) and "echo theirs" not in line]
    settled = "\n".join(lines).replace("echo mine", "echo both") + "\n"
    marked.write_text(settled)
    assert workbook("convert", root.parent / "plain.py", "--out", root)[0] == 1
    assert marked.read_text() == settled  # converting again takes no work away
    assert answer("resolve", root, marked) == (
        0,
        {"schema": 1, "file": str(root / "project" / "flows" / "plain.py"), "conflicts": []},
    )
    assert flow(root) == settled


def test_an_edit_made_after_the_conflict_is_not_lost(root: Path) -> None:
    path = root / "project" / "flows" / "plain.py"
    path.write_text(flow(root) + "# later\n")
    code, found = answer("resolve", root, "flows/plain.py", "--theirs")
    assert code == 2
    assert found["error"].endswith("has changed since this text was made. Convert again, which makes it anew.")
    assert flow(root).endswith("# later\n")


def test_a_file_without_a_conflict_names_those_with_one(root: Path) -> None:
    assert answer("resolve", root, "flows/other.py")[1]["error"] == "there is no conflict in 'flows/other.py'. Conflicts: flows/plain.py."


def warning(task: str | None, message: str, code: str = "x.y", **more: object) -> Finding:
    given = {"severity": Severity.WARNING, "file": "d.py", "line": 3, "task": task, "workflow": "w", "advice": "Write it."}
    return Finding.model_validate(given | {"code": code, "message": message} | more)


def test_what_is_the_same_for_several_tasks_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    same = [warning(f"t{n}", f"Operator 't{n}' is not converted: no rule") for n in range(20)]
    show_findings([*same, warning("a", "the task 'a' is odd."), warning("b", "other", severity=Severity.ERROR)])
    assert capsys.readouterr().err.splitlines() == [
        "error: other (x.y, d.py:3). Write it.",
        "warning: 20 tasks: Operator is not converted: no rule (x.y, d.py:3 ...). Write it. Tasks: t0, t1, t2, t3, t4, t5 and more.",
        "warning: the task 'a' is odd. (x.y, d.py:3). Write it.",
    ]


def test_conflicts_come_first_and_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    many = [warning(f"t{n}", f"finding {n}") for n in range(30)]
    show_findings([*many, *(warning(None, f"file {n}", code="migration.conflict") for n in range(30))])
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("conflict: ") for line in lines] == [True] * 30 + [False] * 21
    assert lines[-1] == "... and 10 more; --json lists them all"
