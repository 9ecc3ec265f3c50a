"""DAG files as a user brings them, converted, and put through the gates of `tests/corpus/airflow/conversion`."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "corpus" / "airflow" / "conversion"
sys.path.insert(0, str(FOLDER))

import conversion_gates as gates  # noqa: E402

from workbook_lib.sources import ReadOptions, read  # noqa: E402

HEADER = """from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.utils.task_group import TaskGroup
START = datetime(2024, 1, 1)
"""


def cases(name: str) -> dict[str, dict[str, Any]]:
    """The cases of a file beside the gates, by their names."""
    listed: list[dict[str, Any]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return {case["name"]: case for case in listed}


def laid(case: dict[str, Any], root: Path) -> Path:
    """The case's files: `module` (in front of a DAG), `tasks` (inside of it), `files` (as they are)."""
    files: dict[str, str] = dict(case.get("files", {}))
    if "tasks" in case:
        head = f"with DAG({case.get('dag', 'd')!r}, start_date=START, schedule=None):\n"
        files["a_dag.py"] = f"{HEADER}{case.get('module', '')}\n{head}{textwrap.indent(case['tasks'], '    ')}"
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("HEADER\n", HEADER), encoding="utf-8")
    return root


def converted(case: dict[str, Any], tree: Path, number: int = 0) -> gates.Case:
    """The project for a case, below `tree/projects`, through all gates but those that need a process of their own."""
    result = read(laid(case, tree / "legacy" / str(number)), ReadOptions(seconds=60))
    made = gates.Case(str(case["name"]), list(result.workflows))
    gates.written(made, (tree / "projects" / str(number)).resolve())
    gates.structure(made)
    return made


def placeholders(made: gates.Case) -> dict[str, str]:
    """Why tasks are placeholders: the finding's reason by task."""
    assert made.project is not None
    statuses = [(task, status) for info in made.project.flows.values() for task, status in info.tasks.items()]
    return {task: status.finding.message.partition(" is not converted: ")[2] for task, status in statuses if status.finding is not None}


def told(made: gates.Case) -> list[str]:
    """What else the writer tells."""
    assert made.project is not None
    return [f"{found.severity} {found.code}: {found.message}" for found in made.project.findings if found.code != "writer.placeholder"]
