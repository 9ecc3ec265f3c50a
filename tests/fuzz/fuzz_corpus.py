"""What is kept of the campaign: descriptions with what Airflow did. Ids, states and values only; the DAG files are made again from them.

`tests/corpus/airflow/fuzz/recorded.json`: DAGs of recorded seeds. `tests/corpus/airflow/fuzz_cases/NAME.json`: one file for each DAG
that once came out differently, as small as it would go, with what was wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fuzz_run import steady
from fuzz_source import Dag, dag_id

from workbook_lib.model.run import RunRecord

CORPUS = Path(__file__).parents[1] / "corpus" / "airflow"
RECORDED = CORPUS / "fuzz" / "recorded.json"
CASES = CORPUS / "fuzz_cases"


def slim(record: RunRecord) -> dict[str, Any]:
    """The record without times and without what has its usual value."""
    return steady(record).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def recorded() -> list[tuple[Dag, RunRecord]]:
    """The DAGs of the recorded seeds."""
    return [(entry["dag"], RunRecord.from_json(entry["record"])) for entry in json.loads(RECORDED.read_text())["dags"]]


def cases() -> dict[str, tuple[Dag, RunRecord]]:
    """The cases by name."""
    found = {}
    for path in sorted(CASES.glob("*.json")):
        entry = json.loads(path.read_text())
        found[path.stem] = (entry["dag"], RunRecord.from_json(entry["record"]))
    return found


def write_case(name: str, dag: Dag, record: RunRecord, why: str = "") -> Path:
    """Keep a case; without `why` what was wrong stays as it was told."""
    CASES.mkdir(exist_ok=True)
    path = CASES / f"{name}.json"
    why = why or json.loads(path.read_text())["why"]
    entry = {"why": why, "dag": dag, "record": slim(record) | {"workflow": dag_id(dag)}}
    path.write_text(json.dumps(entry, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path


def write_recorded(pairs: list[tuple[Dag, RunRecord]]) -> None:
    """Keep the DAGs of recorded seeds."""
    RECORDED.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"dag": dag, "record": slim(record)}, sort_keys=True, separators=(",", ":")) for dag, record in pairs]
    RECORDED.write_text('{"schema": 1, "dags": [\n' + ",\n".join(lines) + "\n]}\n")
