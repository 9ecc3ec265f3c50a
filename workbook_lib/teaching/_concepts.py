"""Concept cards: for each construct of a legacy workflow what it means there, what it is in Prefect, and where that is specified."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_lib.model.workflow import Workflow
from workbook_lib.teaching._where import TASKS

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
    Concept(
        "sensors",
        "Sensors",
        "A task that waits for something and asks again and again; with `soft_fail` it is skipped when it gives up.",
        "A task that asks in a loop, with the same pause and the same limit.",
        "A sensor in the mode `reschedule` frees its slot while it waits; a waiting Prefect task keeps its place.",
        _AIRFLOW + "core-concepts/sensors.html",
        _PREFECT + "concepts/tasks",
    ),
    Concept(
        "callbacks",
        "Callbacks",
        "A function that Airflow calls when a task or a run has ended in some state.",
        "A state hook: `@task(on_failure=[...])`, or the same on the flow.",
        "Airflow gives a callback its context; a hook gets the task, the run and the state.",
        _AIRFLOW + "administration-and-deployment/logging-monitoring/callbacks.html",
        _PREFECT + "how-to-guides/workflows/state-change-hooks",
    ),
    Concept(
        "setup_teardown",
        "Setup and teardown",
        "A teardown runs when its setup has succeeded, whatever happened in between, and does not count for the state of the run.",
        "A `try` with what has to happen behind it, or a task submitted with the rule.",
        "A failed teardown fails the run only where the DAG says so.",
        _AIRFLOW + "howto/setup-and-teardown.html",
        _PREFECT + "concepts/states",
    ),
    Concept(
        "pools",
        "Pools",
        "A pool bounds how many tasks run at a time, over all DAGs.",
        "A global concurrency limit of the same name, which the task holds while it runs.",
        "The limit has to be created on the server that the flow runs against.",
        _AIRFLOW + "administration-and-deployment/pools.html",
        _PREFECT + "concepts/global-concurrency-limits",
    ),
)


def concepts(workflow: Workflow) -> tuple[Concept, ...]:
    """The cards for what occurs in this workflow, the most basic first."""
    return tuple(concept for concept in CONCEPTS if TASKS[concept.key](workflow) or (concept.key == "callbacks" and workflow.callbacks))
