"""What a flow does not do by itself: a DAG's settings -> the findings; and what is needed although it was not understood."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow_build import FILE, python_task, raw_task, read

from workbook_lib.findings import Finding
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import AssetCondition, Limits, Schedule
from workbook_lib.sources.airflow import read as read_files
from workbook_lib.sources.airflow._left_out import of_dag
from workbook_lib.sources.airflow._raw import RawDag

DAILY = Schedule(kind="cron", cron="0 0 * * *")
BOTH = AssetCondition(kind="all", parts=(AssetCondition(kind="asset", uri="s3://a"), AssetCondition(kind="asset", name="b")))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lost(**fields: Any) -> list[tuple[str, str]]:
    """Severity and text of what is lost of a DAG that is read at the start of 2026."""
    return [(severity.value, what) for severity, what, _ in of_dag(RawDag(id="d", origin=Origin(file=FILE, line=1), **fields), "2.11", NOW)]


LOST: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"schedule": DAILY, "start_date": "2024-01-01T00:00:00+00:00"}, []),
    ({"catchup": True}, []),
    (
        {"catchup": True, "schedule": DAILY},
        [("warning", "makes up for runs of the past (`catchup`), which no Prefect schedule does")],
    ),
    ({"limits": Limits(active_runs=1)}, []),
    ({"limits": Limits(active_runs=1, active_tasks=4)}, []),
    (
        {"limits": Limits(active_tasks=4, fail_fast=True)},
        [
            ("note", "runs at most 4 tasks at once over all of its runs (`max_active_tasks`), the flow in each run"),
            ("note", "stops at its first failed task (`fail_fast`): the flow starts nothing more then, but ends no task that runs already"),
        ],
    ),
    (
        {"schedule": DAILY, "end_date": "2025-01-01"},
        [("warning", "is not scheduled after 2025-01-01 (`end_date`), but the deployment is")],
    ),
    (
        {"schedule": DAILY, "start_date": "2026-06-01"},
        [("warning", "is not scheduled before 2026-06-01 (`start_date`), but the deployment is")],
    ),
    ({"start_date": "2026-06-01", "end_date": "2027-01-01"}, []),
    (
        {"schedule": Schedule(kind="once", text="@once")},
        [("warning", "runs once (`@once`), for which the deployment has no schedule")],
    ),
    (
        {"schedule": Schedule(kind="custom", text="every relativedelta(months=+1)")},
        [("warning", "goes by the schedule `every relativedelta(months=+1)`, for which the deployment has no schedule")],
    ),
    ({"schedule": Schedule(kind="custom", text="MultipleCron", crons=("0 1 * * *", "0 2 * * *"))}, []),
    ({"schedule": Schedule(kind="assets", condition=BOTH)}, []),
    (
        {"schedule": Schedule(kind="assets", condition=AssetCondition(kind="any", parts=(BOTH, AssetCondition(kind="alias", name="a"))))},
        [("warning", "is started by an alias of assets that only runs name, for which the deployment has no trigger")],
    ),
]


@pytest.mark.parametrize(("fields", "expected"), LOST)
def test_settings_of_a_dag(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert lost(**fields) == expected


def told(findings: list[Finding], code: str) -> list[tuple[str, str | None, str, str | None]]:
    """Severity, task, text and advice of the findings of one code."""
    return [(f.severity.value, f.task, f.message, f.advice) for f in findings if f.code == f"airflow.{code}"]


def test_pools() -> None:
    tasks = [raw_task("a", pool="db", pool_slots=2), raw_task("b", pool="default_pool"), raw_task("c", pool_slots=3)]
    _, findings = read("", *tasks)
    assert told(findings, "setting_unsupported") == [
        ("note", "c", "the task 'c' takes 3 slots of the default pool (`pool_slots`), which the flow does not", "Use a concurrency limit."),
        (
            "warning",
            None,
            "the DAG 'd' takes slots of the pool 'db', which is a global concurrency limit in Prefect",
            "Create it before the first run, with as many slots, as MIGRATION.md shows.",
        ),
    ]


def test_what_is_logged_is_told_once() -> None:
    source = (
        "import logging\n\nlog = logging.getLogger(__name__)\n\n\ndef helper():\n    log.info('x')\n\n\n"
        "def f():\n    print(1)\n\n\ndef g():\n    helper()\n"
    )
    workflow, findings = read(source, python_task(source, "f", "a"), python_task(source, "g", "b"), python_task(source, "f", "c"))
    advice = "Name these loggers in PREFECT_LOGGING_EXTRA_LOGGERS, or use `prefect.get_run_logger()`."
    message = "what is logged in `helper` stays out of Prefect's log"
    assert told(findings, "logs_elsewhere") == [("note", None, message, advice)]
    assert workflow.tasks[0].action.function.spans == ()  # type: ignore[union-attr]


def test_silent_functions_are_not_told_of() -> None:
    source = "def f(catalog):\n    return catalog.info(1)\n"
    _, findings = read(source, python_task(source, "f", op_args=[1]))
    assert told(findings, "logs_elsewhere") == []


def test_variables_of_templates_that_are_not_understood_are_needed() -> None:
    command = "{{ shout(var.value.bucket) }} {{ var.json.get('a-b', {}) }} {{ var.value.get(\"c\") }}"
    workflow, _ = read("", raw_task("t", "BashOperator", bash_command=command))
    assert workflow.requirements.variables == ("a-b", "bucket", "c")


def test_variables_that_are_read_while_the_file_is_read_are_needed(tmp_path: Path) -> None:
    (tmp_path / "dag.py").write_text(
        "from airflow import DAG\nfrom airflow.models import Variable\nfrom airflow.operators.empty import EmptyOperator\n"
        "with DAG('d', schedule=None):\n"
        "    for name in Variable.get('tables', default_var=['x'], deserialize_json=True):\n        EmptyOperator(task_id=name)\n"
    )
    result = read_files([tmp_path])
    assert [task.id for task in result.workflows[0].tasks] == ["x"]
    assert result.workflows[0].requirements.variables == ("tables",)


def test_texts_about_files_name_no_folder_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "tools.py").write_text("def run(context):\n    from airflow.models import DagBag\n    return DagBag()\n")
    (tmp_path / "dag.py").write_text(
        "from airflow import DAG\nfrom airflow.operators.python import PythonOperator\nfrom lib.tools import run\n\n\n"
        "def other():\n    return missing()\n\n\ndef f():\n    return run(1), other()\n\n\n"
        "with DAG('d', schedule=None):\n    PythonOperator(task_id='t', python_callable=f)\n"
    )
    result = read_files([tmp_path])
    blockers = result.workflows[0].task("t").action.function.blockers  # type: ignore[union-attr]
    assert len(blockers) == 2
    assert ("dag.py:6" in blockers[0], "lib/tools.py:1" in blockers[1]) == (True, True)
    assert str(tmp_path) not in " ".join((*blockers, *(finding.message for finding in result.findings)))
