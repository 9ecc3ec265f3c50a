"""The flows that are mutated: all of the shipped examples, and twenty of Airflow's own example DAGs, each with what Airflow did."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer import statuses, write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import Mask, scenarios

TESTS = Path(__file__).parents[1]
EXAMPLES = TESTS.parent / "notebooks" / "examples" / "airflow"
CORPUS = TESTS / "corpus" / "airflow"
# Flows of the shipped examples: workflow -> folder.
SHIPPED = {
    "daily_sales": "daily_sales",
    "log_maintenance": "maintenance",
    "orders_by_customer": "taskflow_mapping",
    "shop_orders": "shop_repository",
    "shop_report": "shop_repository",
    "shop_stock": "shop_repository",
}
# Airflow's own examples, by version, and what each brings in.
BUNDLED = {
    "2.11.2": {
        "example_bash_operator": "tasks made in a loop, templates, a command that skips",
        "example_branch_datetime_operator_2": "a branch on the time of day",
        "example_dynamic_task_mapping": "mapping over constants, a sum over what it returned",
        "example_dynamic_task_mapping_with_no_taskflow_operators": "mapping of operators of its own classes",
        "example_external_task_marker_child": "a wait for another DAG that gives up softly",
        "example_nested_branch_dag": "branches in branches, joined by none_failed_min_one_success",
        "example_params_trigger_ui": "a branch over params, joined by none_failed",
        "example_setup_teardown": "setups and teardowns inside and outside of a group",
        "example_setup_teardown_taskflow": "setups that hand over values to their teardowns",
        "example_short_circuit_decorator": "short circuits with and without ignoring rules downstream",
        "example_short_circuit_operator": "the same by operators, joined by all_done",
        "example_skip_dag": "tasks that skip themselves, joined by all_success and one_success",
        "example_task_group": "groups in groups",
        "example_task_group_decorator": "groups made by decorated functions",
        "example_weekday_branch_operator": "branches on the day of the week",
        "example_xcom_args_with_operators": "values handed over between functions and commands",
        "latest_only_with_trigger": "latest only, with a rule that ignores it",
        "tutorial_dag": "three steps that hand over a value by its key",
        "tutorial_taskflow_api": "three steps that hand over values as arguments",
    },
    "3.3.2": {"example_bash_decorator": "commands as functions that return them, one that skips, trigger rules"},
}


@dataclass(frozen=True)
class Subject:
    """One flow of the migration folder, with the legacy records that it is judged by."""

    name: str
    workflow: Workflow
    root: Path
    path: str
    function: str
    records: tuple[tuple[Scenario, RunRecord], ...]
    masks: tuple[Mask, ...] = ()
    placeholders: tuple[str, ...] = ()
    before: tuple[Workflow, ...] = ()  # flows that its real run waits for
    fixtures: Path | None = None

    def prepare(self) -> None:
        """Let the next runs work on this flow's fixtures."""
        place = self.root / "legacy" / "fixtures"
        shutil.rmtree(place, ignore_errors=True)
        if self.fixtures is not None:
            shutil.copytree(self.fixtures, place)

    @property
    def test(self) -> str:
        """The file of its own tests, in the project."""
        return f"tests/test_{Path(self.path).stem}.py"

    @property
    def file(self) -> Path:
        return self.root / "project" / self.path

    @property
    def deployments(self) -> Path:
        return self.root / "project" / "prefect.yaml"


def names() -> list[str]:
    """All subjects, as they are called in the table and in test ids."""
    return [*SHIPPED, *(f"{dag_id}@{version}" for version, dags in BUNDLED.items() for dag_id in dags)]


def bundled(version: str) -> tuple[Path, ...]:
    """Where a version's example DAGs lie."""
    corpora = str(TESTS / "sources" / "airflow")
    if corpora not in sys.path:
        sys.path.append(corpora)
    from bundled_corpora import BUNDLED as CORPORA

    return tuple(CORPORA[version].folders())


def subjects(root: Path, only: Sequence[str] = ()) -> dict[str, Subject]:
    """All subjects, or some, as one project in a migration folder."""
    wanted = [name for name in names() if name in only or not only]
    made: list[Subject] = []
    others: dict[str, Workflow] = {}
    for name in wanted:
        dag_id, _, version = name.partition("@")
        if version:
            made.append(_bundled(_read(version, bundled(version)), dag_id, version, root))
        else:
            made.append(_shipped(dag_id, root))
    for subject in made:
        others |= {other.id: other for other in subject.before}
    every = {subject.workflow.id: subject.workflow for subject in made}
    records = {subject.workflow.id: subject.records for subject in made}
    unsteady = {subject.workflow.id: [mask.id for mask in subject.masks] for subject in made}
    project = write([*every.values(), *(other for name, other in others.items() if name not in every)], records=records, unsteady=unsteady)
    for folder in ("project", "written"):
        project.save(root / folder)
    placed = {}
    for subject in made:
        path, _, function = project.flows[subject.workflow.id].entrypoint.rpartition(":")
        placed[subject.name] = replace(subject, path=path, function=function)
    return placed


_KNOWN: dict[str, dict[str, Workflow]] = {}


def _read(version: str, folders: tuple[Path, ...]) -> dict[str, Workflow]:
    if version not in _KNOWN:
        result = read(folders, ReadOptions(version=".".join(version.split(".")[:2])))
        _KNOWN[version] = {workflow.id: workflow for workflow in result.workflows}
    return _KNOWN[version]


def _shipped(name: str, root: Path) -> Subject:
    source = EXAMPLES / SHIPPED[name]
    if SHIPPED[name] not in _KNOWN:
        _KNOWN[SHIPPED[name]] = {workflow.id: workflow for workflow in read([source]).workflows}
    workflows = _KNOWN[SHIPPED[name]]
    waited = _waited(workflows[name], workflows)
    document = json.loads((source / "records" / f"{name}.json").read_text(encoding="utf-8"))
    fixtures = source / "fixtures"
    known = {scenario.name: scenario for scenario in (REAL, *scenarios(workflows[name]))}
    recorded = [(known[record["scenario"]], record) for record in document["records"] if record["scenario"] in known]
    return _subject(name, workflows[name], root, recorded, document["masks"], waited, fixtures if fixtures.is_dir() else None)


def _waited(workflow: Workflow, workflows: dict[str, Workflow]) -> tuple[Workflow, ...]:
    """The workflows that this one waits for."""
    names = dict.fromkeys(link.target for link in workflow.links if link.kind == "waits_for")
    return tuple(workflows[name] for name in names if name in workflows)


def _bundled(workflows: dict[str, Workflow], dag_id: str, version: str, root: Path) -> Subject:
    workflow = workflows[dag_id]
    found = json.loads((CORPUS / "records" / f"bundled_{version.replace('.', '_')}.json").read_text(encoding="utf-8"))["dags"][workflow.id]
    assert found["same_course_twice"], f"Airflow itself does not run {workflow.id} twice alike"
    asked = {scenario.name for scenario in scenarios(workflow)}  # the records hold more: skips of tasks that cannot skip
    rehearsed = [(Scenario(**entry["scenario"]), entry["record"]) for entry in found["rehearsals"]]
    recorded = [(REAL, found["real"]), *((scenario, record) for scenario, record in rehearsed if scenario.name in asked)]
    return _subject(f"{workflow.id}@{version}", workflow, root, recorded, found.get("masks") or [], _waited(workflow, workflows))


def _subject(
    name: str,
    workflow: Workflow,
    root: Path,
    recorded: list[tuple[Scenario, Any]],
    masks: list[Any],
    before: tuple[Workflow, ...] = (),
    fixtures: Path | None = None,
) -> Subject:
    paired = tuple((scenario, RunRecord.from_json(record)) for scenario, record in recorded)
    open_tasks = tuple(task for task, status in statuses(workflow, {}).items() if status.status == "placeholder")
    return Subject(name, workflow, root, "", "", paired, tuple(map(Mask.model_validate, masks)), open_tasks, before, fixtures)
