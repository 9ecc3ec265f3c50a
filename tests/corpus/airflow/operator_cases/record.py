"""Record what the real Airflow does with the DAGs of `dags`: states, tries and return values, one real run each.

python tests/corpus/airflow/operator_cases/record.py 2.11.2 3.3.2   (WORKBOOK_AIRFLOW_PYTHON and WORKBOOK_AIRFLOW3_PYTHON name the engines)
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from workbook_lib.model.run import REAL
from workbook_lib.sources import ReadOptions, read
from workbook_lib.sources.airflow.engine import environment, run_several

HERE = Path(__file__).parent
INPUTS = {"connections": {"fs_default": {"conn_type": "fs", "extra": '{"path": "/"}'}}}
LOGICAL_DATE = "2024-01-02T00:00:00+00:00"


def record(version: str) -> None:
    """Write `records_<version>.json`: by DAG, the record of its real run."""
    result = read([HERE / "dags"], ReadOptions(version=version.rpartition(".")[0]))
    pairs = [(workflow.id, REAL) for workflow in result.workflows]
    with tempfile.TemporaryDirectory() as work:
        runs = run_several(
            pairs,
            legacy=HERE / "dags",
            work=Path(work),
            inputs=INPUTS,
            logical_date=LOGICAL_DATE,
            time_limit=60,
            engine=environment(version),
        )
        found = {run.workflow: run.model_dump(mode="json", by_alias=True) for run in runs}
    for entry in found.values():
        for task in entry["tasks"]:
            task |= {"log_tail": "", "start": None, "end": None}
    path = HERE / f"records_{version.replace('.', '_')}.json"
    path.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        record(wanted)
