"""A task that branches, and that nobody can convert: a placeholder, behind which the flow still branches."""

from __future__ import annotations

from pathlib import Path

from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import compare_structure

DAG = """
from datetime import datetime
from airflow import DAG
from airflow.models import BaseOperator
from airflow.operators.branch import BaseBranchOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.providers.common.sql.operators.sql import BranchSQLOperator


class ByHook(BaseBranchOperator):
    def choose_branch(self, context):
        return self.hook.get_first("select 1")


with DAG("steered", schedule=None, start_date=datetime(2024, 1, 1)):
    sql = BranchSQLOperator(task_id="sql", sql="select 1", follow_task_ids_if_true="a", follow_task_ids_if_false="b")
    own = ByHook(task_id="own")
    hook = BranchPythonOperator(task_id="hook", python_callable=print, pre_execute=print)
    stop = ShortCircuitOperator(task_id="stop", python_callable=print, pre_execute=print)
    sql >> [EmptyOperator(task_id=name) for name in "ab"]
    own >> [EmptyOperator(task_id=name) for name in "cd"]
    hook >> [EmptyOperator(task_id=name) for name in "ef"]
    stop >> EmptyOperator(task_id="g")
"""


def test_placeholders_branch(tmp_path: Path) -> None:
    source = tmp_path / "dag.py"
    source.write_text(DAG, encoding="utf-8")
    (workflow,) = read([source], ReadOptions(version="2.11")).workflows
    steering = {"sql": "branch", "own": "branch", "hook": "branch", "stop": "short_circuit"}
    assert {task.id: task.steers for task in workflow.tasks if task.action.kind == "opaque"} == steering
    write([workflow]).save(tmp_path / "project")
    rows = compare_structure(workflow, read_flow(tmp_path / "project", "steered"))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []
