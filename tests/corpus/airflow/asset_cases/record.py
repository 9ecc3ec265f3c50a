"""Record how the real Airflow runs the cases of updated assets.

python tests/corpus/airflow/asset_cases/record.py [--airflow 3.3.2]  # records_<version>.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from workbook_lib.model.run import REAL, RunRecord
from workbook_lib.sources.airflow.engine import environment, run_several

HERE = Path(__file__).parent
LOGICAL_DATE = "2024-01-01T00:00:00+00:00"


def steady(record: RunRecord) -> RunRecord:
    """The record without times and messages."""
    tasks = tuple(task.model_copy(update={"start": None, "end": None, "log_tail": ""}) for task in record.tasks)
    return record.model_copy(update={"tasks": tasks})


def main() -> None:
    """Write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--airflow", default="2.11.2", choices=["2.11.2", "3.3.2"])
    version = parser.parse_args().airflow
    with tempfile.TemporaryDirectory() as work:
        runs = run_several(
            [(name, REAL) for name in ("says_more", "reads", "reads_alone")],
            legacy=HERE / "dags",
            work=Path(work),
            logical_date=LOGICAL_DATE,
            engine=environment(version),
        )
        documents = [steady(record).document() for record in runs]
    target = HERE / f"records_{version.replace('.', '_')}.json"
    target.write_text(json.dumps(documents, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
