"""What Airflow 2.11.2 and 3.3.2 do with their own example DAGs (76 and 115), as recorded, and (proof) that they still do."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.sources.airflow.engine import environment, run_several

RECORDS = Path(__file__).resolve().parents[2] / "corpus" / "airflow" / "records"
RENEW = "renew with `python tests/corpus/airflow/records/renew.py bundled --airflow VERSION`"
COUNTS = {"2.11.2": 76, "3.3.2": 115}
SHARDS = 8


def load_renew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("renew_records", RECORDS / "renew.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


renew = load_renew()
DOCUMENTS: dict[str, dict[str, Any]] = {version: json.loads(renew.bundled_records(version).read_text()) for version in COUNTS}
DAGS = [(version, dag_id) for version, document in DOCUMENTS.items() for dag_id in document["dags"]]


@pytest.mark.parametrize("version", COUNTS)
def test_every_bundled_dag_is_recorded(version: str) -> None:
    document = DOCUMENTS[version]
    assert (document["schema"], document["airflow"]) == (1, version)
    assert len(document["dags"]) + len(document["not_run"]) == COUNTS[version]


@pytest.mark.parametrize(("version", "dag_id"), DAGS)
def test_records_can_be_loaded(version: str, dag_id: str) -> None:
    entry = DOCUMENTS[version]["dags"][dag_id]
    real = RunRecord.from_json(entry["real"])
    assert (real.workflow, real.scenario, real.version) == (dag_id, "real", version)
    assert bool(real.problem) <= (not entry["ended"])
    assert entry["same_twice"] <= entry["same_course_twice"] <= entry["ended"]
    for rehearsal in entry["rehearsals"]:
        record = RunRecord.from_json(rehearsal["record"])
        assert (record.workflow, record.scenario) == (dag_id, Scenario(**rehearsal["scenario"]).name)
        assert record.problem == "" or not entry["ended"]  # a DAG that cannot begin without its params cannot be rehearsed either
        assert not real.tasks or not record.tasks or {task.id for task in record.tasks} == {task.id for task in real.tasks}


@pytest.mark.proof
@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("version", COUNTS)
def test_airflow_still_does_what_is_recorded(version: str, shard: int, tmp_path: Path) -> None:
    """The real run of each DAG that went the same way twice, and its rehearsal in which all succeed."""
    document = DOCUMENTS[version]
    wanted: list[tuple[str, Scenario]] = []
    stored: dict[tuple[str, str], RunRecord] = {}
    for dag_id in sorted(document["dags"])[shard::SHARDS]:
        entry = document["dags"][dag_id]
        rehearsal = entry["rehearsals"][0]
        wanted += [(dag_id, REAL)] * entry["same_twice"] + [(dag_id, Scenario(**rehearsal["scenario"]))]
        stored[dag_id, "real"] = RunRecord.from_json(entry["real"])
        stored[dag_id, rehearsal["scenario"]["name"]] = RunRecord.from_json(rehearsal["record"])
    made = run_several(
        wanted,
        legacy=renew.bundled_folder(version, tmp_path),
        work=tmp_path / "runs",
        inputs=renew.BUNDLED_INPUTS,
        logical_date=document["logical_date"],
        time_limit=document["time_limit"],
        engine=environment(version),
    )
    differing = [(record.workflow, record.scenario) for record in made if renew.steady(record) != stored[record.workflow, record.scenario]]
    assert differing == [], RENEW
