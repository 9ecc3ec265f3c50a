"""The documents of the command line: their keys are fixed, stdout holds exactly one of them, and the exit status says how it went."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from workbook_lib.cli import main

DAG = """
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import BranchPythonOperator

with DAG("report", start_date=datetime(2024, 1, 1), schedule="0 6 * * *", catchup=False) as dag:
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "yes")
    yes = BashOperator(task_id="yes", bash_command="echo yes", retries=2)
    no = BashOperator(task_id="no", bash_command="echo no")
    end = BashOperator(task_id="end", bash_command="echo end", trigger_rule="all_done")
    choose >> [yes, no] >> end
"""

PLAIN = """
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("plain", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    BashOperator(task_id="one", bash_command="echo 1") >> BashOperator(task_id="two", bash_command="echo 2")
"""


def workbook(*arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of `workbook ARGUMENTS`, in this process: starting one each time would take minutes."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main([str(argument) for argument in arguments])
    assert "Traceback" not in stdout.getvalue() + stderr.getvalue()
    return code, stdout.getvalue(), stderr.getvalue()


def process(*arguments: object) -> tuple[int, str, str]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "workbook_lib.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def answer(*arguments: object) -> tuple[int, Any]:
    """Exit status and the one JSON document of `workbook ARGUMENTS --json`."""
    code, stdout, _ = workbook(*arguments, "--json")
    return code, json.loads(stdout)


@pytest.fixture
def dag(tmp_path: Path) -> Path:
    path = tmp_path / "report.py"
    path.write_text(DAG)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.py"
    path.write_text(PLAIN)
    return path


def test_read_prints_what_the_workflow_is_made_of(dag: Path) -> None:
    code, found = answer("read", dag)
    assert code in (0, 1)
    assert list(found) == ["schema", "workflows", "findings"]
    assert found["schema"] == 1
    workflow = found["workflows"][0]
    assert list(workflow) == ["id", "system", "version", "file", "schedule", "catchup", "tasks", "edges"]
    assert {key: workflow[key] for key in ("id", "system", "version", "schedule", "catchup")} == {
        "id": "report",
        "system": "airflow",
        "version": "2.11",
        "schedule": "0 6 * * *",
        "catchup": False,
    }
    assert workflow["tasks"][1] == {
        "id": "yes",
        "operator": "BashOperator",
        "upstream": ["choose"],
        "trigger_rule": "all_success",
        "retries": 2,
        "mapped": False,
        "group": None,
        "setup": False,
        "teardown": False,
    }
    assert [(task["id"], task["upstream"], task["trigger_rule"]) for task in workflow["tasks"]] == [
        ("choose", [], "all_success"),
        ("yes", ["choose"], "all_success"),
        ("no", ["choose"], "all_success"),
        ("end", ["no", "yes"], "all_done"),
    ]
    assert sorted((edge["source"], edge["target"]) for edge in workflow["edges"]) == [
        ("choose", "no"),
        ("choose", "yes"),
        ("no", "end"),
        ("yes", "end"),
    ]
    assert all(list(edge) == ["source", "target", "condition"] for edge in workflow["edges"])
    assert all(list(finding)[:5] == ["code", "severity", "message", "file", "line"] for finding in found["findings"])


def test_read_without_schedule_and_findings_is_done(plain: Path) -> None:
    code, found = answer("read", plain)
    assert (code, found["findings"]) == (0, [])
    assert found["workflows"][0]["schedule"] is None


def test_read_full_adds_the_model(plain: Path) -> None:
    _, found = answer("read", plain, "--full")
    assert list(found["workflows"][0])[-1] == "model"
    model = found["workflows"][0]["model"]
    assert model["schema"] == 1
    task = model["tasks"][1]
    place = {"file": str(plain), "line": 7}
    assert task["origin"] == {"column": 58, "stack": [{"function": "<module>", **place}], **place}
    assert task["argument_sources"] == [
        {"name": "task_id", "text": '"two"', "column": 79, "bound_to": None, **place},
        {"name": "bash_command", "text": '"echo 2"', "column": 99, "bound_to": None, **place},
    ]
    assert model["edges"][0]["origin"] == {"column": 0, "stack": [], **place}


def test_read_as_lines(plain: Path, dag: Path) -> None:
    code, stdout, _ = workbook("read", plain, dag, "--jsonl")
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert code in (0, 1)
    assert [line["workflow"]["id"] for line in lines if "workflow" in line] == ["plain", "report"]
    assert all(line["schema"] == 1 for line in lines)


def test_it_is_the_same_in_a_process_of_its_own(plain: Path) -> None:
    assert process("read", plain, "--json") == workbook("read", plain, "--json")
    assert process("read", "missing.py") == workbook("read", "missing.py")


def test_read_for_people(plain: Path) -> None:
    assert workbook("read", plain) == (0, f"plain: 2 tasks, 1 edges, no schedule ({plain})\n", "")


VALUES = """
from datetime import datetime
from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator

with DAG("values", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    for name in Variable.get("names", deserialize_json=True):
        BashOperator(task_id=name, bash_command="echo")
"""


def test_read_uses_the_values_that_are_given(tmp_path: Path) -> None:
    source, values, missing = tmp_path / "values.py", tmp_path / "variables.json", tmp_path / "missing.json"
    source.write_text(VALUES)
    values.write_text(json.dumps({"names": ["a", "b"]}))
    _, found = answer("read", source, "--variables", values, "--missing-inputs", missing)
    assert [task["id"] for task in found["workflows"][0]["tasks"]] == ["a", "b"]
    assert {kind: json.loads(missing.read_text())[kind] for kind in ("variables", "connections", "env")} == {
        "variables": {},
        "connections": {},
        "env": {},
    }
    code, found = answer("read", source, "--missing-inputs", missing)
    assert code == 1
    filled = json.loads(missing.read_text())
    assert filled["variables"] == {"names": None}
    missing.write_text(json.dumps(filled | {"variables": {"names": ["c"]}}))
    _, found = answer("read", source, "--inputs", missing)
    assert [task["id"] for task in found["workflows"][0]["tasks"]] == ["c"]
    root = tmp_path / "root"
    _, found = answer("convert", source, "--inputs", missing, "--out", root)
    assert [task["id"] for task in found["workflows"][0]["tasks"]] == ["c"]
    assert json.loads((root / "inputs" / "variables.json").read_text()) == {"names": ["c"]}


def test_assess_prints_a_document_or_writes_a_page(dag: Path, tmp_path: Path) -> None:
    code, found = answer("assess", dag)
    assert (code in (0, 1), found["schema"]) == (True, 1)
    assert [one["file"] for one in found["workflows"]] == [str(dag)]
    assert "/workbook-" not in json.dumps(found)
    page = tmp_path / "page.html"
    workbook("assess", dag, "--html", page)
    assert page.read_text().lower().startswith("<!doctype html>")
    assert str(dag) in page.read_text()
    assert "/workbook-" not in page.read_text()


def test_convert_reports_every_task(plain: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    code, found = answer("convert", plain, "--out", root)
    assert code == 0
    assert found == {
        "schema": 1,
        "project": str(root / "project"),
        "workflows": [
            {
                "id": "plain",
                "path": "flows/plain.py",
                "tasks": [{"id": task, "status": "converted", "finding": None} for task in ("one", "two")],
            }
        ],
        "findings": found["findings"],
    }
    assert all(finding["severity"] == "note" for finding in found["findings"])


def test_a_placeholder_is_left_to_a_human(tmp_path: Path) -> None:
    source = tmp_path / "dag.py"
    unknown = "airflow.providers.acme.shell import AcmeOperator as BashOperator"
    source.write_text(PLAIN.replace("airflow.operators.bash import BashOperator", unknown))
    code, found = answer("convert", source, "--out", tmp_path / "root")
    assert code == 1
    task = found["workflows"][0]["tasks"][0]
    assert (task["id"], task["status"], task["finding"]["severity"]) == ("one", "placeholder", "warning")


def test_convert_only_one_workflow(tmp_path: Path) -> None:
    source = tmp_path / "dags"
    source.mkdir()
    (source / "a.py").write_text(PLAIN)
    (source / "b.py").write_text(PLAIN.replace('"plain"', '"other"'))
    code, found = answer("convert", source, "--out", tmp_path / "root", "--workflow", "other")
    assert (code, [one["id"] for one in found["workflows"]]) == (0, ["other"])
    code, found = answer("convert", source, "--out", tmp_path / "root", "--workflow", "none")
    assert (code, found) == (2, {"schema": 1, "error": "there is no workflow 'none'. Name one of: plain, other."})


RECORD = ["schema", "engine", "version", "workflow", "logical_date", "inputs", "scenario", "state", "tasks", "outputs"]
TASK = ["id", "map_index", "state", "attempts", "start", "end", "observed", "seeded", "result", "calls", "log_tail"]


@pytest.mark.pilot
def test_pilot_prints_a_run_record(plain: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert workbook("convert", plain, "--out", root)[0] == 0
    code, found = answer("pilot", root, "--workflow", "plain")
    assert code == 2
    assert found == {
        "schema": 1,
        "error": "nothing was run: it executes 3 things, which are listed. Give --yes to agree.",
        "executes": ["the definition plain.py, imported as a program", "one: the shell command echo 1", "two: the shell command echo 2"],
    }
    code, found = answer("pilot", root, "--workflow", "plain", "--logical-date", "2024-01-02", "--yes")
    assert code == 0
    assert list(found)[: len(RECORD)] == RECORD
    assert (found["engine"], found["state"], found["logical_date"][:10]) == ("prefect", "success", "2024-01-02")
    assert [list(task)[: len(TASK)] for task in found["tasks"]] == [TASK, TASK]
    assert [(task["id"], task["state"], task["result"]) for task in found["tasks"]] == [
        ("one", "success", {"json": "1"}),
        ("two", "success", {"json": "2"}),
    ]
    code, found = answer("pilot", root, "--workflow", "plain", "--scenario", "one fails", "--yes")
    assert (code, found["scenario"], found["state"]) == (1, "one fails", "failed")


@pytest.mark.pilot
def test_validate_without_legacy_records_says_so(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "no-engine"))
    monkeypatch.delenv("WORKBOOK_AIRFLOW_PYTHON", raising=False)
    root, junit = tmp_path / "root", tmp_path / "junit.xml"
    workbook("convert", plain, "--out", root)
    code, found = answer("validate", root, "--junit", junit, "--yes")
    assert code == 1
    assert list(found) == ["schema", "verdict", "workflow", "aspects", "tasks", "scenarios", "masks", "unproven", "edited"]
    assert (found["verdict"], found["workflow"], found["aspects"]["structure"]) == ("not comparable", "plain", "equal")
    assert list(found["tasks"][0])[:7] == ["id", "map_index", "aspect", "verdict", "legacy", "pilot", "reason"]
    assert ElementTree.parse(junit).getroot().tag == "testsuites"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND. See `workbook --help`."),
        (["read"], "the following arguments are required: PATH. See `workbook read --help`."),
        (["convert", "x"], "the following arguments are required: --out. See `workbook convert --help`."),
        (["read", "x", "--nonsense"], "unrecognized arguments: --nonsense. See `workbook --help`."),
        (["pilot", "no-root", "--workflow", "x"], None),
        (["read", "x", "--variables", "missing.json"], "missing.json: cannot be read: No such file or directory. Give a file of values."),
    ],
)
def test_bad_usage_is_one_line_and_one_document(
    arguments: list[str], message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = workbook(*arguments)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    if message is not None:
        assert stderr == message + "\n"
    code, stdout, stderr_ = workbook(*arguments, "--json")
    assert (code, json.loads(stdout), stderr_) == (2, {"schema": 1, "error": stderr.rstrip("\n")}, stderr)


@pytest.mark.parametrize("command", ["read", "assess", "convert"])
@pytest.mark.parametrize("case", ["missing", "empty folder", "empty file", "binary", "not Python", "no workflow"])
def test_sources_without_a_workflow(command: str, case: str, tmp_path: Path) -> None:
    path = tmp_path / ("in" if case == "empty folder" else "in.py")
    contents = {"empty file": b"", "binary": bytes(range(256)), "not Python": b"def (:\n", "no workflow": b"x = 1\n"}
    if case == "empty folder":
        path.mkdir()
    elif case != "missing":
        path.write_bytes(contents[case])
    more = ["--out", tmp_path / "root"] if command == "convert" else []
    code, found = answer(command, path, *more)
    assert code == 2
    assert found["schema"] == 1
    assert str(path) in found["error"]
    if command == "read":
        assert found["workflows"] == []
        assert [finding for finding in found["findings"] if finding["severity"] in ("warning", "error")]
    code, stdout, stderr = workbook(command, path, *more)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)


def test_other_files_go_on_beside_a_bad_one(plain: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("raise SystemExit('no')\n")
    code, found = answer("read", bad, tmp_path / "missing.py", plain)
    assert code == 1
    assert [workflow["id"] for workflow in found["workflows"]] == ["plain"]
    assert {Path(finding["file"]).name for finding in found["findings"]} == {"bad.py", "missing.py"}


def test_a_closed_pipe_is_no_error(plain: Path) -> None:
    command = f"{sys.executable} -m workbook_lib.cli read {plain} --json | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


def test_what_a_workflow_file_prints_stays_out_of_the_document(plain: Path) -> None:
    plain.write_text("print('noise')\nimport os; os.write(1, b'more noise')\n" + PLAIN)
    assert json.loads(process("read", plain, "--json")[1])["workflows"][0]["id"] == "plain"


def test_lines_are_printed_before_the_last_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from airflow import DAG\ndag = DAG('first', schedule=None)\n")
    (tmp_path / "b.py").write_text("import airflow  # no dag\nwhile True: pass\n")
    command = [sys.executable, "-m", "workbook_lib.cli", "read", str(tmp_path), "--jsonl", "--no-cache"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        still_reading = running.poll() is None
        rest = [json.loads(line) for line in running.stdout]
    assert first["workflow"]["id"] == "first"
    assert still_reading
    assert rest[-1]["finding"]["code"] == "tracing.timeout"
