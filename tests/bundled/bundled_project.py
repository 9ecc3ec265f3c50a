"""Airflow's own example DAGs of one version as one Prefect project, and what a record tells about a run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import Mask, Verdict, judge, scenarios

TESTS = Path(__file__).parents[1]
CORPUS = TESTS / "corpus" / "airflow"
TIME_LIMIT = 120
# Real runs of Airflow that tell of the place where they were recorded, not of the DAG.
NO_NETWORK = "Airflow cannot make its virtual environment without a network; the flow needs none"
BY_PLACE = dict.fromkeys(("tutorial_taskflow_api_virtualenv", "example_python_decorator", "example_python_operator"), NO_NETWORK)
# Real runs that went the way of the hour or of the weekday when they were recorded.
CLOCK = "its branches go by the time of day or the weekday, which was another one when Airflow was recorded"
BY_CLOCK = dict.fromkeys(("example_branch_datetime_operator_2", "example_weekday_branch_operator"), CLOCK)


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
        self.root, self.version = root, version
        self.records = records(version)
        result = read(corpora.BUNDLED[version].folders(), ReadOptions(version=".".join(version.split(".")[:2])))
        self.workflows: dict[str, Workflow] = {workflow.id: workflow for workflow in result.workflows}
        self.project: Project = write(list(result.workflows))
        self.project.save(root / "project")

    def placeholders(self, dag_id: str) -> list[str]:
        return [task_id for task_id, status in self.project.flows[dag_id].tasks.items() if status.status == "placeholder"]

    def unsteady(self, dag_id: str) -> str:
        """Why Airflow's real run of a DAG proves nothing about another engine's; empty when it does."""
        recorded = self.records.get(dag_id)
        if recorded is None:
            return "Airflow does not start it without parameters"
        if not recorded["ended"]:
            return f"in Airflow it does not end by itself: {recorded['real']['problem']}"
        if not recorded["same_course_twice"]:
            return "Airflow itself takes another course when it runs it again"
        return (BY_PLACE | BY_CLOCK).get(dag_id, "")

    def verdict(self, session: Session, dag_id: str, *, rehearse: bool) -> Verdict:
        """The library's verdict from the recorded runs of Airflow and pilots of today; without rehearsals it is not comparable.

        A real run that Airflow itself does not end twice in the same way proves nothing: it is left out.
        """
        workflow, recorded = self.workflows[dag_id], self.records.get(dag_id, {})
        wanted = {scenario.name for scenario in scenarios(workflow)} if rehearse else set()
        runs: list[tuple[Scenario, RunRecord]] = []
        if not self.unsteady(dag_id):
            runs.append((REAL, RunRecord.from_json(recorded["real"])))
        every = [(Scenario(**entry["scenario"]), RunRecord.from_json(entry["record"])) for entry in recorded.get("rehearsals", ())]
        runs += [(scenario, record) for scenario, record in every if scenario.name in wanted]
        pilots = [session.run(workflow, scenario, logical_date=legacy.logical_date, time_limit=TIME_LIMIT) for scenario, legacy in runs]
        return judge(
            workflow,
            read_flow(self.root / "project", dag_id),
            [legacy for _, legacy in runs],
            pilots,
            placeholders=self.placeholders(dag_id),
            masks=[Mask(**mask) for mask in recorded.get("masks", ())],
            project=self.root / "project",
        )

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
