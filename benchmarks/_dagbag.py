"""In Airflow's own environment: a folder read by DagBag, as one JSON document; without a folder, tell where the examples are."""

from __future__ import annotations

import json
import os
import sys

os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "CRITICAL"


def main(folder: str | None) -> None:
    """Print the DAGs with their tasks and order."""
    if folder is None:
        from importlib.util import find_spec

        print(os.path.join(os.path.dirname(find_spec("airflow").origin), "example_dags"))  # type: ignore[union-attr]
        return
    from airflow.models.dagbag import DagBag

    bag = DagBag(folder, include_examples=False, read_dags_from_db=False, collect_dags=True)
    document = [
        {
            "id": dag.dag_id,
            "tasks": [{"id": task.task_id, "operator": task.task_type, "upstream": sorted(task.upstream_task_ids)} for task in dag.tasks],
        }
        for dag in bag.dags.values()
    ]
    json.dump({"workflows": document, "errors": dict(bag.import_errors)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
