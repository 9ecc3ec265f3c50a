"""Small workflows and records for the tests: `flow("a >> b", ...)` and `record(...)`, and a stand-in for a flow's reader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from workbook_lib.model.action import Nothing
from workbook_lib.model.evaluate import simulate
from workbook_lib.model.function import Origin
from workbook_lib.model.run import RunRecord, Scenario, State, TaskRun, result_of
from workbook_lib.model.workflow import Edge, Task, Workflow, closure, topological
from workbook_lib.validation import scenarios
from workbook_lib.validation.scenarios import is_mapped


def flow(order: str, tasks: dict[str, dict[str, Any]] | None = None, **more: Any) -> Workflow:
    """A workflow from lines such as `a >> b >> c`; `tasks` holds fields of single tasks."""
    settings = tasks or {}
    ids: dict[str, None] = {}
    edges: list[Edge] = []
    for line in order.split(";"):
        chain = [name.strip() for name in line.split(">>")]
        ids |= dict.fromkeys(chain)
        edges += [Edge(source=a, target=b) for a, b in zip(chain, chain[1:], strict=False)]
    made = tuple(Task(**({"id": name, "operator": "PythonOperator", "action": Nothing()} | settings.get(name, {}))) for name in ids)
    fixed = {"id": "w", "system": "airflow", "version": "2.11", "origin": Origin(file="w.py", line=1)}
    return Workflow(**(fixed | {"tasks": made, "edges": tuple(edges)} | more))


@dataclass(frozen=True)
class Node:
    """A task of a flow, as a reader shows it."""

    id: str
    mapped: bool = False
    retries: int = 0
    delays: tuple[float, ...] = ()
    timeout: float | None = None
    hooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Gap:
    """Code that was not followed."""

    reason: str
    line: int | None = None


@dataclass(frozen=True)
class Simulated:
    """A rehearsal, as a reader computes it."""

    runs: tuple[TaskRun, ...]
    state: State
    unfollowed: tuple[Gap, ...] = ()
    cut_off: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Program:
    """A flow that does what `workflow` says, as long as no field is replaced."""

    workflow: Workflow
    tasks: dict[str, Node]
    after: dict[str, frozenset[str]]
    races: tuple[tuple[str, str], ...] = ()
    problems: tuple[Any, ...] = ()
    unfollowed: tuple[Gap, ...] = ()
    unfollowed_then: tuple[Gap, ...] = ()
    cut_off_then: tuple[tuple[str, int], ...] = ()
    timeout: float | None = None
    hooks: tuple[tuple[str, str], ...] = ()

    def graph(self) -> Program:
        return self

    def simulate(self, scenario: Scenario) -> Simulated:
        runs, state = simulate(self.workflow, scenario)
        return Simulated(tuple(run for run in runs if run.attempts), state, self.unfollowed_then, self.cut_off_then)


def program(workflow: Workflow, **changed: Any) -> Program:
    """The flow that means the same as the workflow, with fields replaced."""
    nodes = {
        task.id: Node(task.id, is_mapped(workflow, task), task.retry.retries, (task.retry.delay_seconds,), task.timeout_seconds)
        for task in workflow.tasks
    }
    before: dict[str, set[str]] = {task.id: set() for task in workflow.tasks}
    for earlier, later in closure(workflow).items():
        for task_id in later:
            before[task_id].add(earlier)
    return replace(Program(workflow, nodes, {task_id: frozenset(found) for task_id, found in before.items()}), **changed)


def record(workflow: Workflow, scenario: Scenario, engine: str, results: dict[str, Any] | None = None) -> RunRecord:
    """A run in which every task takes a second, one after the other; in a real run tasks return what `results` says."""
    runs, state = simulate(workflow, scenario)
    place = {task_id: number for number, task_id in enumerate(topological(workflow))}
    seen = []
    for run in sorted(runs, key=lambda run: (place[run.id], run.map_index)):
        ran, number = run.attempts > 0, len(seen)
        seen.append(
            run.model_copy(
                update={
                    "observed": True if engine == "airflow" else ran,
                    "start": f"2026-01-01T00:{number:02}:00.000000+00:00" if ran else None,
                    "end": f"2026-01-01T00:{number:02}:30.000000+00:00" if ran else None,
                    "result": result_of((results or {}).get(run.id)) if ran and scenario.kind == "real" else {"absent": True},
                }
            )
        )
    return RunRecord(
        engine=engine,
        version="1",
        workflow=workflow.id,
        logical_date="2024-01-01T00:00:00+00:00",
        scenario=scenario.name,
        state=state,
        tasks=tuple(seen),
    )


def real(workflow: Workflow) -> Scenario:
    """The real run, in which all goes as in "all succeed"."""
    return Scenario(name="real", kind="real", outcomes=scenarios(workflow)[0].outcomes)


def records(workflow: Workflow, engine: str, results: dict[str, Any] | None = None) -> dict[str, RunRecord]:
    """The records of the real run and of all rehearsals."""
    return {one.name: record(workflow, one, engine, results) for one in (real(workflow), *scenarios(workflow))}


def changed(run: RunRecord, task: str, map_index: int = -1, **fields: Any) -> RunRecord:
    """The record with fields of one task instance replaced."""
    assert (task, map_index) in {(one.id, one.map_index) for one in run.tasks}, f"no such task instance: {task} [{map_index}]"
    tasks = tuple(one.model_copy(update=fields) if (one.id, one.map_index) == (task, map_index) else one for one in run.tasks)
    return run.model_copy(update={"tasks": tasks})
