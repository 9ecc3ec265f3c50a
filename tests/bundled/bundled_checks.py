"""What is asked of the bundled examples of any version: written, imported, read back, run, and compared with what Airflow did.

The DAG files are fetched by package name; the records hold ids, states and values only (`tests/corpus/airflow/records`). A module that
names a `VERSION` takes these tests over by importing them; `conftest` gives each its DAGs.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bundled_project import Bundle
from scoreboard import committed, keep, row

from workbook_lib.pilot import Session


def test_one_project_holds_them_all(bundle: Bundle, tmp_path: Path) -> None:
    assert sorted(bundle.project.flows) == sorted(committed()[bundle.version])
    tasks = {dag_id: {task.id for task in workflow.tasks} for dag_id, workflow in bundle.workflows.items()}
    assert {dag_id: set(info.tasks) for dag_id, info in bundle.project.flows.items()} == tasks
    assert bundle.imported(tmp_path) == (len(tasks), [])


@pytest.mark.pilot
def test_real_run(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Graph and schedule read back, and Airflow's state and return value for every task instance, as the scoreboard says."""
    found = row(bundle.verdict(session, dag_id, rehearse=False), bundle.unsteady(dag_id))
    expected = committed()[bundle.version][dag_id]
    parts = ("structure", "schedule", "real")
    assert {part: found[part] for part in parts} == {part: expected[part] for part in parts}


@pytest.mark.proof
def test_whole_verdict(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Every scripted failure, skip and branch as well; a placeholder does not excuse its states."""
    found = row(bundle.verdict(session, dag_id, rehearse=True), bundle.unsteady(dag_id))
    keep(bundle.version, dag_id, found)
    assert found == committed()[bundle.version][dag_id]
