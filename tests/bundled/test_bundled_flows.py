"""Airflow's own example DAGs as one Prefect project: written, imported, read back, run, and compared with what Airflow 2.11.2 did.

The DAG files are fetched by package name; the records hold ids, states and values only (`tests/corpus/airflow/records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bundled_project import TESTS, Bundle, dag_ids, facts, records

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.validation import compare_structure, scenarios

VERSION = "2.11.2"
RECORDS = records(VERSION)
DAGBAG = dag_ids(VERSION)
# DAGs whose flow holds no placeholder and that Airflow itself runs to the same end and the same values twice.
LEAST_EQUAL = 45
pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(tmp_path_factory.mktemp("bundle"), VERSION)


@pytest.fixture(scope="module")
def session(bundle: Bundle) -> Iterator[Session]:
    with Session(bundle.root) as session:
        yield session


def test_one_project_holds_them_all(bundle: Bundle) -> None:
    assert sorted(bundle.project.flows) == DAGBAG
    tasks = {dag_id: {task.id for task in workflow.tasks} for dag_id, workflow in bundle.workflows.items()}
    assert {dag_id: set(info.tasks) for dag_id, info in bundle.project.flows.items()} == tasks


@pytest.mark.parametrize("dag_id", DAGBAG)
def test_reads_back_to_the_same_graph(bundle: Bundle, dag_id: str) -> None:
    rows = compare_structure(bundle.workflows[dag_id], read_flow(bundle.root / "project", dag_id))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []


def test_every_flow_imports(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle.imported(tmp_path) == (76, [])


# Real runs that differ, and why; strict, so that one that comes out equal is noticed.
DIFFERENT = {
    "example_time_delta_sensor_async": "the deferrable sensor hands over True when its moment has passed, the flow's wait nothing",
    "example_trigger_controller_dag": "it starts a deployment, and a pilot has none",
    "tutorial_taskflow_api_virtualenv": "Airflow cannot make its virtual environment without a network; the flow needs none",
}
# Airflow does not start these runs: it validates the parameters first, and they have required ones.
NEVER_STARTED = {"example_params_ui_tutorial"}
COMPARED = [dag_id for dag_id, entry in sorted(RECORDS.items()) if entry["same_course_twice"]]


def test_the_readme_tells_how_many(bundle: Bundle) -> None:
    """The figures of the README; that each is true is what the other tests here, `test_bundled_examples` and the proofs show."""
    whole = [dag_id for dag_id in DAGBAG if not bundle.placeholders(dag_id)]
    equal = [dag_id for dag_id in whole if dag_id in RECORDS and RECORDS[dag_id]["same_twice"] and dag_id not in DIFFERENT]
    table = (TESTS.parent / "README.md").read_text(encoding="utf-8").split("| of 76 DAGs |", 1)[1].split("\n\n", 1)[0]
    figures = [int(line.split("|")[2]) for line in table.splitlines()[2:]]
    assert figures == [len(DAGBAG), len(DAGBAG), len(set(RECORDS) - NEVER_STARTED), len(whole), len(equal)]
    assert len(equal) >= LEAST_EQUAL


@pytest.mark.pilot
@pytest.mark.parametrize(
    "dag_id",
    [pytest.param(i, marks=pytest.mark.xfail(reason=DIFFERENT[i], strict=True)) if i in DIFFERENT else i for i in COMPARED],
)
def test_real_run(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Airflow's state for every task instance, and every return value unless Airflow's own differ from run to run."""
    if bundle.placeholders(dag_id):
        assert dag_id not in DIFFERENT
        return  # its real run is not comparable; its rehearsals are
    legacy = RunRecord.from_json(RECORDS[dag_id]["real"])
    done = session.run(bundle.workflows[dag_id], REAL, logical_date=legacy.logical_date, time_limit=120)
    results = bool(RECORDS[dag_id]["same_twice"])
    assert facts(done, results=results) == facts(legacy, results=results)


@pytest.mark.proof
@pytest.mark.parametrize("dag_id", sorted(set(RECORDS) - NEVER_STARTED))
def test_rehearsals(bundle: Bundle, session: Session, dag_id: str) -> None:
    """Every scripted failure, skip and branch ends as Airflow ended it; a placeholder does not excuse its states."""
    recorded = {entry["record"]["scenario"]: entry for entry in RECORDS[dag_id]["rehearsals"]}
    different = {}
    for name in [scenario.name for scenario in scenarios(bundle.workflows[dag_id])]:
        assert name in recorded, "renew the records"
        legacy = RunRecord.from_json(recorded[name]["record"])
        done = session.run(bundle.workflows[dag_id], Scenario(**recorded[name]["scenario"]), time_limit=120)
        if facts(done, results=False) != facts(legacy, results=False):
            different[name] = (facts(done, results=False), facts(legacy, results=False))
    assert different == {}
