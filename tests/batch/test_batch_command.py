"""`workbook batch` itself: its documents and exit statuses, Ctrl-C and its own sudden end, and the guided notebooks for real."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from batch_books import HANGING, gone, notebooks, repository

from workbook_lib.cli import main

EXAMPLES = Path(__file__).parents[2] / "notebooks" / "examples" / "airflow"
PRINT = {"01_assess": "print(workflow)"}


def workbook(*arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of `workbook batch ARGUMENTS`."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main(["batch", *map(str, arguments)])
    return code, stdout.getvalue(), stderr.getvalue()


def started(*arguments: object) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "workbook_lib.cli", "batch", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


def waited_for(place: Path, seconds: float = 120) -> str:
    """What somebody writes into a file, as soon as it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if place.is_file() and (text := place.read_text()):
            return text
        time.sleep(0.05)
    raise AssertionError(f"nobody wrote {place} within {seconds:g} s")


@pytest.mark.notebook
def test_killed_or_interrupted_it_leaves_no_process_and_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, root = tmp_path / "hanging", tmp_path / "root"
    monkeypatch.setenv(HANGING, str(hanging))
    given = (repository(tmp_path / "dags", "good", "hangs"), "--out", root, "--notebooks", notebooks(tmp_path / "books"), "--json")

    hanging.touch()
    killed = started(*given)
    child = int(waited_for(hanging))
    killed.kill()
    killed.communicate()
    assert gone(child)

    hanging.write_text("")
    stopped = started(*given)
    child = int(waited_for(hanging))
    stopped.send_signal(signal.SIGINT)
    stdout, stderr = stopped.communicate(timeout=60)
    document = json.loads(stdout)
    assert stopped.returncode == 2
    assert gone(child)
    assert (document["schema"], document["error"], document["stopped"]) == (1, "stopped", True)
    assert {row["id"]: row["state"] for row in document["workflows"]} == {"good": "done", "hangs": "stopped"}
    assert "1 done before and still fresh, 1 to do" in stderr
    assert "This batch is not through" in (root / "batch" / "index.html").read_text()
    assert list((root / ".workbook" / "batch" / "work").iterdir()) == []

    hanging.unlink()
    code, _, said = workbook(*given)
    assert code == 1  # the notebooks of this test make no verdict
    assert "1 done before and still fresh, 1 to do" in said


@pytest.mark.proof  # the guided notebooks once more, beside test_execution.py
@pytest.mark.notebook
@pytest.mark.pilot
def test_the_guided_notebooks_prove_a_shipped_example_and_are_not_run_again(tmp_path: Path) -> None:
    root, junit = tmp_path / "root", tmp_path / "junit.xml"
    given = (EXAMPLES / "taskflow_mapping", "--out", root, "--yes", "--json", "--junit", junit)
    code, stdout, _ = workbook(*given)
    document = json.loads(stdout)
    (row,) = document["workflows"]
    assert (row["state"], row["verdict"], row["pilot"], row["percent"]) == ("done", "equal", "success", 100)
    assert (code, document["good"]) == (0, True)
    assert [(book["name"], book["state"]) for book in row["notebooks"]] == [
        (name, "run") for name in ("01_assess", "02_rewrite", "03_integrate", "04_pilot", "05_validate")
    ]
    executed = [root / book["path"] for book in row["notebooks"]]
    assert max(path.stat().st_size for path in executed) < 1_000_000
    assert ElementTree.parse(junit).getroot().get("failures") == "0"
    before = [path.stat().st_mtime_ns for path in executed]
    for again in (given, [one for one in given if one != "--yes"]):  # what was agreed to once need not be left out
        code, stdout, _ = workbook(*again)
        assert (code, [row["reused"] for row in json.loads(stdout)["workflows"]]) == (0, [True])
    assert [path.stat().st_mtime_ns for path in executed] == before


@pytest.mark.notebook
def test_without_consent_what_runs_is_left_out_and_listed(tmp_path: Path) -> None:
    books = notebooks(tmp_path / "books", PRINT | {"04_pilot": "1 / 0", "05_validate": "1 / 0"})
    code, stdout, stderr = workbook(repository(tmp_path / "dags", "good"), "--out", tmp_path / "root", "--notebooks", books, "--json")
    (row,) = json.loads(stdout)["workflows"]
    assert code == 1
    assert {book["name"]: book["state"] for book in row["notebooks"]} == {
        "01_assess": "run",
        "04_pilot": "left out",
        "05_validate": "left out",
    }
    assert row["executes"] == [
        "the definition good.py, imported as a program",
        "one: the shell command echo 1",
        "two: the shell command echo 2",
    ]
    assert json.loads(stdout)["agreed"] is False
    assert "two: the shell command echo 2" in (tmp_path / "root/batch/index.html").read_text()


@pytest.mark.notebook
def test_no_secret_is_in_any_file_that_a_batch_makes(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({"connections": {"db": {"conn_type": "postgres", "password": "hunter2hunter2"}}}))
    shown = 'print(open(root + "/inputs/connections.json").read())\nraise ValueError(open(root + "/inputs/connections.json").read())'
    books = notebooks(tmp_path / "books", {"01_assess": shown})
    root, junit = tmp_path / "root", tmp_path / "junit.xml"
    given = (repository(tmp_path / "dags", "good"), "--out", root, "--notebooks", books, "--inputs", inputs, "--junit", junit)
    code, stdout, stderr = workbook(*given)
    files = [path for folder in ("batch", ".workbook/batch") for path in (root / folder).rglob("*") if path.is_file()]
    assert code == 1
    assert {path.name for path in files} >= {"index.html", "01_assess.ipynb", "good.json"}
    assert [path for path in (*files, junit) if b"hunter2" in path.read_bytes()] == []
    assert "hunter2" not in stdout + stderr
    assert "***" in (root / "batch/good/01_assess.ipynb").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--jobs", "0"), "--jobs 0: at least one job is needed. Give a number from 1."),
        (("--time-limit", "-3"), "--time-limit -3: not a time. Give the seconds that one workflow may take."),
        (("--workflow", "none"), "there is no workflow 'none'. Name one of: good."),
        (("--jobs", "many"), "argument --jobs: invalid int value: 'many'. See `workbook batch --help`."),
    ],
)
def test_bad_usage_is_one_line(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    code, stdout, stderr = workbook(repository(tmp_path / "dags", "good"), "--out", tmp_path / "root", "--json", *options)
    assert (code, json.loads(stdout)) == (2, {"schema": 1, "error": message})
    assert stderr.splitlines()[-1] == message


def test_a_folder_without_notebooks_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    code, _, stderr = workbook(repository(tmp_path / "dags", "good"), "--out", tmp_path / "root", "--notebooks", tmp_path)
    message = f"there are no notebooks 0[1-5]_*.ipynb in {tmp_path}. Name the folder of the notebooks 01-05 with --notebooks DIR."
    assert (code, stderr.splitlines()) == (2, [message])
    assert not (tmp_path / "root").exists()


def test_a_repository_without_a_workflow_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    code, _, stderr = workbook(tmp_path / "dags", "--out", tmp_path / "root")
    assert code == 2
    assert stderr.splitlines()[-1].startswith(f"{tmp_path}/dags: no workflow was found")


def test_two_batches_on_one_folder_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "root" / ".workbook" / "batch"
    place.mkdir(parents=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, stderr = workbook(repository(tmp_path / "dags", "good"), "--out", tmp_path / "root")
    message = f"{tmp_path}/root: another batch is at work on it. Wait for its end, or choose another folder."
    assert (code, stderr.splitlines()) == (2, [message])


def test_the_notebooks_of_a_person_are_not_strict_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbook_lib.batch import _supervise
    from workbook_lib.teaching.check import STRICT

    assert _supervise.STRICT == STRICT


def test_its_help_names_every_option() -> None:
    done = subprocess.run([sys.executable, "-m", "workbook_lib.cli", "batch", "--help"], capture_output=True, text=True)
    names = ("out", "jobs", "workflow", "time-limit", "record", "notebooks", "dask", "junit", "inputs", "yes", "json")
    assert [name for name in names if f"--{name}" not in done.stdout] == []
