"""The logical date of a run that is started without one: that of the scheduled run which would start now.

In Airflow 2 a run stands for the interval that has just ended: a daily run that starts today has yesterday's date
(https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dag-run.html#data-interval). From 3.0 on a cron schedule or a plain
duration is a trigger, and the run has the date at which it starts. Either version can be asked for the other by its timetables.
"""

from __future__ import annotations

from workbook_lib.model import cron
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.python._expr import literal

FROM_SHARED = "from shared.dates import interval_start"  # where the length of the interval varies


def interval_seconds(workflow: Workflow) -> float | None:
    """How long before its start the date of a run lies, where that is always the same; None where it varies."""
    schedule = workflow.schedule
    if schedule.kind not in ("interval", "cron"):
        return 0
    if _trigger(workflow):
        return schedule.back_seconds
    return schedule.interval_seconds if schedule.kind == "interval" else _cron_seconds(cron.fields(schedule.cron or ""))


def _trigger(workflow: Workflow) -> bool:
    """Whether a run stands for the moment at which it starts; where the schedule does not say so, the version does."""
    major = workflow.version.split(".")[0]
    return workflow.schedule.trigger if workflow.schedule.trigger is not None else major.isdigit() and int(major) >= 3


def _cron_seconds(text: str) -> float | None:
    fields = text.split()
    if len(fields) != 5:
        return None
    minute, hour, *days = fields
    if not minute.isdigit():
        return _step(minute, 60) if hour == "*" and days == ["*"] * 3 else None
    if days == ["*", "*", "*"]:
        return 86400 if hour.isdigit() else 3600 if hour == "*" else None
    return 7 * 86400 if days[:2] == ["*", "*"] and days[2].isdigit() and hour.isdigit() else None


def _step(field: str, of: int) -> float | None:
    step = "1" if field == "*" else field.removeprefix("*/")
    return int(step) * 60 if step.isdigit() and int(step) and of % int(step) == 0 else None


def date_default(workflow: Workflow, day: bool) -> tuple[str, set[str]]:
    """The Python expression for that date, and its imports."""
    seconds = interval_seconds(workflow)
    if seconds is None:
        zone = f", {literal(workflow.schedule.timezone)}" if workflow.schedule.timezone != "UTC" else ""
        text = f"interval_start({literal(cron.fields(workflow.schedule.cron or ''))}{zone})"
        return (f"{text}.date()" if day else text), {FROM_SHARED}
    back = f" - timedelta(days={seconds / 86400:g})" if seconds % 86400 == 0 else f" - timedelta(seconds={seconds:g})"
    imports = {"from prefect import runtime"} | ({"from datetime import timedelta"} if seconds else set())
    text = "runtime.flow_run.scheduled_start_time"
    if day and seconds % 86400 == 0:
        return f"{text}.date()" + (back if seconds else ""), imports
    text += back if seconds else ""
    return (f"({text}).date()" if day else text), imports
