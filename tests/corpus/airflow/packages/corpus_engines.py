"""The engines to compare with: whichever Pythons with Airflow are named, each asked once for each package."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpus_fetching import HERE, STANDINS, Package, cache
from corpus_reading import ENVIRONMENT

# Not the class: Airflow gives classes of 1.10 and 2 their names of today when it imports them, the reader names what the file names.
FACTS = ("upstream", "trigger_rule", "mapped", "setup", "teardown")
SECONDS = 60  # the limit of one file


class Engine:
    """One Python with Airflow. `home` is a scratch AIRFLOW_HOME with an empty database."""

    def __init__(self, python: str) -> None:
        self.python = python
        tell = "import sys, importlib.metadata as m; print(m.version('apache-airflow'), *sorted(f'{d.name}=={d.version}' for d in m.distributions()))"
        said = subprocess.run([python, "-c", tell], check=True, capture_output=True, text=True).stdout.split()
        self.version, installed = said[0], said[1:]
        self.digest = hashlib.sha256("\n".join(installed).encode()).hexdigest()[:12]
        self.home = cache() / "engines" / f"{self.version}-{self.digest}"

    @property
    def major(self) -> str:
        """What our reader is told to read as."""
        return "3" if self.version.startswith("3") else "2.11"

    def environment(self) -> dict[str, str]:
        home = str(self.home)
        quiet = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL", "PYTHONWARNINGS": "ignore"}
        own = {"HOME": home, "AIRFLOW_HOME": home, "PATH": f"{Path(self.python).parent}:{os.defpath}", "LANG": "C.UTF-8", "PYTHONPYCACHEPREFIX": f"{home}/bytecode"}
        return {**own, **quiet, "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(SECONDS), **ENVIRONMENT}

    def prepare(self) -> None:
        if not (self.home / "airflow.db").exists():
            self.home.mkdir(parents=True, exist_ok=True)
            command = [self.python, "-m", "airflow", "db", "migrate"]
            subprocess.run(command, check=True, env=self.environment(), cwd=self.home, capture_output=True)

    def ask(self, package: Package, files: dict[str, Path]) -> dict[str, dict[str, Any]]:
        """What it makes of each file: its DAGs, or the error. Kept, so that a run that was interrupted goes on."""
        own = sorted(STANDINS.rglob("*.py")) if package.form == "sdist" else []
        inputs = [*own, HERE / "_engine.py", HERE / "environment.json"]
        asked = hashlib.sha256(b"".join(file.read_bytes() for file in inputs) + "\n".join(files).encode()).hexdigest()[:12]
        kept = self.home / "answers" / f"{package.key}-{asked}.json"
        if not kept.exists():
            answers = self._ask(package, files)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(answers, indent=0))
        answers: dict[str, dict[str, Any]] = json.loads(kept.read_text())
        return answers

    def _ask(self, package: Package, files: dict[str, Path]) -> dict[str, dict[str, Any]]:
        self.prepare()
        names = {str(path): name for name, path in files.items()}
        with tempfile.TemporaryDirectory() as scratch:
            job, out = Path(scratch, "job.json"), Path(scratch, "out.jsonl")
            job.write_text(json.dumps({"files": list(names), "path": list(map(str, package.path())), "seconds": SECONDS}))
            subprocess.run([self.python, str(HERE / "_engine.py"), str(job), str(out)], check=True, env=self.environment(), cwd=scratch)
            rows = [json.loads(line) for line in out.read_text().splitlines()]
        return {names[row.pop("file")]: row for row in rows}


def differences(expected: Iterable[dict[str, Any]], found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the engine holds and the reader does not, or the other way round: ids only."""
    wanted, mine = {dag["id"]: dag for dag in expected}, {dag["id"]: dag for dag in found}
    rows: list[dict[str, Any]] = []
    for dag_id in sorted(wanted.keys() | mine.keys()):
        if dag_id not in mine or dag_id not in wanted:
            rows.append({"dag": dag_id, "what": "no such DAG", "engine": dag_id in wanted, "reader": dag_id in mine})
            continue
        theirs, ours = ({task["id"]: task for task in side[dag_id]["tasks"]} for side in (wanted, mine))
        for task_id in sorted(theirs.keys() | ours.keys()):
            if task_id not in ours or task_id not in theirs:
                rows.append({"dag": dag_id, "task": task_id, "what": "no such task", "engine": task_id in theirs, "reader": task_id in ours})
                continue
            for fact in FACTS:
                one, other = theirs[task_id][fact], ours[task_id][fact]
                if one != other:
                    rows.append({"dag": dag_id, "task": task_id, "what": fact, "engine": one, "reader": other})
    return rows
