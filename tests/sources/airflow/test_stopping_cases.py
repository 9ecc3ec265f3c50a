"""Runs that stop at their first failed task (`fail_fast`): the rules, and the flow as Prefect runs it, do what Airflow did.

The DAGs and the records lie in `tests/corpus/airflow/stopping_cases`; `mapping_cases/record.py` makes them again.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.model.evaluate import simulate
from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import compare_runs, compare_structure

CASES = Path(__file__).parents[2] / "corpus" / "airflow" / "stopping_cases"
VERSIONS = ("2.11.2", "3.3.2")
DATE = "2024-01-01T00:00:00+00:00"
# What is not comparable of a workflow, in how many of its runs: a task ended side by side with the one that failed.
HANGS = {
    "stop_at_a_fork": {"two": 1, "three": 1},
    "stop_at_the_ends": {"two": 1, "three": 1},
    "stop_on_another_path": {"one": 2, "two": 2, "three": 2, "four": 2, "": 2},
    "stop_after_retries": {"four": 2, "two": 1, "three": 1, "": 1},
    "stop_in_a_mapped_group": {"both.one": 2, "both.two": 3},
    "stop_beside_a_teardown": {"one": 2, "two": 2, "three": 2, "four": 3, "": 1},
    "stops_indeed_on_one_path": {"one": 2, "broken": 2, "two": 2, "three": 3, "four": 3, "": 3},
}


@functools.cache
def workflows(version: str) -> dict[str, Workflow]:
    return {workflow.id: workflow for workflow in read([CASES / "dags"], ReadOptions(version=version.rpartition(".")[0])).workflows}


@functools.cache
def recorded(version: str) -> dict[str, list[tuple[Scenario, RunRecord]]]:
    document = json.loads((CASES / f"recorded_{version.replace('.', '_')}.json").read_text(encoding="utf-8"))
    return {name: [_record(name, version, run) for run in runs] for name, runs in document.items()}


def _record(name: str, version: str, run: dict[str, Any]) -> tuple[Scenario, RunRecord]:
    scenario, results = Scenario(**run["scenario"]), run.get("results", {})
    tasks = [
        {"id": key.rpartition("[")[0], "map_index": int(key.rpartition("[")[2][:-1]), "state": state, "attempts": attempts}
        | {"result": {"json": results[key]} if key in results else {"absent": True}}
        for key, (state, attempts) in run["tasks"].items()
    ]
    record = {"engine": "airflow", "version": version, "workflow": name, "logical_date": DATE, "scenario": scenario.name}
    return scenario, RunRecord.from_json(record | {"state": run["state"], "tasks": tasks})


PAIRS = [(version, dag_id) for version in VERSIONS for dag_id in sorted(recorded(version))]


def test_each_dag_is_recorded_and_both_versions_agree() -> None:
    assert {version: set(workflows(version)) for version in VERSIONS} == {version: set(recorded(version)) for version in VERSIONS}
    first, second = ({name: [(r.state, _ends(r)) for _, r in runs] for name, runs in recorded(version).items()} for version in VERSIONS)
    assert first == second


def _ends(record: RunRecord) -> dict[str, tuple[str, int]]:
    return {f"{run.id}[{run.map_index}]": (str(run.state), run.attempts) for run in record.tasks}


@pytest.mark.parametrize(("version", "dag_id"), PAIRS)
def test_the_rules_say_what_airflow_did(version: str, dag_id: str) -> None:
    rehearsed = [(scenario, record) for scenario, record in recorded(version)[dag_id] if scenario.kind != "real"]
    assert len(rehearsed) > 1
    for scenario, record in rehearsed:
        runs, state = simulate(workflows(version)[dag_id], scenario)
        found = {f"{run.id}[{run.map_index}]": (str(run.state), run.attempts) for run in runs}
        assert (scenario.name, found, state) == (scenario.name, _ends(record), record.state)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Path, Session]]]:
    made = {}
    for version in VERSIONS:
        root = tmp_path_factory.mktemp("stopping")
        write(list(workflows(version).values())).save(root / "project")
        made[version] = root, Session(root)
    yield made
    for _, session in made.values():
        session.close()


@pytest.mark.parametrize(("version", "dag_id"), PAIRS)
def test_the_flow_reads_as_the_same(converted: dict[str, tuple[Path, Session]], version: str, dag_id: str) -> None:
    rows = compare_structure(workflows(version)[dag_id], read_flow(converted[version][0] / "project", dag_id))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.pilot
@pytest.mark.parametrize(("version", "dag_id"), PAIRS)
def test_the_flow_ends_as_airflow_did(converted: dict[str, tuple[Path, Session]], version: str, dag_id: str) -> None:
    workflow, session = workflows(version)[dag_id], converted[version][1]
    rows = []
    for scenario, record in recorded(version)[dag_id]:
        pilot = session.run(workflow, scenario if scenario.kind != "real" else REAL, logical_date=DATE, time_limit=60)
        rows += [row for row in compare_runs(workflow, record, pilot, script=scenario) if row.aspect == "states"]
    assert [(row.scenario, row.id, row.reason) for row in rows if str(row.verdict) == "different"] == []
    hangs = {(row.scenario, row.id) for row in rows if str(row.verdict) == "not comparable" and row.scenario != "real"}
    assert dict(Counter(name for _, name in hangs)) == HANGS.get(dag_id, {})
