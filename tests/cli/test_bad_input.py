"""Bad input: one clear line that says what, where and what to do; exit status 2 or a finding; the rest goes on; no edit is lost."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from test_contracts import PLAIN, answer, workbook

from workbook_lib.migration import Migration, _disk
from workbook_lib.pilot import _settings, release

BAD = {
    "raises.py": ("from airflow import DAG\nraise ValueError('no')\n", "tracing.raised", 2),
    "exits.py": ("from airflow import DAG\nimport os; os._exit(3)\n", "tracing.exited", 2),
    "leaves.py": ("from airflow import DAG\nimport sys; sys.exit(3)\n", "tracing.exited", 2),
    "hangs.py": ("from airflow import DAG\nwhile True: pass\n", "tracing.timeout", 2),
    "not_python.py": ("from airflow import DAG\ndef (:\n", "tracing.syntax", 2),
    "binary.py": ("\0\1\2", "tracing.binary", 1),
    "empty.py": ("", "tracing.empty", 1),
}


def sources(folder: Path, *names: str) -> Path:
    folder.mkdir()
    (folder / "plain.py").write_text(PLAIN)
    for name in names:
        (folder / name).write_text(BAD[name][0])
    return folder


def findings(document: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """File name -> code and line of its finding, which names the user's own file and says what to do."""
    assert all(finding["advice"] and Path(finding["file"]).is_file() for finding in document["findings"])
    return {Path(finding["file"]).name: (finding["code"], finding["line"]) for finding in document["findings"]}


def test_bad_files_are_findings_and_the_good_one_goes_on(tmp_path: Path) -> None:
    folder = sources(tmp_path / "dags", *BAD)
    code, found = answer("convert", folder, "--out", tmp_path / "root")
    assert (code, [workflow["id"] for workflow in found["workflows"]]) == (1, ["plain"])
    assert findings(found) == {name: (code, line) for name, (_, code, line) in BAD.items()}
    assert {Path(finding["file"]).parent for finding in found["findings"]} == {folder}


@pytest.mark.parametrize("command", ["read", "assess"])
def test_reading_and_assessing_name_the_users_own_files(command: str, tmp_path: Path) -> None:
    folder = sources(tmp_path / "dags", "raises.py")
    code, _, stderr = workbook(command, folder)
    assert code == 1
    assert re.search(
        rf"^error: the file raises ValueError while it is read: no \(tracing\.raised, {folder}/raises\.py:2\)\. ", stderr, re.M
    )


@pytest.mark.parametrize("command", ["pilot", "record", "validate"])
def test_a_root_that_is_none(command: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    more = [] if command == "validate" else ["--workflow", "x"]
    for root in ("missing", "empty"):
        code, stdout, stderr = workbook(command, tmp_path / root, "--yes", *more)
        assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
        assert stderr.startswith(f"{tmp_path / root}: ")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    assert workbook("convert", sources(tmp_path / "dags"), "--out", made)[0] == 0
    return made


def test_a_root_with_dots(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent / "dags")
    code, found = answer("convert", ".", "--out", "../root")
    assert (code, found["project"]) == (0, str(root / "project"))


def flow(root: Path) -> Path:
    return root / "project" / "flows" / "plain.py"


EDITS = {
    "does not compile": (
        lambda text: text + "def (:\n",
        r"plain\.py:\d+: .* does not import: SyntaxError.* Correct that line and run again\.",
    ),
    "imports nothing there": (lambda text: text + "import nothere\n", r"plain\.py:\d+: .* No module named 'nothere'.* Correct that line"),
}


@pytest.mark.pilot
@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_flow_that_cannot_run_is_one_line_and_stays_as_it_is(edit: str, root: Path) -> None:
    change, message = EDITS[edit]
    edited = change(flow(root).read_text())
    flow(root).write_text(edited)
    code, found = answer("validate", root, "--yes")
    assert (code, list(found)) == (2, ["schema", "error"])
    assert re.search(message, found["error"])
    assert workbook("convert", root.parent / "dags", "--out", root)[0] == 0
    assert flow(root).read_text() == edited


@pytest.mark.pilot
def test_an_edited_flow_with_another_graph_is_different(root: Path) -> None:
    edited = flow(root).read_text().replace("    two()\n", "    pass\n")
    flow(root).write_text(edited)
    code, found = answer("validate", root, "--yes")
    assert (code, found["verdict"], found["aspects"]["structure"]) == (1, "different", "different")
    assert flow(root).read_text() == edited


@pytest.mark.pilot
def test_one_flow_that_cannot_run_does_not_keep_the_others_from_a_verdict(tmp_path: Path) -> None:
    folder = sources(tmp_path / "dags")
    (folder / "other.py").write_text(PLAIN.replace('"plain"', '"other"'))
    workbook("convert", folder, "--out", tmp_path / "root")
    flow(tmp_path / "root").write_text("def (:\n")
    code, found = answer("validate", tmp_path / "root", "--yes")
    assert (code, found["workflow"]) == (2, "other")
    assert "the flow of workflow 'plain' does not import" in found["error"]


@pytest.mark.pilot
def test_a_server_that_cannot_start(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys; sys.exit('no server today')"
    monkeypatch.setattr(_settings, "command", lambda *arguments: [sys.executable, "-c", script])
    release(root)
    code, found = answer("pilot", root, "--workflow", "plain", "--yes")
    assert code == 2
    start, end = rf"{root}/.workbook/server/server\.log: the local Prefect server on 127\.0\.0\.1:\d+ did not start: ", "Read that log; "
    assert re.match(start + r"it ended with status 1; its last words: no server today\W+" + end, found["error"])


def test_a_disk_that_fills_up_at_any_point_loses_no_edit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = flow(root).read_text() + "# my edit\n"
    flow(root).write_text(edited)
    migration = Migration(root)
    (workflow,) = migration.workflows()
    migration.store.save_read([workflow.model_copy(update={"doc": "Renewed."})], ())
    real, errors = _disk.os.fsync, []
    for writes in range(100):
        left = iter(range(writes))

        def full(handle: int, left: Any = left) -> None:
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            real(handle)

        monkeypatch.setattr(_disk.os, "fsync", full)
        try:
            migration.convert()
            break
        except Exception as error:
            errors.append(str(error))
            assert flow(root).read_text().endswith("# my edit\n")
    assert len(errors) > 1
    assert all(re.search(r"failed: the disk is full; nothing was changed\. Make room, then try again\.$", error) for error in errors)
    assert flow(root).read_text() != edited
    assert flow(root).read_text().endswith("# my edit\n")
    assert "Renewed." in flow(root).read_text()


@pytest.mark.parametrize("command", ["convert", "pilot", "validate"])
def test_a_full_disk_is_one_line(command: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    arguments = {
        "convert": [root.parent / "dags", "--out", root],
        "pilot": [root, "--workflow", "plain", "--yes"],
        "validate": [root, "--yes"],
    }
    before = json.dumps(sorted(str(path) for path in root.rglob("*") if "server" not in path.parts))
    code, found = answer(command, *arguments[command])
    assert code == 2
    assert re.search(r"the disk is full.* Make room, then try again\.$", found["error"])
    assert json.dumps(sorted(str(path) for path in root.rglob("*") if "server" not in path.parts)) == before
