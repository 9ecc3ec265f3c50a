"""Write what Airflow's own DagBag reads from a folder of DAG files: ids and values only, no source text.

Run with the engine's Python (see workbook_lib/sources/airflow/README.md):
    AIRFLOW_HOME=<scratch> <engine>/bin/python tests/corpus/airflow/dump_dagbag.py FOLDER OUT.json
Works with Airflow 2.x and 3.x.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__CORE__UNIT_TEST_MODE", "False")


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return type(value).__name__


def _task(task: Any) -> dict[str, Any]:
    mapped = type(task).__name__.endswith("MappedOperator")
    group = task.task_group.group_id if getattr(task, "task_group", None) else None
    return {
        "id": task.task_id,
        "operator": task.operator_class.__name__ if mapped and isinstance(task.operator_class, type) else task.task_type,
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "retries": _plain(task.retries),
        "retry_delay": _plain(task.retry_delay),
        "exponential": bool(task.retry_exponential_backoff),
        "max_retry_delay": _plain(task.max_retry_delay),
        "timeout": _plain(task.execution_timeout),
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "group": group,
        "mapped": mapped,
        "in_mapped_group": task.get_closest_mapped_task_group() is not None if hasattr(task, "get_closest_mapped_task_group") else False,
        "setup": bool(task.is_setup),
        "teardown": bool(task.is_teardown),
        "teardown_fails_run": bool(getattr(task, "on_failure_fail_dagrun", False)) if task.is_teardown else False,
    }


def _dag(dag: Any, folder: str) -> dict[str, Any]:
    table = dag.timetable
    schedule = getattr(dag, "schedule_interval", getattr(dag, "schedule", None))
    return {
        "id": dag.dag_id,
        "file": os.path.relpath(dag.fileloc, folder),
        "schedule": {
            "timetable": type(table).__name__,
            "given": _plain(schedule),
            "cron": getattr(table, "_expression", None),
            "interval": _plain(getattr(table, "_delta", None)) if isinstance(getattr(table, "_delta", None), timedelta) else None,
            "timezone": str(getattr(getattr(table, "_timezone", None), "name", "")),
        },
        "start_date": _plain(dag.start_date),
        "end_date": _plain(dag.end_date),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "dagrun_timeout": _plain(dag.dagrun_timeout),
        "params": {key: _plain(value) for key, value in dag.params.dump().items()},
        "tags": sorted(dag.tags),
        "groups": sorted(key for key in dag.task_group.get_task_group_dict() if key),
        "tasks": sorted((_task(task) for task in dag.tasks), key=lambda task: task["id"]),
    }


def main(folder: str, out: str) -> None:
    try:
        from airflow.models.dagbag import DagBag
    except ImportError:
        from airflow.dag_processing.dagbag import DagBag
    import airflow

    bag = DagBag(folder, include_examples=False)
    if bag.import_errors:
        sys.exit(f"these files do not import: {bag.import_errors}")
    dags = [_dag(dag, folder) for _, dag in sorted(bag.dags.items())]
    files = sorted({dag["file"] for dag in dags})
    document = {"airflow": airflow.__version__, "files": files, "dags": dags}
    Path(out).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(f"{len(dags)} DAGs, {sum(len(dag['tasks']) for dag in dags)} tasks from {len(files)} files")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
