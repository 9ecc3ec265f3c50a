"""The driver: reads one job, loads the DAGs once, runs each scenario in a forked process, answers events.

Job: {"dags": folder, "paths": [import roots], "home": folder, "template": database file, "version": the Airflow that is wanted, "runs":
[[DAG id, scenario], ...], "describe": [DAG id, ...] or null for all, "params", "inputs", "logical_date", "real_delays", "time_limit",
"fixtures": folder or null, "log": file}. Events, one JSON object a line: "loaded" (version, dags, errors), "described" (workflow,
structure), "started" / "ended" / "error" / "unkept" (workflow, scenario, id, map_index ...), "record" (workflow, scenario, state, tasks,
problem, folder), "failed" (message: nothing can be run).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import shutil
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from . import _airflow2, _airflow3, _network
from ._describe import describe
from ._processes import adopt_orphans, run_forked

ENGINES: dict[str, ModuleType] = {"2": _airflow2, "3": _airflow3}  # by major version of Airflow

Emit = Callable[[dict[str, Any]], None]


def main() -> None:
    """Read the job from standard input, do it, and end the process."""
    job = json.loads(sys.stdin.buffer.readline())
    answers = os.dup(1)
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)

    def emit(event: dict[str, Any]) -> None:
        os.write(answers, json.dumps(event).encode() + b"\n")

    try:
        adopt_orphans()
        _network.turn_off()
        _work(job, emit)
    except BaseException as error:
        traceback.print_exc()
        emit({"event": "failed", "message": f"{type(error).__name__}: {error}"})
    os._exit(0)


def _work(job: dict[str, Any], emit: Emit) -> None:
    version = str(importlib.import_module("airflow").__version__)
    major, wanted = version.split(".")[0], job["version"]
    if major not in ENGINES or major != wanted.split(".")[0]:
        emit({"event": "failed", "message": f"the interpreter has version {version}, and version {wanted} is wanted"})
        return
    engine = ENGINES[major]
    home = Path(job["home"])
    _migrated(engine, Path(job["template"]), home)
    base = home / "base.db"
    _copy_database(Path(job["template"]), base)
    engine.use_database(base)
    engine.store_inputs(job["inputs"])
    sys.path[:0] = job["paths"]
    dags, errors = engine.load(Path(job["dags"]))
    emit({"event": "loaded", "version": version, "dags": sorted(dags), "errors": errors})
    for dag_id in sorted(dags) if job["describe"] is None else job["describe"]:
        if dag_id in dags:
            emit({"event": "described", "workflow": dag_id, "structure": describe(dags[dag_id])})
    if any(dag_id not in dags for dag_id, _ in job["runs"]):
        return
    gc.collect()
    gc.freeze()  # else the first collection in each forked process copies all memory that is shared with this one
    for number, (dag_id, scenario) in enumerate(job["runs"]):
        emit(_one(engine, dags, job | {"dag_id": dag_id}, scenario, home / f"run{number}", base, emit))


def _migrated(engine: ModuleType, template: Path, home: Path) -> None:
    if template.exists():
        return
    template.parent.mkdir(parents=True, exist_ok=True)
    new = home / "template.db"

    def make(_: int) -> None:
        engine.use_database(new)
        engine.make_database()

    problem = run_forked(make, lambda line: None, time_limit=300, leash=0)
    if problem:
        raise RuntimeError(f"the metadata database could not be made: {problem}")
    part = template.with_name(f"{template.name}.{os.getpid()}")
    _copy_database(new, part)
    part.replace(template)


def _copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite file with what is still in its write-ahead log (Airflow 3 uses one)."""
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _one(
    engine: ModuleType, dags: dict[str, Any], job: dict[str, Any], scenario: dict[str, Any], folder: Path, base: Path, emit: Emit
) -> dict[str, Any]:
    """Run a scenario in a folder of its own and say how it ended."""
    cwd = _fresh(folder / "cwd", job["fixtures"])
    database = folder / "airflow.db"
    _copy_database(base, database)
    attempts: dict[tuple[str, int], set[int]] = {}
    errors: dict[tuple[str, int], str] = {}
    unkept: set[tuple[str, int]] = set()
    raised: list[str] = []
    job = job | {"awaited_folder": str(_fresh(folder / "awaited", job["fixtures"]))}

    def enter() -> None:
        os.chdir(cwd)
        os.environ["AIRFLOW_HOME"] = str(folder)
        engine.use_database(database)

    def run(lines: int) -> None:
        enter()

        def told(event: dict[str, Any]) -> None:
            os.write(lines, json.dumps(event).encode() + b"\n")

        try:
            engine.run(dags, job["dag_id"], scenario, job, told)
        except Exception as error:
            told({"event": "raised", "message": f"{type(error).__name__}: {error}"[:500]})
            raise

    def heard(line: bytes) -> None:
        event = json.loads(line)
        if event["event"] == "raised":
            raised.append(f"Airflow could not run it: {event['message']}")
            return
        key = (event["id"], event["map_index"])
        if event["event"] == "started":
            attempts.setdefault(key, set()).add(event["attempt"])
        if event["event"] == "unkept":
            unkept.add(key)
        if event["event"] == "error":
            errors[key] = event["message"]
        emit(event | {"workflow": job["dag_id"], "scenario": scenario["name"]})

    answer: dict[str, Any] = {}

    def tell(lines: int) -> None:
        enter()
        text = json.dumps(engine.read(job["dag_id"], job["logical_date"])).encode() + b"\n"
        while text:
            text = text[os.write(lines, text) :]

    problem = run_forked(run, heard, time_limit=job["time_limit"], leash=0)
    unread = run_forked(tell, lambda line: answer.update(json.loads(line)), time_limit=60, leash=0)
    for task in answer.get("tasks", ()):
        key = (task["id"], task["map_index"])
        task["attempts"] = len(attempts.get(key, ()))
        if key in unkept and "absent" in task["result"]:
            task["result"] = task["result"] | {"kept": False}
        task["error"] = errors.get(key, "") if scenario["kind"] == "real" and task["state"] == "failed" else ""
    named = {"event": "record", "workflow": job["dag_id"], "scenario": scenario["name"], "kind": scenario["kind"], "folder": str(cwd)}
    return named | {"problem": raised[0] if raised and problem else problem or unread} | (answer or {"state": None, "tasks": []})


def _fresh(folder: Path, fixtures: str | None) -> Path:
    if fixtures:
        shutil.copytree(fixtures, folder)
    else:
        folder.mkdir(parents=True)
    return folder
