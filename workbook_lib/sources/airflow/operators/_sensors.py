"""Sensors: tasks that wait.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/sensors.html and the sensors' API reference.
"""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell, Wait
from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Link
from workbook_lib.sources.airflow._context import LOGICAL
from workbook_lib.sources.airflow.operators._made import made, week_days
from workbook_lib.sources.airflow.operators._python import reading
from workbook_lib.sources.airflow.operators._room import Built, Case, Unfit

_WEEK = 604800.0  # the default timeout of a sensor
_HARMLESS = {"start_from_trigger", "trigger_kwargs", "end_from_trigger", "log_events_on_failure"}


def _wait(case: Case, on: str, *, endless: bool = False, **fields: Any) -> Built:
    """A wait as all sensors are given it; `endless`: when deferred, this one waits for ever."""
    given = case.given
    given.used |= _HARMLESS
    deferred = _deferred(case)
    soft = bool(given.plain("soft_fail", False))
    silent, never = given.plain("silent_fail", False), given.plain("never_fail", False)
    timeout = given.seconds("timeout", _WEEK)
    wait = Wait.model_validate(
        {
            "on": on,
            "interval_seconds": given.seconds("poke_interval", 60.0),
            "grows": bool(given.plain("exponential_backoff", False)),
            "longest_seconds": given.seconds("max_wait", None),
            "timeout_seconds": None if endless and deferred else timeout,
            "soft": soft,
            "on_error": "again" if silent else "skip" if never else "raise",
            "holds_slot": given.plain("mode", "poke") == "poke" and not deferred,
            **fields,
        }
    )
    skips = isinstance(wait.check, PythonCall) and wait.check.function.may_skip
    return Built(wait, may_skip=soft or skips or bool(never) or bool(wait.skips_on))


def _deferred(case: Case) -> bool:
    return bool(case.given.plain("deferrable", False)) or "Async" in case.task.operator


def python_sensor(case: Case) -> Built:
    """PythonSensor, @task.sensor: wait until the function returns something true."""
    found = reading(case, checks=True)
    return _wait(case, "python", check=found.call, hands_over=found.hands_over)


def bash_sensor(case: Case) -> Built:
    """BashSensor: wait until the command ends with status 0."""
    command, environment = case.templated("bash_command", ".sh", ".bash"), case.templated("env")
    if command is None:
        raise Unfit("it has no `bash_command`")
    case.given.used.add("output_encoding")
    check = Shell(command=command, environment=environment, inherit=environment is None, skip_on=(), returns="none")
    return _wait(case, "shell", check=check, again_on=case.given.plain("retry_exit_code"))


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
    """TimeSensor: wait for a time of day, also one that is worked out while the file is read."""
    timezone = case.room.dag.timezone or case.room.dag.schedule.timezone
    moving = _from_the_clock(case)
    if moving is not None:
        if timezone != "UTC":
            raise Unfit("its `target_time` is taken from the clock when the DAG file is read, and the DAG's time zone is not UTC")
        built = _wait(case, "clock", target=moving, endless=True)
        built.notes.append("its `target_time` is taken from the clock when the DAG file is read; the flow takes it when the task starts")
        return built
    target = case.given.clock("target_time")
    if target is None:
        raise Unfit("it has no `target_time`")
    if isinstance(target, x.Constant):
        return _wait(case, "clock", target=target, timezone=timezone, endless=True)
    return _wait(case, "moment", target=target, endless=True)


def _from_the_clock(case: Case) -> Expr | None:
    """`datetime.now(...).time()` and `(datetime.now(...) + timedelta(...)).time()`, in UTC, as the text of a time of day."""
    case.given.used.add("target_time")
    try:
        node = ast.parse(case.given.sources.get("target_time", ""), mode="eval").body
    except SyntaxError:
        return None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "time" and not node.args):
        return None
    moment, seconds = node.func.value, 0.0
    if isinstance(moment, ast.BinOp) and isinstance(moment.op, ast.Add | ast.Sub):
        length = _length(moment.right)
        if length is None:
            return None
        seconds = length if isinstance(moment.op, ast.Add) else -length
        moment = moment.left
    if not _is_now(moment):
        return None
    now: Expr = x.Call(function="now")
    found = x.Call(function="shift", args=(now, x.Constant(value=int(seconds)))) if seconds else now
    return x.Call(function="format_date", args=(found, x.Constant(value="%H:%M:%S.%f")))


def _is_now(node: ast.expr) -> bool:
    """`datetime.now(<UTC>)` or `utcnow()`; without a time zone the machine's own would count."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    given = [ast.unparse(argument) for argument in [*node.args, *(keyword.value for keyword in node.keywords)]]
    if node.func.attr == "utcnow":
        return not given
    return node.func.attr == "now" and len(given) == 1 and re.search(r"\b(utc|UTC)\b", given[0]) is not None


def _length(node: ast.expr) -> float | None:
    """The seconds of `timedelta(...)` with literal arguments by name."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "timedelta") or node.args:
        return None
    try:
        given = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
        return timedelta(**given).total_seconds()
    except (ValueError, TypeError):
        return None


def time_delta_sensor(case: Case) -> Built:
    """TimeDeltaSensor: wait until some time after the end of the data interval."""
    delta = case.given.values.get("delta")
    minutes = isinstance(delta, x.Constant) and isinstance(delta.value, int)  # a number counts as minutes, since provider 1.13
    seconds = case.given.seconds("delta", None)
    if seconds is None:
        raise Unfit("it has no `delta`")
    seconds *= 60 if minutes else 1
    endless = case.room.scope.airflow.startswith("2.")
    target = x.Constant(value=int(seconds) if seconds == int(seconds) else seconds)
    return _wait(case, "duration", target=target, tells=_deferred(case), endless=endless)


def date_time_sensor(case: Case) -> Built:
    """DateTimeSensor: wait for a moment, written as a template or fixed; one without a time zone is in UTC."""
    target = case.templated("target_time")
    if target is None or isinstance(target, x.Unknown):
        raise Unfit("its `target_time` is not known")
    if isinstance(target, x.Constant):
        try:
            fixed = datetime.fromisoformat(str(target.value))
        except ValueError:
            raise Unfit(f"its `target_time` {str(target.value)[:60]!r} is no ISO 8601 text") from None
        target = x.Moment(iso=(fixed if fixed.tzinfo else fixed.replace(tzinfo=UTC)).isoformat())
    return _wait(case, "moment", target=target, endless=True)


def weekday_sensor(case: Case) -> Built:
    """DayOfWeekSensor: wait until it is one of some days of the week."""
    days = x.Constant(value=week_days(case.given.take("week_day")))
    by_logical_date = case.given.plain("use_task_logical_date", False) or case.given.plain("use_task_execution_day", False)
    call = made("falls_on", moment=LOGICAL, days=days) if by_logical_date else made("today_is", days=days)
    return _wait(case, "python", check=call)


def external_task_sensor(case: Case) -> Built:
    """ExternalTaskSensor: wait for another DAG's run, or for some of its tasks, of the same logical date or of one reckoned from it."""
    given = case.given
    workflow = _literal(case, case.templated("external_dag_id"), "external_dag_id")
    links = [Link(kind="waits_for", target=workflow, task=case.task.id)]
    try:
        built = _wait(case, "workflow", **_interval(case), **_which(case), workflow=workflow, **_dates(case), **_states(case))
    except Unfit as why:
        raise LinkedUnfit(str(why), links) from None
    if given.plain("check_existence", False):
        built.notes.append("it fails at once when there is no such DAG or task (`check_existence`); the flow waits for its timeout")
    built.links += links
    return built


def _interval(case: Case) -> dict[str, Any]:
    """Deferred, it asks at another interval in Airflow 2."""
    seconds = case.given.seconds("poll_interval", 2.0)
    return {"interval_seconds": seconds} if _deferred(case) and case.room.scope.airflow.startswith("2.") else {}


def _which(case: Case) -> dict[str, Any]:
    """The tasks that are waited for; none for the run as a whole."""
    task, several = case.templated("external_task_id"), case.given.plain("external_task_ids")
    group = case.given.plain("external_task_group_id")
    names = [_literal(case, task, "external_task_id")] if task is not None else list(several) if isinstance(several, list) else []
    if len(set(names)) != len(names):
        raise Unfit("its `external_task_ids` name a task twice, where Airflow fails")
    return {"tasks": tuple(str(name) for name in names), "group": None if group is None else str(group)}


def _dates(case: Case) -> dict[str, Any]:
    """The logical dates that are waited for."""
    function = case.given.take("execution_date_fn")
    if function is None:
        return {"behind_seconds": case.given.seconds("execution_delta", 0.0)}
    call = case.room.binder.call(function, (LOGICAL,), {}, case.scope).call
    if call.function.blockers:
        raise Unfit(f"its `execution_date_fn` cannot be carried over: {call.function.blockers[0]}")
    return {"dates": call}


def _states(case: Case) -> dict[str, Any]:
    """The states that end the wait well, badly, or by a skip."""
    result: dict[str, Any] = {}
    for name, field in (("allowed_states", "succeeds_on"), ("failed_states", "fails_on"), ("skipped_states", "skips_on")):
        found = case.given.plain(name)
        if found:
            values = found if isinstance(found, list) else [found]
            result[field] = tuple(str(value).rpartition(".")[2].lower() for value in values)
            unknown = sorted(set(result[field]) - _STATES)
            if unknown:
                raise Unfit(f"its `{name}` name the state {unknown[0]!r}, which a flow run or task run does not keep")
    return result


# The states of Airflow that a flow run or task run tells (https://docs.prefect.io/v3/concepts/states).
_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "running", "queued", "scheduled", "up_for_retry"})


class LinkedUnfit(Unfit):
    """A wait for another workflow that is not covered, but is known to be one."""

    def __init__(self, text: str, links: list[Link]) -> None:
        self.links = links
        super().__init__(text)


def _literal(case: Case, found: Expr | None, name: str) -> str:
    if isinstance(found, x.Constant) and isinstance(found.value, str):
        return found.value
    raise Unfit(f"its argument `{name}` is only known when it runs")
