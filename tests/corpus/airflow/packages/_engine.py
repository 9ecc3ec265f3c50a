"""What Airflow itself makes of single DAG files: ids and relations only. Run with an engine's own Python, a job in, an answer a line out.

    AIRFLOW_HOME=<scratch> <engine>/bin/python _engine.py JOB.json OUT.jsonl

The job names `files`, `path` (folders for `sys.path`) and `seconds` (the limit of one file). Every file is imported in a fork of its own;
what the files import from Airflow's packages is imported once before, as that is what takes the time.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def task_facts(task: Any) -> dict[str, Any]:
    mapped = type(task).__name__.endswith("MappedOperator")
    given = getattr(task, "operator_class", None)
    return {
        "id": task.task_id,
        "operator": given.__name__ if mapped and isinstance(given, type) else task.task_type,
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "mapped": mapped,
        "setup": bool(getattr(task, "is_setup", False)),
        "teardown": bool(getattr(task, "is_teardown", False)),
    }


def dag_facts(dag: Any) -> dict[str, Any]:
    return {"id": dag.dag_id, "tasks": sorted((task_facts(task) for task in dag.tasks), key=lambda task: str(task["id"]))}


def answer(file: str) -> dict[str, Any]:
    bag = _bag_class()(dag_folder=file, safe_mode=False)  # the examples are turned off in the settings
    if bag.import_errors:
        lines = [line for line in next(iter(bag.import_errors.values())).strip().splitlines() if line[:1].strip()]
        return {"error": lines[-1][:300] if lines else "?"}
    return {"dags": [dag_facts(dag) for _, dag in sorted(bag.dags.items())]}


def _bag_class() -> Any:
    try:
        return importlib.import_module("airflow.dag_processing.dagbag").DagBag
    except (ImportError, AttributeError):
        return importlib.import_module("airflow.models.dagbag").DagBag


def warm(files: list[str]) -> None:
    """Import what the files import from Airflow's packages; what fails here fails in the file's own fork again."""
    wanted: dict[str, None] = {}
    for file in files:
        try:
            tree = ast.parse(Path(file).read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            wanted.update(dict.fromkeys(name for name in names if name.startswith("airflow.") and ".example_dags" not in name))
    for name in sorted(wanted):
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: S112 - the file that needs it will tell
            continue


def in_fork(file: str, seconds: int) -> dict[str, Any]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        signal.alarm(seconds + 5)
        os.setsid()
        try:
            said = answer(file)
        except BaseException as error:
            said = {"error": f"{type(error).__name__}: {error}"[:300]}
        with os.fdopen(writer, "w") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"error": f"no answer within {seconds} s"}


def main(job_file: str, out: str) -> None:
    job = json.loads(Path(job_file).read_text())
    sys.path[:0] = job["path"]
    warnings.simplefilter("ignore")
    import airflow

    _bag_class()
    started = time.monotonic()
    warm(job["files"])
    gc.collect()
    gc.freeze()  # what was imported is shared by all forks
    print(f"  Airflow {airflow.__version__}: {len(job['files'])} files, imported in {time.monotonic() - started:.0f} s", flush=True)
    with Path(out).open("w") as lines:
        for file in job["files"]:
            lines.write(json.dumps({"file": file, **in_fork(file, job["seconds"])}) + "\n")
            lines.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
