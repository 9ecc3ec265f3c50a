"""Takes descriptions of DAGs through everything: Airflow itself; read, convert, pilot; and compares what they say.

Many DAGs share one engine process, one project and one pilot session.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_source import Dag, Task, dag_id, full_id, source

from workbook_lib.errors import EngineError, WorkbookError
from workbook_lib.model.evaluate import fill, overtaken, simulate
from workbook_lib.model.run import REAL, Outcome, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.stopping import end_is_raced, raced_in
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.sources.airflow.engine import run_several
from workbook_lib.validation import TaskVerdict, compare_runs, compare_structure

LOGICAL_DATE = "2024-01-01T00:00:00+00:00"
TIME_LIMIT = 60.0
LOST = re.compile(r"Airflow has no DAG '(\w+)'|(fuzz_\w{10})\.py: ")


@dataclass
class Result:
    """What became of one DAG: what Airflow did, the placeholders, and every difference in words."""

    dag: Dag
    record: RunRecord | None = None
    form: str = ""
    placeholders: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    refused: str = ""  # Airflow's own reason not to run it
    overtaken: tuple[tuple[str, int], ...] = ()  # Airflow 2 skipped them after they had run, or might have

    @property
    def state(self) -> str:
        """One word for the count."""
        if self.refused:
            return "refused"
        if self.overtaken:
            return "overtaken"
        if self.differences:
            return "different"
        return "placeholder" if self.placeholders else "equal"


def steady(record: RunRecord) -> RunRecord:
    """Without what differs between any two runs: messages. Times stay where an order is to be judged."""
    tasks = tuple(task.model_copy(update={"start": None, "end": None, "log_tail": ""}) for task in record.tasks)
    return record.model_copy(update={"tasks": tasks})


def legacy_records(dags: Sequence[Dag], work: Path, kept: Path | None = None) -> dict[str, RunRecord | str]:
    """What Airflow did with each DAG, by id; or why it refuses to import it. What is in the folder `kept` is not run again."""
    found = _kept(dags, kept) if kept else {}
    for name, record in _run_legacy([dag for dag in dags if dag_id(dag) not in found], work):
        found[name] = record
        if kept:
            document = record.document() if isinstance(record, RunRecord) else record
            (kept / f"{name}.json").write_text(json.dumps(document))
    return found


def _kept(dags: Sequence[Dag], folder: Path) -> dict[str, RunRecord | str]:
    folder.mkdir(parents=True, exist_ok=True)
    documents = {dag_id(dag): json.loads(path.read_text()) for dag in dags if (path := folder / f"{dag_id(dag)}.json").exists()}
    return {name: kept if isinstance(kept, str) else RunRecord.from_json(kept) for name, kept in documents.items()}


def _run_legacy(dags: Sequence[Dag], work: Path) -> Iterator[tuple[str, RunRecord | str]]:
    for version, some in by_version(dags).items():
        left = {dag_id(dag): dag for dag in some}
        while left:
            with tempfile.TemporaryDirectory(dir=work) as scratch:
                folder = _files(left.values(), Path(scratch) / "legacy")
                runs = [(_named(name, version), REAL) for name in left]
                records = run_several(runs, legacy=folder, work=Path(scratch), logical_date=LOGICAL_DATE, time_limit=TIME_LIMIT)
                try:
                    with contextlib.closing(records):
                        for record in records:
                            yield record.workflow, record
                    break
                except EngineError as error:
                    lost = {name for match in LOST.finditer(str(error)) for name in match.groups() if name in left}
                    if not lost:
                        raise
                    for name in lost:
                        del left[name]
                        yield name, str(error)[:300]


def _named(name: str, version: str) -> Workflow:
    return Workflow.model_validate({"id": name, "system": "airflow", "version": version, "origin": {"file": f"{name}.py", "line": 1}})


def _files(dags: Iterable[Dag], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for dag in dags:
        (folder / f"{dag_id(dag)}.py").write_text(source(dag), encoding="utf-8")
    return folder


class Conversion:
    """All DAGs of one version as one Prefect project, made anew in the folder `root`."""

    def __init__(self, dags: Sequence[Dag], root: Path) -> None:
        self.root = root
        for name in ("legacy", "project"):
            shutil.rmtree(root / name, ignore_errors=True)
        result = read(_files(dags, root / "legacy"), ReadOptions(version=dags[0]["airflow"]))
        self.findings = result.findings
        self.workflows: dict[str, Workflow] = {workflow.id: workflow for workflow in result.workflows}
        self.project: Project = write(list(result.workflows))
        self.project.save(root / "project")

    def placeholders(self, name: str) -> dict[str, str]:
        """The tasks that were not converted, each with the reason."""
        statuses = self.project.flows[name].tasks.items()
        return {task: status.finding.message if status.finding else "" for task, status in statuses if status.status == "placeholder"}


def by_version(dags: Iterable[Dag]) -> dict[str, list[Dag]]:
    """The DAGs of each version of Airflow."""
    found: dict[str, list[Dag]] = {}
    for dag in dags:
        found.setdefault(dag["airflow"], []).append(dag)
    return found


def compare(dags: Sequence[Dag], records: dict[str, RunRecord | str], root: Path) -> Iterator[Result]:
    """One result a DAG. One server serves all projects that are made in the folder `root` by one process."""
    for some in by_version(dags).values():
        known: list[Dag] = []
        for dag in some:
            record = records.get(dag_id(dag), "not run")
            if isinstance(record, RunRecord) and not record.problem:
                known.append(dag)
            else:
                yield Result(dag, refused=record if isinstance(record, str) else record.problem)
        if known:
            made = Conversion(known, root)
            with Session(root) as session:
                for dag in known:
                    record = records[dag_id(dag)]
                    assert isinstance(record, RunRecord)
                    yield _compare_one(dag, record, made, session)


def _compare_one(dag: Dag, record: RunRecord, made: Conversion, session: Session) -> Result:
    name = dag_id(dag)
    result = Result(dag, record)
    workflow = made.workflows.get(name)
    if workflow is None:
        result.differences = ["not read: " + "; ".join(f.message for f in made.findings if name in (f.file or ""))]
        return result
    result.form = made.project.flows[name].form
    result.placeholders = made.placeholders(name)
    if workflow.version.startswith("2"):
        result.overtaken = overtaken(as_tried(workflow, record), script(answered(dag, record)))
    result.differences += [f"rules: {text}" for text in against_rules(dag, workflow, record)]
    rows = compare_structure(workflow, read_flow(made.root / "project", name))
    result.differences += [f"structure: {row.verdict} {row.id}: {row.reason}" for row in rows if str(row.verdict) != "equal"]
    if result.placeholders:
        return result
    try:
        pilot = session.run(workflow, REAL, logical_date=LOGICAL_DATE, time_limit=TIME_LIMIT)
    except WorkbookError as error:
        result.differences.append(f"pilot: {error}")
        return result
    compared = compare_runs(workflow, record, pilot)
    result.differences += [
        f"{row.aspect}: {row.verdict} {row.id}[{row.map_index}]: {row.reason} {_short(row.legacy)} {_short(row.pilot)}"
        for row in compared
        if str(row.verdict) != "equal" and not _untimed(row.aspect, record) and not _hangs(row)
    ]
    return result


def _hangs(row: TaskVerdict) -> bool:
    """Whether an end is not comparable because the run stops at its first failed task, and the two ended side by side."""
    return str(row.verdict) == "not comparable" and "`fail_fast`" in row.reason


def _untimed(aspect: str, record: RunRecord) -> bool:
    """A kept record bears no times."""
    return aspect == "order" and not any(task.start for task in record.tasks)


def _short(value: object) -> str:
    return json.dumps(value, default=str)[:120]


def against_rules(dag: Dag, workflow: Workflow, record: RunRecord) -> Iterator[str]:
    """Where the model's rules, given only what the bodies did, let an instance end otherwise than Airflow did.

    A task that never started does nothing special in the scenario: that it did not start is what the rules must say.
    """
    record = answered(dag, record)
    expected = {(run.id, run.map_index): run for run in record.tasks}
    others = raced_in(workflow, record.tasks)
    hangs = end_is_raced(workflow, record.tasks, others)
    played = simulate(as_tried(workflow, record), script(record))
    for name, runs, state in (("simulate", *played), ("fill", fill(workflow, started(record)), None)):
        found = {(run.id, run.map_index): run for run in runs}
        for key in dict.fromkeys((*expected, *found)):
            one, other = expected.get(key), found.get(key)
            if key[0] in others:
                continue
            if one is None or other is None or one.state is not other.state:
                states = [None if run is None else str(run.state) for run in (one, other)]
                yield f"{name}: {key[0]}[{key[1]}] ended {states[0]} in Airflow, {states[1]} by the rules"
        if state is not None and state is not record.state and not hangs:
            yield f"{name}: the run ended {record.state} in Airflow, {state} by the rules"


def as_tried(workflow: Workflow, record: RunRecord) -> Workflow:
    """The workflow with as few retries as were used by what failed for good: a scenario's failure takes all tries, and so more rounds."""
    used = {run.id: run.attempts - 1 for run in record.tasks if run.state is State.FAILED and run.attempts}
    tasks = (
        task.model_copy(update={"retry": task.retry.model_copy(update={"retries": used[task.id]})}) if task.id in used else task
        for task in workflow.tasks
    )
    return workflow.model_copy(update={"tasks": tuple(tasks)})


def answered(dag: Dag, record: RunRecord) -> RunRecord:
    """The record with the answers that Airflow 3 does not keep, of tasks that skip others."""
    answers = {full_id(dag, task["id"]): _answer(dag, task) for task in dag["tasks"] if task.get("steers")}
    unkept = [
        run.model_copy(update={"result": {"json": answers[run.id]}}) if run.result.get("kept") is False else run for run in record.tasks
    ]
    return record.model_copy(update={"tasks": tuple(unkept)})


def _answer(dag: Dag, task: Task) -> object:
    if task["steers"] == "short_circuit":
        return task["answer"]
    answer = [full_id(dag, name) for name in task["answer"]]
    return answer[0] if len(answer) == 1 else answer


def started(record: RunRecord) -> list[TaskRun]:
    """The instances whose bodies started."""
    return [run for run in record.tasks if run.attempts]


def script(record: RunRecord) -> Scenario:
    """What the bodies did, as a scenario."""
    outcomes: list[tuple[str, Outcome]] = []
    for run in record.tasks:
        if not run.attempts:
            continue
        does = {State.FAILED: "fail", State.SKIPPED: "skip"}.get(run.state, "recover" if run.attempts > 1 else "succeed")
        value = run.result.get("json")
        outcomes.append((run.id, Outcome(does=does, value=value, fails=run.attempts - 1, map_index=run.map_index)))
    return Scenario(name="as it was", outcomes=tuple(outcomes))
