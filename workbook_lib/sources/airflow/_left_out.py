"""What a DAG asks for and a flow does not do by itself: pools, catchup, limits, dates; and where its log goes.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/models/dag/index.html; instead:
https://docs.prefect.io/v3/concepts/global-concurrency-limits, https://docs.prefect.io/v3/concepts/schedules and
https://docs.prefect.io/v3/advanced/logging-customization.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from workbook_lib.findings import Severity
from workbook_lib.model.function import Definition, Function
from workbook_lib.model.workflow import AssetCondition, Schedule
from workbook_lib.sources.airflow._raw import RawDag, RawTask
from workbook_lib.sources.tracing._trees import walk

NOTE, WARNING = Severity.NOTE, Severity.WARNING
Lost = tuple[Severity, str, str]  # severity, what is lost, what to do instead

_TIMED = frozenset({"cron", "interval", "once", "continuous", "custom", "unknown"})
_LOGGER = re.compile(r"_?(\w+_)?(log|logger|logging)", re.IGNORECASE)
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log"})


# Schedules that no schedule of Prefect says: what starts the runs, and what to do instead.
_NO_SCHEDULE = {
    "once": ("runs once (`@once`)", "Start that run by `prefect deployment run`."),
    "continuous": ("runs again as soon as it has ended (`@continuous`)", "Let the flow start its deployment again, or write a loop."),
    "custom": (
        "goes by the schedule `{text}`",
        "Write an RRule with the same dates into the deployment's schedule, or start the runs from outside.",
    ),
}


def of_dag(dag: RawDag, airflow: str = "", now: datetime | None = None) -> Iterator[Lost]:
    """Settings of the DAG that are not carried over; `airflow` its version, `now` the moment of reading."""
    timed = dag.schedule.kind in _TIMED
    yield from _unscheduled(dag.schedule)
    if dag.catchup and timed:
        advice = "Start the missing runs by `prefect deployment run`, one for each logical date, as MIGRATION.md shows."
        yield WARNING, "makes up for runs of the past (`catchup`), which no Prefect schedule does", advice
    if timed and dag.schedule.timezone[:1] in ("+", "-"):
        advice = "Write a time zone with that offset into the deployment's schedule, such as Asia/Kolkata for +05:30."
        yield WARNING, f"is scheduled at the fixed offset {dag.schedule.timezone}, which no time zone of Prefect is named by", advice
    if dag.limits.active_tasks and dag.limits.active_runs != 1 and airflow.startswith(("1.", "2.")):
        advice = "Allow one run at a time, or enclose the bodies in a global concurrency limit, if several runs go on at once."
        yield (
            NOTE,
            f"runs at most {dag.limits.active_tasks} tasks at once over all of its runs (`max_active_tasks`), the flow in each run",
            advice,
        )
    for pool in sorted({task.pool for task in dag.tasks if task.pool and task.pool != "default_pool"}):
        advice = "Create it before the first run, with as many slots, as MIGRATION.md shows."
        yield WARNING, f"takes slots of the pool {pool!r}, which is a global concurrency limit in Prefect", advice
    if dag.limits.fail_fast:
        advice = 'Decide `on_failure = "raise"` where the run is to fail with any task: as in Airflow it fails with its last tasks only.'
        what = "stops at its first failed task (`fail_fast`): the flow starts nothing more then, but ends no task that runs already"
        yield NOTE, what, advice
    if dag.end_date and timed:
        advice = "Use a schedule with an end (an RRule with UNTIL), or switch the schedule off on that day."
        yield WARNING, f"is not scheduled after {dag.end_date} (`end_date`), but the deployment is", advice
    if dag.start_date and timed and _moment(dag.start_date) > (now or datetime.now(UTC)):
        advice = "Deploy with the schedule switched off, and switch it on at that date."
        yield WARNING, f"is not scheduled before {dag.start_date} (`start_date`), but the deployment is", advice


def _unscheduled(schedule: Schedule) -> Iterator[Lost]:
    """The deployment of such a DAG has no schedule at all, or not for this."""
    if schedule.kind in _NO_SCHEDULE and not schedule.crons:
        what, advice = _NO_SCHEDULE[schedule.kind]
        yield WARNING, f"{what.format(text=schedule.text)}, for which the deployment has no schedule", advice
    if schedule.condition is not None and _unnamed(schedule.condition):
        advice = "Write triggers for the events that the tasks in question emit into the deployment."
        yield WARNING, "is started by an alias of assets that only runs name, for which the deployment has no trigger", advice
    if schedule.time is not None:
        yield from _unscheduled(schedule.time)


def _unnamed(condition: AssetCondition) -> bool:
    if condition.kind in ("all", "any"):
        return any(map(_unnamed, condition.parts))
    return condition.kind == "alias" or not (condition.uri or condition.name)


def of_task(task: RawTask) -> Iterator[Lost]:
    """Settings of a task that have a field of their own and are not carried over."""
    if task.pool in (None, "default_pool") and task.pool_slots != 1:
        yield NOTE, f"takes {task.pool_slots} slots of the default pool (`pool_slots`), which the flow does not", "Use a concurrency limit."


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def writes_a_log(code: Iterable[Function | Definition]) -> list[str]:
    """Names of the carried-over functions that write to a logger of Python's."""
    names = [piece.name for piece in code if not piece.blockers and _writes(piece.source)]
    return list(dict.fromkeys(names))


@lru_cache(maxsize=1024)  # many workflows use the same code
def _writes(source: str) -> bool:
    try:
        calls = [node.func for node in walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return False
    return any(
        isinstance(called, ast.Attribute) and called.attr in _LEVELS and _LOGGER.fullmatch(ast.unparse(called.value)) is not None
        for called in calls
    )
