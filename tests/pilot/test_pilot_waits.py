"""A flow that waits for runs of another one, which the pilot makes first: the whole, tasks, a group, another date, bad ends, files."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.model.run import RunRecord
from workbook_lib.pilot import Session
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

DAGS = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.utils.task_group import TaskGroup

OPEN = {"schedule": "@daily", "start_date": datetime(2024, 1, 1), "catchup": False}
with DAG("other", **OPEN):
    with TaskGroup("group"):
        BashOperator(task_id="first", bash_command="echo {{ ds }}") >> BashOperator(task_id="second", bash_command="echo 2")
    BashOperator(task_id="skips", bash_command="exit 99")
    BashOperator(task_id="fails", bash_command="false") >> BashOperator(task_id="end", trigger_rule="all_done", bash_command="echo end")

BRIEF = {"external_dag_id": "other", "poke_interval": 20, "timeout": 600}


def day_before(logical_date):
    return logical_date - timedelta(days=1)


with DAG("waiter", **OPEN):
    ExternalTaskSensor(task_id="whole", **BRIEF)
    ExternalTaskSensor(task_id="one", external_task_id="group.first", **BRIEF)
    ExternalTaskSensor(task_id="several", external_task_ids=["group.first", "group.second"], **BRIEF)
    ExternalTaskSensor(task_id="group", external_task_group_id="group", **BRIEF)
    ExternalTaskSensor(task_id="not_there", external_task_id="nothing", **BRIEF)
    ExternalTaskSensor(task_id="one_that_skips", external_task_id="skips", **BRIEF)
    ExternalTaskSensor(task_id="skips_too", external_task_id="skips", skipped_states=["skipped"], **BRIEF)
    ExternalTaskSensor(task_id="content", external_task_id="skips", allowed_states=["success", "skipped"], **BRIEF)
    ExternalTaskSensor(task_id="fails_too", external_task_id="fails", failed_states=["failed"], **BRIEF)
    ExternalTaskSensor(task_id="fails_softly", external_task_id="fails", failed_states=["failed"], soft_fail=True, **BRIEF)
    ExternalTaskSensor(task_id="day_before", execution_delta=timedelta(days=1), **BRIEF)
    ExternalTaskSensor(task_id="by_function", execution_date_fn=day_before, soft_fail=True, **BRIEF)
"""
STATES = {
    "whole": "success", "one": "success", "several": "success", "group": "success", "not_there": "failed", "one_that_skips": "failed",
    "skips_too": "skipped", "content": "success", "fails_too": "failed", "fails_softly": "skipped", "day_before": "success",
    "by_function": "success",
}  # fmt: skip


FED = """
from datetime import datetime
from pathlib import Path
from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.sensors.external_task import ExternalTaskSensor

OPEN = {"schedule": "@daily", "start_date": datetime(2024, 1, 1), "catchup": False}


def eat():
    Path("left.txt").write_text(Path("list.txt").read_text())


with DAG("fed", **OPEN):
    PythonOperator(task_id="eat", python_callable=eat)
with DAG("waiter", **OPEN):
    ExternalTaskSensor(task_id="fed", external_dag_id="fed", external_task_id="eat", poke_interval=20, timeout=600)
"""


def run_waiter(root: Path, dags: str) -> RunRecord:
    source = root / "dags.py"
    source.write_text(dags, encoding="utf-8")
    workflows = {workflow.id: workflow for workflow in read([source], ReadOptions(version="2.11")).workflows}
    write(list(workflows.values())).save(root / "project")
    with Session(root) as session:
        return session.run(workflows["waiter"], logical_date="2024-01-05T00:00:00+00:00", time_limit=180)


@pytest.mark.pilot
def test_waits_for_runs_of_another_flow(tmp_path: Path) -> None:
    done = run_waiter(tmp_path, DAGS)
    assert {run.id: str(run.state) for run in done.tasks} == STATES


@pytest.mark.pilot
def test_awaited_run_has_the_fixtures_and_leaves_nothing_to_the_run_that_waits(tmp_path: Path) -> None:
    fixtures = tmp_path / "legacy" / "fixtures"
    fixtures.mkdir(parents=True)
    (fixtures / "list.txt").write_text("bread\n", encoding="utf-8")
    done = run_waiter(tmp_path, FED)
    assert ([str(run.state) for run in done.tasks], [output.path for output in done.outputs]) == (["success"], ["list.txt"])
