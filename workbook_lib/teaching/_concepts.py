"""Concept cards: for each construct of a legacy workflow what it means there, what it is in Prefect, and where that is specified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Task, Workflow

_AIRFLOW = "https://airflow.apache.org/docs/apache-airflow/2.11.2/"
_PREFECT = "https://docs.prefect.io/v3/"


@dataclass(frozen=True)
class Concept:
    """One card. `legacy` and `prefect` say what it is on either side, `care` what people fall for; the addresses are the specifications."""

    key: str
    title: str
    legacy: str
    prefect: str
    care: str
    legacy_url: str
    prefect_url: str


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "dependencies",
        "Dependencies",
        "`a >> b`: b starts after a has ended, and by default only if a succeeded.",
        "A task run that takes another's result, or waits for its future, starts after it.",
        "A blocked task does not fail a Prefect flow by itself: what the flow returns decides.",
        _AIRFLOW + "core-concepts/dags.html#task-dependencies",
        _PREFECT + "concepts/tasks",
    ),
    Concept(
        "trigger_rules",
        "Trigger rules",
        "A rule other than `all_success` lets a task start although something before it failed or was skipped.",
        "Python's own `try` and `if` where they mean the same; else a small helper that looks at the states before it submits.",
        "The state of an Airflow run comes from its last tasks only: a clean-up that succeeds hides a failure.",
        _AIRFLOW + "core-concepts/dags.html#trigger-rules",
        _PREFECT + "concepts/states",
    ),
    Concept(
        "xcom",
        "XCom",
        "A task hands a small value to later tasks through the metadata database.",
        "A return value that is passed on as an argument.",
        "A pull of several keys becomes one value with several parts.",
        _AIRFLOW + "core-concepts/xcoms.html",
        _PREFECT + "how-to-guides/workflows/write-and-run",
    ),
    Concept(
        "branch",
        "Branches and short circuits",
        "A task chooses which of its followers go on; the others are skipped, and so is what depends on them.",
        "An `if` on the task's result.",
        "A join behind two arms runs only with a rule that accepts skipped tasks.",
        _AIRFLOW + "core-concepts/dags.html#branching",
        _PREFECT + "concepts/flows",
    ),
    Concept(
        "mapping",
        "Mapped tasks",
        "`expand` makes one instance per element, known only when the run is under way.",
        "`.map(...)`.",
        "With two lists Airflow takes every combination, Prefect goes through both side by side.",
        _AIRFLOW + "authoring-and-scheduling/dynamic-task-mapping.html",
        _PREFECT + "how-to-guides/workflows/run-work-concurrently",
    ),
    Concept(
        "data_interval",
        "Data interval",
        "A run stands for a span of time; `{{ ds }}` is its start, not the day on which it runs.",
        "A typed parameter of the flow, which the caller or the schedule gives.",
        "Prefect's scheduled time is one interval later than Airflow 2's logical date.",
        _AIRFLOW + "core-concepts/dag-run.html#data-interval",
        _PREFECT + "concepts/schedules",
    ),
    Concept(
        "retries",
        "Retries",
        "`retries` counts the extra attempts, `retry_delay` the pause before each (five minutes unless set).",
        "`@task(retries=..., retry_delay_seconds=...)`.",
        "Prefect's pause is zero unless set, and a growing pause is a list.",
        _AIRFLOW + "core-concepts/tasks.html",
        _PREFECT + "how-to-guides/workflows/retries",
    ),
    Concept(
        "groups",
        "Task groups",
        "A name in front of the tasks' ids, and a box in the graph.",
        "A function, or nothing: task runs keep the full id as their name.",
        "A group of its own in Airflow has no state; a Prefect subflow has one.",
        _AIRFLOW + "core-concepts/dags.html#taskgroups",
        _PREFECT + "concepts/flows",
    ),
)


def _has_xcom(task: Task) -> bool:
    expressions = [value for _, value in task.arguments]
    if isinstance(task.action, PythonCall):
        expressions += [value for _, value in task.action.arguments]
        expressions += [span.value for span in task.action.function.spans if span.value is not None]
    if isinstance(task.action, Shell):
        expressions.append(task.action.command)
    return any(isinstance(part, e.TaskOutput) for value in expressions for part in e.walk(value))


def _has_interval(task: Task) -> bool:
    expressions = [value for _, value in task.arguments]
    if isinstance(task.action, PythonCall):
        expressions += [value for _, value in task.action.arguments]
    if isinstance(task.action, Shell):
        expressions.append(task.action.command)
    names = {"logical_date", "interval_start", "interval_end"}
    return any(isinstance(part, e.Context) and part.name in names for value in expressions for part in e.walk(value))


_FOUND: dict[str, Callable[[Workflow], bool]] = {
    "dependencies": lambda w: bool(w.edges),
    "trigger_rules": lambda w: any(task.join_rule is not JoinRule.ALL_SUCCESS for task in w.tasks),
    "xcom": lambda w: any(_has_xcom(task) for task in w.tasks),
    "branch": lambda w: any(task.steers for task in w.tasks),
    "mapping": lambda w: any(task.mapping is not None for task in w.tasks),
    "data_interval": lambda w: any(_has_interval(task) for task in w.tasks),
    "retries": lambda w: any(task.retry.retries for task in w.tasks),
    "groups": lambda w: bool(w.groups),
}


def concepts(workflow: Workflow) -> tuple[Concept, ...]:
    """The cards for what occurs in this workflow, the most basic first."""
    return tuple(concept for concept in CONCEPTS if _FOUND[concept.key](workflow))
