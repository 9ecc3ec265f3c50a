"""What Airflow 2.11.2 does with its own 76 example DAGs, as recorded, and (proof) that it still does."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.sources.airflow.engine import run_several

RECORDS = Path(__file__).resolve().parents[2] / "corpus" / "airflow" / "records"
RENEW = "renew with `python tests/corpus/airflow/records/renew.py bundled`"
SHARDS = 8


def load_renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_records", RECORDS / "renew.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


renew = load_renew()
DOCUMENT: dict[str, Any] = json.loads(renew.bundled_records("2.11.2").read_text())
DAGS: dict[str, Any] = DOCUMENT["dags"]


def test_every_bundled_dag_is_recorded() -> None:
    assert (DOCUMENT["schema"], DOCUMENT["airflow"]) == (1, "2.11.2")
    assert len(DAGS) + len(DOCUMENT["not_run"]) == 76


@pytest.mark.parametrize("dag_id", DAGS)
def test_records_can_be_loaded(dag_id: str) -> None:
    entry = DAGS[dag_id]
    real = RunRecord.from_json(entry["real"])
    assert (real.workflow, real.scenario, real.version) == (dag_id, "real", "2.11.2")
    assert bool(real.problem) <= (not entry["ended"])
    assert entry["same_twice"] <= entry["same_course_twice"] <= entry["ended"]
    for rehearsal in entry["rehearsals"]:
        record = RunRecord.from_json(rehearsal["record"])
        assert (record.workflow, record.scenario) == (dag_id, Scenario(**rehearsal["scenario"]).name)
        assert record.problem == "" or not entry["ended"]  # a DAG that cannot begin without its params cannot be rehearsed either
        assert not real.tasks or not record.tasks or {task.id for task in record.tasks} == {task.id for task in real.tasks}


@pytest.mark.proof
@pytest.mark.parametrize("shard", range(SHARDS))
def test_airflow_still_does_what_is_recorded(shard: int, tmp_path: Path) -> None:
    """The real run of each DAG that went the same way twice, and its rehearsal in which all succeed."""
    wanted: list[tuple[str, Scenario]] = []
    stored: dict[tuple[str, str], RunRecord] = {}
    for dag_id in sorted(DAGS)[shard::SHARDS]:
        entry = DAGS[dag_id]
        rehearsal = entry["rehearsals"][0]
        wanted += [(dag_id, REAL)] * entry["same_twice"] + [(dag_id, Scenario(**rehearsal["scenario"]))]
        stored[dag_id, "real"] = RunRecord.from_json(entry["real"])
        stored[dag_id, rehearsal["scenario"]["name"]] = RunRecord.from_json(rehearsal["record"])
    made = run_several(
        wanted,
        legacy=renew.bundled_folder("2.11.2", tmp_path),
        work=tmp_path / "runs",
        inputs=renew.BUNDLED_INPUTS,
        logical_date=DOCUMENT["logical_date"],
        time_limit=DOCUMENT["time_limit"],
    )
    differing = [(record.workflow, record.scenario) for record in made if renew.steady(record) != stored[record.workflow, record.scenario]]
    assert differing == [], RENEW
