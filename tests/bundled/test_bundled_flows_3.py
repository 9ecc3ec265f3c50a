"""Airflow 3's own example DAGs as one Prefect project: written, imported, read back, run, and compared with what Airflow 3.3.2 did.

As `test_bundled_flows`, which holds the same for 2.11.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bundled_project import UNKEPT, Bundle, dag_ids, facts, records

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.validation import compare_structure, scenarios

VERSION = "3.3.2"
RECORDS = records(VERSION)
DAGS = dag_ids(VERSION)
pytestmark = pytest.mark.corpus
# Graphs that do not read back, and why; strict, so that one that does is noticed.
GRAPHS = {
    "example_task_group_mapping": "the writer cannot repeat a task group yet",
    "example_task_mapping_second_order": "the flow fails where a task is mapped over the results of instances that return nothing",
    "example_hitl_operator": "its callbacks are objects of a class, which cannot be carried over",
}
# Real runs that differ, and why.
REAL_RUNS = {
    "example_time_delta_sensor_async": "the deferrable sensor hands over True when its moment has passed, the flow's wait nothing",
    "example_trigger_controller_dag": "it starts a deployment, and a pilot has none",
    "tutorial_taskflow_api_virtualenv": "Airflow cannot make its virtual environment without a network; the flow needs none",
}
# DAGs of which a rehearsal ends differently, and why.
INACTIVE = "Airflow refuses the task before its body: the asset that it reads is not active"
REHEARSALS = {
    "example_hitl_operator": "the flow does not branch where a person chooses the branch",
    "example_task_group_mapping": "the writer cannot repeat a task group yet",
    "example_task_state_store_mapped": "Airflow and the flow map over lists of another length",
    "read_asset_event": INACTIVE,
    "read_asset_event_from_classic": INACTIVE,
}


def expected(reasons: dict[str, str], ids: list[str]) -> list[object]:
    marks = {dag_id: pytest.mark.xfail(reason=reason, strict=True) for dag_id, reason in reasons.items()}
    return [pytest.param(dag_id, marks=marks[dag_id]) if dag_id in marks else dag_id for dag_id in ids]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(tmp_path_factory.mktemp("bundle"), VERSION)


@pytest.fixture(scope="module")
def session(bundle: Bundle) -> Iterator[Session]:
    with Session(bundle.root) as session:
        yield session


def test_one_project_holds_them_all(bundle: Bundle, tmp_path: Path) -> None:
    assert sorted(bundle.project.flows) == DAGS
    tasks = {dag_id: {task.id for task in workflow.tasks} for dag_id, workflow in bundle.workflows.items()}
    assert {dag_id: set(info.tasks) for dag_id, info in bundle.project.flows.items()} == tasks
    assert bundle.imported(tmp_path) == (115, [])


@pytest.mark.parametrize("dag_id", expected(GRAPHS, DAGS))
def test_reads_back_to_the_same_graph(bundle: Bundle, dag_id: str) -> None:
    rows = compare_structure(bundle.workflows[dag_id], read_flow(bundle.root / "project", dag_id))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.pilot
@pytest.mark.parametrize("dag_id", expected(REAL_RUNS, [dag_id for dag_id, entry in sorted(RECORDS.items()) if entry["same_course_twice"]]))
def test_real_run(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Airflow's state for every task instance, and every return value that it keeps, unless its own differ from run to run."""
    if bundle.placeholders(dag_id):
        assert dag_id not in REAL_RUNS
        return  # its real run is not comparable; its rehearsals are
    legacy = RunRecord.from_json(RECORDS[dag_id]["real"])
    done = session.run(bundle.workflows[dag_id], REAL, logical_date=legacy.logical_date, time_limit=120)
    unkept = {(run.id, run.map_index) for run in legacy.tasks if run.result == UNKEPT}
    kept = tuple(run.model_copy(update={"result": UNKEPT}) if (run.id, run.map_index) in unkept else run for run in done.tasks)
    results = bool(RECORDS[dag_id]["same_twice"])
    assert facts(done.model_copy(update={"tasks": kept}), results=results) == facts(legacy, results=results)


@pytest.mark.proof
@pytest.mark.parametrize("dag_id", expected(REHEARSALS, [dag_id for dag_id, entry in sorted(RECORDS.items()) if entry["rehearsals"]]))
def test_rehearsals(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Every recorded failure, skip and branch ends as Airflow ended it; a placeholder does not excuse its states."""
    names = {scenario.name for scenario in scenarios(bundle.workflows[dag_id])}
    compared, different = 0, {}
    for entry in RECORDS[dag_id]["rehearsals"]:
        legacy = RunRecord.from_json(entry["record"])
        if legacy.scenario not in names or legacy.problem:
            continue
        compared += 1
        done = session.run(bundle.workflows[dag_id], Scenario(**entry["scenario"]), time_limit=120)
        if facts(done, results=False) != facts(legacy, results=False):
            different[legacy.scenario] = (facts(done, results=False), facts(legacy, results=False))
    assert different == {}
    assert compared
