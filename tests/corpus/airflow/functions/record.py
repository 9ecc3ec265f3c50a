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
DAGS = ("callables", "bodies", "templates", "stored")
EXTRA = {"region": "north", "deep": {"n": 7}}
INPUTS = {
    "variables": {"plain": "text", "doc": {"deep": {"er": 5}}, "number": 5},
    "connections": {
        "shop_db": {"conn_type": "postgres", "host": "db.example", "login": "re@der", "password": "p/ss word"}
        | {"schema": "shop", "port": 5432, "extra": json.dumps(EXTRA)},
        "by_uri": "my-type://someone:word@https%3A%2F%2Fhost.example:8080/a%2Fb?a=one&b=two",
        "plain_uri": "postgresql://host.example",
        "files": {"conn_type": "fs"},
        "only_port": {"conn_type": "http", "port": 99, "extra": {"a": "x y"}},
    },
}


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
