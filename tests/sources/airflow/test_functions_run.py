"""Function bodies and templates, converted and run: each task gives what it gave in Airflow 2.11.2 and 3.3.2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read

HERE = Path(__file__).parents[2] / "corpus" / "airflow" / "functions"
VERSIONS = ("2.11.2", "3.3.2")
RECORDED: dict[str, dict[str, Any]] = {
    version: json.loads((HERE / f"recorded_{version.replace('.', '_')}.json").read_text(encoding="utf-8")) for version in VERSIONS
}


class Made:
    """The DAGs of one version as one project, and a process that runs its flows."""

    def __init__(self, version: str, root: Path) -> None:
        self.version = version
        result = read(HERE / "dags", ReadOptions(version=version.rpartition(".")[0]))
        self.workflows: dict[str, Workflow] = {workflow.id: workflow for workflow in result.workflows}
        self.project: Project = write(list(result.workflows))
        self.project.save(root / "project")
        for name, given in RECORDED[version].get("inputs", {}).items():
            (root / "inputs").mkdir(exist_ok=True)
            (root / "inputs" / f"{name}.json").write_text(json.dumps(given), encoding="utf-8")
        self.session = Session(root)

    def run(self, dag: str) -> RunRecord:
        return self.session.run(self.workflows[dag], logical_date=RECORDED[self.version]["logical_date"])


@pytest.fixture(scope="module", params=VERSIONS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    version = request.param
    one = Made(version, tmp_path_factory.mktemp(f"functions_{version}"))
    with one.session:
        yield one


def test_every_task_gives_what_it_gave_in_airflow(made: Made) -> None:
    differing: dict[tuple[str, str], object] = {}
    for dag, expected in RECORDED[made.version]["dags"].items():
        statuses = made.project.flows[dag].tasks
        differing |= {(dag, task): status for task, status in statuses.items() if status.status == "placeholder"}
        found = {task.id: [str(task.state), task.result] for task in made.run(dag).tasks}
        differing |= {(dag, task): (found.get(task), given) for task, given in expected.items() if found.get(task) != given}
    assert differing == {}
