"""Mapped tasks and mapped groups: what the rules of the model say of each rehearsal is what Airflow 2.11.2 and 3.3.2 did.

The DAGs and the records lie in `tests/corpus/airflow/mapping_cases`.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.model.evaluate import simulate
from workbook_lib.model.run import Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, ReadResult, read
from workbook_lib.validation import compare_structure

CASES = Path(__file__).parents[2] / "corpus" / "airflow" / "mapping_cases"
VERSIONS = ("2.11.2", "3.3.2")
EARLY = "Airflow 2 decides the rule before the tasks in front have instances; a finding says so"
RULES = {("2.11.2", "group_rules"): EARLY, ("2.11.2", "group_rules_nested"): EARLY, ("2.11.2", "group_branch"): EARLY}
NO_LIST = "a finding: Airflow fails a task of a mapped group whose result is mapped over again and is no list; the flow does not ask"
FLOWS = {(version, dag_id): NO_LIST for version in VERSIONS for dag_id in ("group_feeds_tasks", "group_feeds_group")}


@functools.cache
def reading(version: str) -> ReadResult:
    """The DAGs and findings, read as that version."""
    return read([CASES / "dags"], ReadOptions(version=version.rpartition(".")[0]))


def workflows(version: str) -> dict[str, Workflow]:
    return {workflow.id: workflow for workflow in reading(version).workflows}


@pytest.mark.parametrize(("open_", "code"), [(RULES, "airflow.rule_in_mapped_group"), (FLOWS, "airflow.list_in_mapped_group")])
def test_what_is_different_is_told(open_: dict[tuple[str, str], str], code: str) -> None:
    told = {(version, str(found.workflow)) for version in VERSIONS for found in reading(version).findings if found.code == code}
    assert told == set(open_)


def recorded(version: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((CASES / f"recorded_{version.replace('.', '_')}.json").read_text())
    return found


def cases(open_: dict[tuple[str, str], str]) -> list[Any]:
    """Every DAG of every version; those that are different, and why."""
    marks = {case: pytest.mark.xfail(reason=reason, strict=True) for case, reason in open_.items()}
    every = [(version, dag_id) for version in VERSIONS for dag_id in sorted(recorded(version))]
    return [pytest.param(*case, marks=marks.get(case, ())) for case in every]


def test_each_dag_is_recorded() -> None:
    assert {version: set(workflows(version)) for version in VERSIONS} == {version: set(recorded(version)) for version in VERSIONS}


@pytest.mark.parametrize(("version", "dag_id"), cases(RULES))
def test_the_rules_say_what_airflow_did(version: str, dag_id: str) -> None:
    different, compared = {}, 0
    for run in recorded(version)[dag_id]:
        scenario = Scenario(**run["scenario"])
        if scenario.kind == "real":
            continue
        found, state = simulate(workflows(version)[dag_id], scenario)
        tasks = {f"{one.id}[{one.map_index}]": [str(one.state), one.attempts] for one in found}
        if (tasks, str(state)) != (run["tasks"], run["state"]):
            different[scenario.name] = (tasks, run["tasks"])
        compared += 1
    assert different == {}
    assert compared


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Project]]:
    made = {}
    for version in VERSIONS:
        root, project = tmp_path_factory.mktemp("mapping"), write(list(workflows(version).values()))
        project.save(root)
        made[version] = (root, project)
    return made


@pytest.mark.parametrize(("version", "dag_id"), cases(FLOWS))
def test_flows_read_back(projects: dict[str, tuple[Path, Project]], version: str, dag_id: str) -> None:
    root, project = projects[version]
    rows = compare_structure(workflows(version)[dag_id], read_flow(root, dag_id))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []
    assert {status.status for status in project.flows[dag_id].tasks.values()} == {"converted"}
