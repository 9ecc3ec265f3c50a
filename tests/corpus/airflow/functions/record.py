"""Record what Airflow gets from the DAGs beside it, states and values only: `python record.py 2.11.2 3.3.2` (engines: CONTRIBUTING)."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from workbook_lib.model.run import REAL
from workbook_lib.sources.airflow.engine import environment, run_several

HERE = Path(__file__).parent
LOGICAL_DATE = "2024-03-09T00:00:00+00:00"
DAGS = ("callables", "bodies", "templates")
INPUTS = {"variables": {"plain": "text", "doc": {"deep": {"er": 5}}}}


def main() -> None:
    """One file a version, the DAGs in it by id, their tasks as [state, result]."""
    for version in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as work:
            records = run_several(
                [(dag, REAL) for dag in DAGS],
                legacy=HERE / "dags",
                work=Path(work),
                inputs=INPUTS,
                logical_date=LOGICAL_DATE,
                engine=environment(version),
            )
        found = {record.workflow: {task.id: [str(task.state), task.result] for task in record.tasks} for record in records}
        text = json.dumps({"airflow": version, "inputs": INPUTS, "logical_date": LOGICAL_DATE, "dags": found}, indent=1, sort_keys=True)
        (HERE / f"recorded_{version.replace('.', '_')}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
