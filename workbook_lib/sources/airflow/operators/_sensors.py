"""Sensors: tasks that wait.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/sensors.html and the sensors' API reference.
"""

from __future__ import annotations

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell, Wait
from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Link
from workbook_lib.sources.airflow._context import LOGICAL
from workbook_lib.sources.airflow.operators._made import made, week_days
from workbook_lib.sources.airflow.operators._python import reading
from workbook_lib.sources.airflow.operators._room import Built, Case, Unfit

_WEEK = 604800.0  # the default timeout of a sensor
_HARMLESS = {"start_from_trigger", "trigger_kwargs", "end_from_trigger", "max_wait", "log_events_on_failure"}


def _wait(case: Case, on: str, **fields: object) -> Built:
    given = case.given
    given.used |= _HARMLESS
    notes = []
    if given.plain("exponential_backoff", False):
        notes.append("its pauses between checks grow (`exponential_backoff`); they stay equal in the flow")
    if given.plain("silent_fail", False) or given.plain("never_fail", False):
        raise Unfit("it hides errors of its check (`silent_fail`, `never_fail`)")
    deferred = bool(given.plain("deferrable", False)) or "Async" in case.task.operator
    soft = bool(given.plain("soft_fail", False))
    wait = Wait.model_validate(
        {
            "on": on,
            "interval_seconds": given.seconds("poke_interval", 60.0),
            "timeout_seconds": given.seconds("timeout", _WEEK),
            "soft": soft,
            "holds_slot": given.plain("mode", "poke") == "poke" and not deferred,
            **fields,
        }
    )
    skips = isinstance(wait.check, PythonCall) and wait.check.function.may_skip
    return Built(wait, may_skip=soft or skips, notes=notes)


def python_sensor(case: Case) -> Built:
    """PythonSensor, @task.sensor: wait until the function returns something true."""
    found = reading(case, checks=True)
    return _wait(case, "python", check=found.call, hands_over=found.hands_over)


def bash_sensor(case: Case) -> Built:
    """BashSensor: wait until the command ends with status 0."""
    if case.given.take("retry_exit_code") is not None:
        raise Unfit("its `retry_exit_code` makes other exit statuses fail at once")
    command, environment = case.templated("bash_command", ".sh", ".bash"), case.templated("env")
    if command is None:
        raise Unfit("it has no `bash_command`")
    case.given.used.add("output_encoding")
    check = Shell(command=command, environment=environment, inherit=environment is None, skip_on=(), returns="none")
    return _wait(case, "shell", check=check)


def file_sensor(case: Case) -> Built:
    """FileSensor: wait for a file, a pattern, or a folder that holds a file."""
    target = case.templated("filepath")
    if target is None:
        raise Unfit("it has no `filepath`")
    connection = case.given.plain("fs_conn_id", "fs_default")
    recursive = case.given.plain("recursive", False)
    if recursive and "**" in str(target):
        raise Unfit("its pattern descends into folders (`recursive`)")
    absolute = isinstance(target, x.Constant) and str(target.value).startswith("/")
    built = _wait(case, "file", target=target)
    if not absolute:
        built.notes.append(f"its path is relative to the base path of the connection {connection!r}, taken to be the working folder")
    return built


def time_sensor(case: Case) -> Built:
    """TimeSensor: wait for a time of day."""
    target = case.given.clock("target_time")
    if target is None:
        raise Unfit("it has no `target_time`")
    return _wait(case, "moment", target=target)


def time_delta_sensor(case: Case) -> Built:
    """TimeDeltaSensor: wait until some time after the end of the data interval."""
    seconds = case.given.seconds("delta", None)
    if seconds is None:
        raise Unfit("it has no `delta`")
    return _wait(case, "duration", target=x.Constant(value=int(seconds) if seconds == int(seconds) else seconds))


def date_time_sensor(case: Case) -> Built:
    """DateTimeSensor: wait for a moment, written as a template or fixed."""
    target = case.templated("target_time")
    if target is None or isinstance(target, x.Unknown):
        raise Unfit("its `target_time` is not known")
    return _wait(case, "moment", target=target)


def weekday_sensor(case: Case) -> Built:
    """DayOfWeekSensor: wait until it is one of some days of the week."""
    days = x.Constant(value=week_days(case.given.take("week_day")))
    by_logical_date = case.given.plain("use_task_logical_date", False) or case.given.plain("use_task_execution_day", False)
    call = made("falls_on", moment=LOGICAL, days=days) if by_logical_date else made("today_is", days=days)
    return _wait(case, "python", check=call)


def external_task_sensor(case: Case) -> Built:
    """ExternalTaskSensor: wait for another DAG's run, or for one of its tasks, with the same logical date."""
    given = case.given
    workflow = _literal(case, case.templated("external_dag_id"), "external_dag_id")
    task = case.templated("external_task_id")
    several = given.plain("external_task_ids")
    links = [Link(kind="waits_for", target=workflow, task=case.task.id)]
    for name in ("execution_delta", "execution_date_fn", "external_task_group_id"):
        if given.take(name) is not None:
            raise LinkedUnfit(f"its `{name}` makes it wait for something else than the run of the same logical date", links)
    if isinstance(several, list) and len(several) == 1:
        task = x.Constant(value=several[0])
    elif several is not None:
        raise LinkedUnfit("it waits for several tasks at once (`external_task_ids`)", links)
    if given.plain("allowed_states") not in (None, ["success"]):
        raise LinkedUnfit("its `allowed_states` are others than success", links)
    given.used |= {"check_existence", "poll_interval"}
    built = _wait(case, "workflow", workflow=workflow, task=None if task is None else _literal(case, task, "external_task_id"))
    if given.plain("failed_states") or given.plain("skipped_states"):
        built.notes.append("it ends early when the other task ends in `failed_states` or `skipped_states`; the flow waits for its timeout")
    built.links += links
    return built


class LinkedUnfit(Unfit):
    """A wait for another workflow that is not covered, but is known to be one."""

    def __init__(self, text: str, links: list[Link]) -> None:
        self.links = links
        super().__init__(text)


def _literal(case: Case, found: Expr | None, name: str) -> str:
    if isinstance(found, x.Constant) and isinstance(found.value, str):
        return found.value
    raise Unfit(f"its argument `{name}` is only known when it runs")
