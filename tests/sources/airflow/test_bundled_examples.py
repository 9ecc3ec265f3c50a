"""Airflow's own example DAGs, read without Airflow, against what Airflow's DagBag made of them (`corpus/airflow/*/dagbag.json`).

The example files are fetched by package name when the tests run, and never kept in the repository.
"""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._raw import RawDag

ROOT = Path(__file__).parents[3]
WHEELS = ROOT / ".cache" / "wheels"
TRUTH = ROOT / "tests" / "corpus" / "airflow" / "bundled_2_11_2" / "dagbag.json"
pytestmark = pytest.mark.corpus


def fetch(requirement: str) -> Path:
    """The unpacked wheel of a package, downloaded once."""
    folder = WHEELS / requirement.replace("==", "-")
    if not folder.is_dir():
        WHEELS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=WHEELS) as own:  # two test processes may fetch at the same time
            download = [
                "download",
                "--no-deps",
                "--ignore-requires-python",
                "--only-binary",
                ":all:",
                "--quiet",
                "--dest",
                own,
                requirement,
            ]
            subprocess.run([sys.executable, "-m", *_pip(), *download], check=True)
            with zipfile.ZipFile(next(Path(own).glob("*.whl"))) as wheel:
                wheel.extractall(Path(own) / "unpacked")
            with contextlib.suppress(OSError):  # the other one was first
                (Path(own) / "unpacked").rename(folder)
    return folder


def _pip() -> list[str]:
    """pip, installed into this environment where it has none."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, capture_output=True)
    return ["pip"]


@functools.cache
def _read_all() -> tuple[dict[str, RawDag], list[Any], list[str]]:
    folder = fetch("apache-airflow==2.11.2") / "airflow" / "example_dags"
    raws, findings, files = _read.trace([folder], ReadOptions())
    names = [str(Path(file).relative_to(folder)) for file in files]
    return {dag.id: dag for raw in raws for dag in raw.dags}, findings, names


EXPECTED: dict[str, Any] = {dag["id"]: dag for dag in json.loads(TRUTH.read_text())["dags"]}


def test_every_file_is_answered() -> None:
    dags, findings, files = _read_all()
    assert set(json.loads(TRUTH.read_text())["files"]) <= set(files)
    assert sorted(dags) == sorted(EXPECTED)
    assert {finding.code for finding in findings} <= {"airflow.no_dag", "airflow.parse_time_value"}
    # `example_params_ui_tutorial` has a parameter whose default is today
    assert [finding.workflow for finding in findings if finding.code != "airflow.no_dag"] == ["example_params_ui_tutorial"]


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_tasks_edges_and_rules(dag_id: str) -> None:
    dag, expected = _read_all()[0][dag_id], EXPECTED[dag_id]
    assert _tasks(dag) == [_facts(task) for task in expected["tasks"]]
    assert sorted((edge.source, edge.target) for edge in dag.edges) == sorted(
        (upstream, task["id"]) for task in expected["tasks"] for upstream in task["upstream"]
    )


@pytest.mark.parametrize("dag_id", sorted(EXPECTED))
def test_the_dag_itself(dag_id: str) -> None:
    dag, expected = _read_all()[0][dag_id], EXPECTED[dag_id]
    facts = {
        "tags": list(dag.tags),
        "catchup": dag.catchup,
        "params": [parameter.name for parameter in dag.parameters],
        "groups": sorted(group.id for group in dag.groups),
        "start_date": (dag.start_date or "")[:10],
        "interval": dag.schedule.interval_seconds,
        "dagrun_timeout": dag.limits.run_timeout_seconds,
    }
    assert facts == {
        "tags": expected["tags"],
        "catchup": expected["catchup"],
        "params": list(expected["params"]) if len(expected["params"]) < 2 else _same_order(facts["params"], expected["params"]),
        "groups": expected["groups"],
        "start_date": (expected["start_date"] or "")[:10],
        "interval": expected["schedule"]["interval"],
        "dagrun_timeout": expected["dagrun_timeout"],
    }
    if expected["schedule"]["timetable"] != "DatasetOrTimeSchedule":  # Airflow keeps its cron one level deeper
        assert dag.schedule.cron == expected["schedule"]["cron"]


def _same_order(mine: Any, expected: dict[str, Any]) -> list[str]:
    """The expected names in the order of the source: the stored document is sorted."""
    return [name for name in mine if name in expected] + [name for name in expected if name not in mine]


def _facts(task: dict[str, Any]) -> dict[str, Any]:
    keys = "id operator trigger_rule retries retry_delay exponential max_retry_delay timeout pool pool_slots group mapped setup teardown"
    return {key: task[key] for key in [*keys.split(), "teardown_fails_run"]}


def _tasks(dag: RawDag) -> list[dict[str, Any]]:
    return [
        {
            "id": task.id,
            "operator": task.operator,
            "trigger_rule": task.trigger_rule,
            "retries": task.retry.retries,
            "retry_delay": task.retry.delay_seconds,
            "exponential": task.retry.exponential,
            "max_retry_delay": task.retry.max_delay_seconds,
            "timeout": task.timeout_seconds,
            "pool": task.pool or "default_pool",
            "pool_slots": task.pool_slots,
            "group": task.group,
            "mapped": task.mapping is not None,
            "setup": task.setup,
            "teardown": task.teardown,
            "teardown_fails_run": task.teardown_fails_run,
        }
        for task in sorted(dag.tasks, key=lambda task: task.id)
    ]
