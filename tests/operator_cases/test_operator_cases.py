"""Operators, sensors and settings: DAGs of our own, run by both versions of Airflow (recorded) and, converted, by Prefect.

`tests/corpus/airflow/operator_cases` holds the sources, the records, and the command that makes the records again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.model.run import REAL, RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import compare_structure

CASES = Path(__file__).parents[1] / "corpus" / "airflow" / "operator_cases"
UNKEPT = {"absent": True, "kept": False}  # the answer of a task that skips others, in Airflow 3
RECORDS = {
    version: json.loads((CASES / f"records_{version.replace('.', '_')}.json").read_text(encoding="utf-8"))
    for version in ("2.11.2", "3.3.2")
}
PAIRS = [(version, dag_id) for version, records in RECORDS.items() for dag_id in sorted(records)]


class Converted:
    """The cases, converted as one project for one version, and the session that runs it."""

    def __init__(self, root: Path, version: str) -> None:
        result = read([CASES / "dags"], ReadOptions(version=version.rpartition(".")[0]))
        self.root, self.workflows = root, {workflow.id: workflow for workflow in result.workflows}
        self.project: Project = write(list(result.workflows))
        self.project.save(root / "project")
        self.session = Session(root)

    def workflow(self, dag_id: str) -> Workflow:
        return self.workflows[dag_id]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Converted]]:
    made = {version: Converted(tmp_path_factory.mktemp("cases"), version) for version in RECORDS}
    yield made
    for one in made.values():
        one.session.close()


@pytest.mark.parametrize(("version", "case"), PAIRS)
def test_no_placeholder_and_the_same_graph(converted: dict[str, Converted], version: str, case: str) -> None:
    made = converted[version]
    left = {task_id: status.finding for task_id, status in made.project.flows[case].tasks.items() if status.status == "placeholder"}
    assert left == {}
    rows = compare_structure(made.workflow(case), read_flow(made.root / "project", case))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.pilot
@pytest.mark.parametrize(("version", "case"), PAIRS)
def test_runs_as_airflow_ran_it(converted: dict[str, Converted], version: str, case: str) -> None:
    made, legacy = converted[version], RunRecord.from_json(RECORDS[version][case])
    done = made.session.run(made.workflow(case), REAL, logical_date=legacy.logical_date, time_limit=60)
    unkept = {(run.id, run.map_index) for run in legacy.tasks if run.result == UNKEPT}
    assert facts(done, unkept) == facts(legacy, unkept)


def facts(record: RunRecord, unkept: set[tuple[str, int]]) -> dict[str, Any]:
    """State, tries and result of every task instance, apart from results that the legacy engine does not keep; and the run's own end."""
    runs = {
        f"{run.id}[{run.map_index}]": (str(run.state), run.attempts, None if (run.id, run.map_index) in unkept else run.result)
        for run in record.tasks
    }
    return {"": str(record.state)} | runs
