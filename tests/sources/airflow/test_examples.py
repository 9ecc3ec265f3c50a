"""The shipped examples and their records: complete, readable, what they teach, and (proof) what Airflow still does."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from workbook_lib.migration import sources_digest
from workbook_lib.model.evaluate import simulate
from workbook_lib.model.run import REAL, RunRecord, TaskRun
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources import ReadResult
from workbook_lib.sources.airflow import read
from workbook_lib.sources.airflow.engine import run_several
from workbook_lib.validation import scenarios

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "notebooks" / "examples" / "airflow"
DAGS = {
    "daily_sales": ["daily_sales"],
    "maintenance": ["log_maintenance"],
    "shop_repository": ["shop_orders", "shop_report", "shop_stock"],
    "taskflow_mapping": ["orders_by_customer"],
}
PAIRS = [(folder, dag_id) for folder, dags in DAGS.items() for dag_id in dags]
RENEW = "python tests/corpus/airflow/records/renew.py examples"


def load_renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_records", ROOT / "tests/corpus/airflow/records/renew.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


renew = load_renew()


def document(folder: str, dag_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / folder / "records" / f"{dag_id}.json").read_text())
    return found


def records(folder: str, dag_id: str) -> dict[str, RunRecord]:
    return {record.scenario: record for record in map(RunRecord.from_json, document(folder, dag_id)["records"])}


@cache
def read_example(folder: str) -> ReadResult:
    return read([EXAMPLES / folder])


def workflow(folder: str, dag_id: str) -> Workflow:
    return next(workflow for workflow in read_example(folder).workflows if workflow.id == dag_id)


def test_the_examples_are_those_that_are_listed() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == sorted(DAGS)
    found = {folder: sorted(path.stem for path in (EXAMPLES / folder / "records").glob("*.json")) for folder in DAGS}
    assert found == DAGS


@pytest.mark.parametrize("folder", DAGS)
def test_a_readme_of_five_lines_names_the_command_that_renews(folder: str) -> None:
    lines = (EXAMPLES / folder / "README.md").read_text().splitlines()
    assert len(lines) == 5
    assert f"`{RENEW} {folder}`" in lines[-1]


@pytest.mark.parametrize("folder", DAGS)
def test_the_room_reads_the_example_without_a_finding(folder: str) -> None:
    result = read_example(folder)
    assert sorted(workflow.id for workflow in result.workflows) == DAGS[folder]
    assert [finding.message for finding in result.findings if finding.severity.needs_human] == []


@pytest.mark.parametrize(("folder", "dag_id"), PAIRS)
def test_the_real_run_and_every_scenario_are_recorded(folder: str, dag_id: str) -> None:
    wanted = [REAL.name, *(scenario.name for scenario in scenarios(workflow(folder, dag_id)))]
    assert list(records(folder, dag_id)) == wanted, f"renew with `{RENEW} {folder}`"


@pytest.mark.parametrize(("folder", "dag_id"), PAIRS)
def test_records_are_whole_and_steady(folder: str, dag_id: str) -> None:
    content = document(folder, dag_id)
    assert (content["schema"], content["masks"]) == (1, [])
    assert content["made_from"] == sources_digest(EXAMPLES / folder, workflow(folder, dag_id), {}), f"renew with `{RENEW} {folder}`"
    for record in records(folder, dag_id).values():
        assert (record.engine, record.version, record.workflow, record.problem) == ("airflow", "2.11.2", dag_id, "")
        assert record == renew.steady(record)
        assert {task.id for task in record.tasks} == {task.id for task in workflow(folder, dag_id).tasks}


@pytest.mark.parametrize(("folder", "dag_id"), PAIRS)
def test_rehearsals_went_as_the_rules_say(folder: str, dag_id: str) -> None:
    """Also tells when a scenario means something else than when it was recorded."""
    recorded, read_ = records(folder, dag_id), workflow(folder, dag_id)
    for scenario in scenarios(read_):
        runs, state = simulate(read_, scenario)
        assert state == recorded[scenario.name].state, scenario.name
        assert course(runs) == course(recorded[scenario.name].tasks), scenario.name


def course(runs: Iterable[TaskRun]) -> dict[tuple[str, int], tuple[str, int, dict[str, Any]]]:
    return {(run.id, run.map_index): (str(run.state), run.attempts, run.result) for run in runs}


def results(folder: str, dag_id: str) -> dict[str, Any]:
    return {task.id: task.result.get("json") for task in records(folder, dag_id)["real"].tasks if task.map_index < 1}


def test_daily_sales_publishes_and_loads() -> None:
    real = records("daily_sales", "daily_sales")["real"]
    assert real.state == "success"
    assert {task.id: str(task.state) for task in real.tasks if task.state != "success"} == {"hold": "skipped"}
    assert results("daily_sales", "daily_sales")["publish"] == "publishing 1200 for 2024-01-01"
    assert [output.path for output in real.outputs] == ["sales.db#sales"]


def test_daily_sales_succeeds_although_a_task_failed() -> None:
    found = records("daily_sales", "daily_sales")
    assert (found["total fails"].state, found["cleanup fails"].state) == ("success", "failed")
    total = found["total fails"].task("total")
    assert total is not None
    assert (total.state, total.attempts) == ("failed", 3)


@pytest.mark.parametrize(
    ("length", "instances"), [(0, {-1: "skipped"}), (1, {0: "success"}), (3, {0: "success", 1: "success", 2: "success"})]
)
def test_taskflow_mapping_has_as_many_bills_as_customers(length: int, instances: dict[int, str]) -> None:
    record = records("taskflow_mapping", "orders_by_customer")[f"by_customer gives {length}"]
    assert {task.map_index: str(task.state) for task in record.tasks if task.id == "bill"} == instances
    report = record.task("report")
    assert report is not None
    assert report.state == ("skipped" if length == 0 else "success")


def test_maintenance_needs_a_second_try() -> None:
    real = records("maintenance", "log_maintenance")["real"]
    assert {task.id: task.attempts for task in real.tasks if task.attempts != 1} == {"verify": 2}
    assert results("maintenance", "log_maintenance")["report"] == "archived 3 lines of 2024-01-01"
    assert [output.path for output in real.outputs] == ["archive/all.log", "archive/sealed", "inbox/_DONE"]


def test_maintenance_stops_short() -> None:
    skipped = records("maintenance", "log_maintenance")["something_to_do skips"]
    assert skipped.state == "success"
    assert {task.id for task in skipped.tasks if task.state == "skipped"} == {"compress", "verify", "empty_inbox", "report", "finished"}


def test_shop_report_finds_the_orders_of_the_same_night() -> None:
    assert results("shop_repository", "shop_report") == {"orders_are_in": None, "best_item": "chair", "write": "best on 2024-01-01: chair"}
    assert results("shop_repository", "shop_orders")["turnover"] == "616.98 EUR"
    assert results("shop_repository", "shop_stock")["to_buy"] == ["lamp"]


@pytest.mark.proof
@pytest.mark.parametrize("folder", DAGS)
def test_airflow_still_does_what_is_recorded(folder: str, tmp_path: Path) -> None:
    runs = [(found, scenario) for found in read_example(folder).workflows for scenario in (REAL, *scenarios(found))]
    made = run_several(runs, legacy=EXAMPLES / folder, work=tmp_path, logical_date=renew.LOGICAL_DATE, time_limit=renew.TIME_LIMIT)
    now = {(record.workflow, record.scenario): renew.steady(record) for record in made}
    stored = {(dag_id, name): record for dag_id in DAGS[folder] for name, record in records(folder, dag_id).items()}
    assert now == stored, f"renew with `{RENEW} {folder}`"
