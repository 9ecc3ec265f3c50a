"""What is wrong in DAG files: what Airflow says of it, what is read all the same, and the findings, text for text."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from read_helpers import SHARED

from workbook_lib import sources
from workbook_lib.findings import Finding
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow.assemble import assemble

FOLDER = Path(__file__).parents[2] / "corpus" / "airflow" / "bad_input"
CASES: dict[str, dict[str, Any]] = {case["name"]: case for case in yaml.safe_load((FOLDER / "cases.yaml").read_text())}
# What has nothing to do with the mistake itself.
ORDINARY = {"airflow.setting_unsupported", "airflow.function_blocked", "airflow.operator_unknown"}


def _recorder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bad_input_record", FOLDER / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HEADER = _recorder().header("2")


def shown(finding: Finding, folder: Path) -> str:
    """`severity code, line 3: message (advice)`; the line of the file, whose first holds the imports."""
    text = f"{finding.severity} {finding.code}, line {finding.line}: {finding.message} ({finding.advice})"
    return text.replace(f"{folder}{os.sep}", "")


def read(source: str, folder: Path) -> tuple[str, list[str]]:
    """`dag[task,task]; ...` and all findings of a case."""
    file = folder / "dag_file.py"
    file.write_text(HEADER + source)
    raws, findings, _ = _read.trace([file], sources.ReadOptions(), SHARED)
    assert {finding.file for finding in findings} <= {str(file)}
    made = [assemble(raw) for raw in raws]
    findings = [*findings, *(finding for _, found in made for finding in found)]
    workflows = sorted((workflow for found, _ in made for workflow in found), key=lambda workflow: workflow.id)
    dags = "; ".join(f"{workflow.id}[{','.join(sorted(task.id for task in workflow.tasks))}]" for workflow in workflows)
    return dags, [shown(finding, folder) for finding in findings if finding.code not in ORDINARY]


@pytest.mark.parametrize("name", CASES)
def test_what_is_read_and_told(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert read(case["source"], tmp_path) == (case["read"], case["findings"])


def test_never_more_hopeful_than_airflow() -> None:
    """What Airflow does not import is an error here; what it imports otherwise is told."""
    refused = {name for name, case in CASES.items() if case["airflow_2"].startswith("import error")}
    silent = {name for name in refused if not any(text.startswith("error ") for text in CASES[name]["findings"])}
    assert len(refused) > 60
    # There only the variable is missing; arguments that no operator takes are warnings, as for older versions they were good.
    assert silent == {"expand unknown", "unknown argument", "unknown argument bash"}
    taken = {name: case for name, case in CASES.items() if case["airflow_2"].startswith("ok: ")}
    assert len(taken) > 30
    assert [
        name for name, case in taken.items() if f"ok: {case['read']}" not in case["airflow_2"].split(" or ") and not case["findings"]
    ] == []


DAG = 'with DAG("{name}", start_date=START, schedule=None):\n    EmptyOperator(task_id="a")\n'


def _same_file(folder: Path) -> list[Path]:
    (folder / "a.py").write_text(HEADER + DAG.format(name="a"))
    return [folder, folder / "a.py"]


def _link(folder: Path) -> list[Path]:
    (folder / "a.py").write_text(HEADER + DAG.format(name="a"))
    (folder / "b.py").symlink_to(folder / "a.py")
    return [folder]


def _two_files(folder: Path) -> list[Path]:
    for name in ("a.py", "b.py"):
        (folder / name).write_text(HEADER + DAG.format(name="same"))
    return [folder]


def _no_dags(folder: Path) -> list[Path]:
    (folder / "a.py").write_text("x = 1\n")
    return [folder]


def _no_files(folder: Path) -> list[Path]:
    (folder / "notes.txt").write_text("airflow dag")
    return [folder]


def _sound_beside_broken(folder: Path) -> list[Path]:
    (folder / "a.py").write_text(HEADER + DAG.format(name="a") + 'raise ValueError("no")\n')
    (folder / "b.py").write_text(HEADER + DAG.format(name="b"))
    return [folder]


AGAIN = " (Nothing, if that is meant; else give one of them.)"
FOLDERS: dict[str, tuple[Callable[[Path], list[Path]], list[str], list[str]]] = {
    "a file given twice": (
        _same_file,
        ["a"],
        ["note airflow.file_twice, a.py, line 1: the file is given twice; it is read once" + AGAIN],
    ),
    "a file and a link to it": (
        _link,
        ["a"],
        ["note airflow.file_twice, b.py, line 1: the file is the same as a.py; it is read once" + AGAIN],
    ),
    "one DAG id in two files": (
        _two_files,
        ["same"],
        [
            "warning airflow.duplicate_dag, b.py, line 2: the DAG 'same' is also defined in a.py; that one is read "
            "(Give each DAG an id of its own.)"
        ],
    ),
    "a folder without DAGs": (
        _no_dags,
        [],
        ["warning airflow.no_dag, ., line 1: no DAG is defined here (Give a file or folder with Airflow DAGs.)"],
    ),
    "a folder without Python files": (
        _no_files,
        [],
        ["warning airflow.no_dag, ., line 1: the folder holds no Python file (Give a file or folder with Airflow DAGs.)"],
    ),
    "a broken file beside a sound one": (
        _sound_beside_broken,
        ["b"],
        [
            "error tracing.raised, a.py, line 4: the file raises ValueError while it is read: no; as in Airflow, no DAG of it is read, "
            "also not 'a' made before (Correct the line, or supply what it needs (--inputs, --variables ...).)"
        ],
    ),
}


@pytest.mark.parametrize("what", FOLDERS)
def test_files_and_folders(what: str, tmp_path: Path) -> None:
    make, dags, expected = FOLDERS[what]
    result = sources.read(make(tmp_path))
    assert [workflow.id for workflow in result.workflows] == dags
    found = [
        f"{one.severity} {one.code}, {Path(one.file or '').relative_to(tmp_path)}, line {one.line}: {one.message} ({one.advice})"
        for one in result.findings
    ]
    assert [text.replace(f"{tmp_path}{os.sep}", "") for text in found] == expected


def test_several_callbacks_of_one_event_are_all_kept(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        HEADER
        + "def f(context): print(1)\ndef g(context): print(2)\n"
        + DAG.format(name="d").replace('task_id="a"', 'task_id="a", on_failure_callback=[f, g]')
    )
    (workflow,) = sources.read([tmp_path]).workflows
    assert [(event, function.name) for event, function in workflow.task("a").callbacks] == [
        ("on_failure_callback", "f"),
        ("on_failure_callback", "g"),
    ]


def test_the_recorder_knows_both_versions() -> None:
    assert [name for name in _recorder().IMPORTS if _recorder().header(name).count("\n") == 1] == ["2", "3"]
