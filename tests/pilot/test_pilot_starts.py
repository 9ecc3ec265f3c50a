"""A flow that starts another one: without waiting, waiting for its success, waiting in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.pilot import Session
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

DAGS = """
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.subdag import SubDagOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1)}
with DAG("good", params={"n": 1}, **OPEN):
    BashOperator(task_id="work", bash_command="test {{ params.n }} = 7")
with DAG("bad", **OPEN):
    BashOperator(task_id="work", bash_command="false")
with DAG("dated", **OPEN):
    BashOperator(task_id="work", bash_command="test {{ ds }} = 2024-02-03")
with DAG("starter", **OPEN):
    TriggerDagRunOperator(task_id="work", trigger_dag_id="good", conf={"n": 7}, wait_for_completion=True)
    TriggerDagRunOperator(task_id="waits_in_vain", trigger_dag_id="bad", wait_for_completion=True)
    TriggerDagRunOperator(task_id="any_end", trigger_dag_id="bad", wait_for_completion=True,
                          allowed_states=["success", "failed"], failed_states=[])
    TriggerDagRunOperator(task_id="goes_on", trigger_dag_id="bad")
    TriggerDagRunOperator(task_id="for_a_date", trigger_dag_id="dated", logical_date="2024-02-03T00:00:00+00:00",
                          wait_for_completion=True, reset_dag_run=True)
    TriggerDagRunOperator(task_id="nobody", trigger_dag_id="missing")


def inner(dag_id, check):
    with DAG(dag_id, **OPEN) as dag:
        BashOperator(task_id="work", bash_command=check)
    return dag


with DAG("outer", **OPEN):
    SubDagOperator(task_id="by_day", subdag=inner("outer.by_day", "test {{ ds }} = 2024-02-03"))
    SubDagOperator(task_id="by_hour", subdag=inner("outer.by_hour", "test {{ ts }} = 2024-02-03T04:00:00+00:00"))
"""
STATES = {
    "any_end": "success",
    "for_a_date": "success",
    "goes_on": "success",
    "nobody": "failed",
    "waits_in_vain": "failed",
    "work": "success",
}


@pytest.mark.pilot
def test_started_runs_are_made_by_the_project_itself(tmp_path: Path) -> None:
    source = tmp_path / "dags.py"
    source.write_text(DAGS, encoding="utf-8")
    workflows = {workflow.id: workflow for workflow in read([source], ReadOptions(version="2.11")).workflows}
    write(list(workflows.values())).save(tmp_path / "project")
    with Session(tmp_path) as session:
        done = session.run(workflows["starter"], time_limit=60)
        outer = session.run(workflows["outer"], logical_date="2024-02-03T04:00:00+00:00", time_limit=60)
    assert {run.id: str(run.state) for run in done.tasks} == STATES
    assert {run.id: run.attempts for run in done.tasks} == dict.fromkeys(STATES, 1)
    assert {run.id: str(run.state) for run in outer.tasks} == {"by_day": "success", "by_hour": "success"}
