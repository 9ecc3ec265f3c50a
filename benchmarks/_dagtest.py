"""Seconds that Airflow's `dag.test()` takes, one run not counted before: `python _dagtest.py FOLDER DAG RUNS`, in Airflow's environment."""

from __future__ import annotations

import json
import sys
import time


def main(folder: str, dag_id: str, runs: int) -> list[float]:
    """One number a run."""
    from airflow.models.dagbag import DagBag

    sys.path.insert(0, folder)  # what DAG files import from their repository
    bag = DagBag(folder, include_examples=False)
    bag.sync_to_db()
    dag = bag.get_dag(dag_id)
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        dag.test()
        taken.append(time.perf_counter() - began)
    return taken[1:]


if __name__ == "__main__":
    print("\n" + json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
