"""Airflow's own example DAGs of one version as one Prefect project, and what a record tells about a run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read

TESTS = Path(__file__).parents[1]
CORPUS = TESTS / "corpus" / "airflow"
UNKEPT = {"absent": True, "kept": False}  # the answer of a task that skips others, in Airflow 3


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def records(version: str) -> dict[str, Any]:
    """What Airflow did with its examples, by DAG; ids, states and values only."""
    found: dict[str, Any] = json.loads((CORPUS / "records" / f"bundled_{version.replace('.', '_')}.json").read_text())["dags"]
    return found


def dag_ids(version: str) -> list[str]:
    """The DAGs that Airflow's own DagBag finds in its examples."""
    dagbag = json.loads((CORPUS / f"bundled_{version.replace('.', '_')}" / "dagbag.json").read_text())
    return sorted(dag["id"] for dag in dagbag["dags"])


class Bundle:
    """All workflows, and the one project made of them."""

    def __init__(self, root: Path, version: str) -> None:
        corpora = load(TESTS / "sources" / "airflow" / "bundled_corpora.py")
        self.root = root
        result = read(corpora.BUNDLED[version].folders(), ReadOptions(version=".".join(version.split(".")[:2])))
        self.workflows: dict[str, Workflow] = {workflow.id: workflow for workflow in result.workflows}
        self.project: Project = write(list(result.workflows))
        for path, text in self.project.files.items():
            target = root / "project" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")

    def placeholders(self, dag_id: str) -> list[str]:
        return [task_id for task_id, status in self.project.flows[dag_id].tasks.items() if status.status == "placeholder"]

    def imported(self, home: Path) -> tuple[int, list[str]]:
        """How many flows import in a process of their own, and the modules there that no project may need."""
        program = (
            "import importlib, json, sys; from prefect import Flow\n"
            "names = json.load(sys.stdin)\n"
            "found = [isinstance(getattr(importlib.import_module(m), f), Flow) for m, f in names]\n"
            "left = sorted(m for m in sys.modules if m.split('.')[0] in ('airflow', 'workbook_lib'))\n"
            "print(json.dumps([sum(found), left]))"
        )
        names = [info.entrypoint.replace(".py:", ":").replace("/", ".").split(":") for info in self.project.flows.values()]
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(names),
            cwd=self.root / "project",
            env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PREFECT_HOME": str(home / "prefect"), "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        number, left = json.loads(done.stdout)
        return number, left


def facts(record: RunRecord, *, results: bool) -> dict[str, Any]:
    """States, attempts and, where asked for, results of every task instance, and the run's own end."""
    runs = {
        f"{run.id}[{run.map_index}]": (str(run.state), run.attempts, json.dumps(run.result, sort_keys=True) if results else "")
        for run in record.tasks
    }
    return {"": str(record.state)} | runs
