"""Task functions for waits: a condition that is asked again and again, or a moment."""

from __future__ import annotations

from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall, Shell, Wait
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.python._blocks import as_function
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.python._expr import Unprintable, literal
from workbook_lib.prefect_writer.python._names import Names, flow_name
from workbook_lib.prefect_writer.tasks._actions import built, local_function, python_task, shell_call
from workbook_lib.prefect_writer.tasks._code import Builder, TaskCode
from workbook_lib.prefect_writer.tasks._scope import Scope

NOW = "datetime.now(UTC)"


def wait_task(task: Task, action: Wait, scope: Scope) -> TaskCode:
    """The function that waits."""
    how = _How(task, action)
    if action.on == "python" and isinstance(action.check, PythonCall):
        return _python_wait(how, python_task(task, action.check, scope, handed_over=False))
    builder = Builder(task, scope, Names())
    front, condition = _CONDITIONS[action.on](builder, action, how)
    if action.tells:
        front += f"    def holds():\n        return {condition}\n\n    at_once = holds() or None\n"
        body = f"{front}    {how.call('holds')}\n    return at_once"
    else:
        body = f"{front}    {how.call(f'lambda: {condition}')}"
    return built(task, builder, body, None, frozenset(how.helpers), frozenset(how.rules))


class _How:
    """Which helper waits, with which pauses and for how long; it collects the helpers and rules in use."""

    def __init__(self, task: Task, action: Wait) -> None:
        ends = action.timeout_seconds is not None
        self.wait = "wait_or_skip" if action.soft else "wait_or_give_up" if ends and task.retry.retries else "wait_until"
        self.helpers = {self.wait}
        self.rules = {"wait_or_skip": {"Skip"}, "wait_or_give_up": {"FinalFailure"}, "wait_until": set[str]()}[self.wait]
        self.action = action
        every = f"{action.interval_seconds:g}"
        if action.grows:
            self.helpers.add("growing")
            every = f"growing({every}, longest={action.longest_seconds:g})" if action.longest_seconds else f"growing({every})"
        self.pauses = f"every={every}" + (f", at_most={action.timeout_seconds:g}" if ends else "")

    def call(self, condition: str) -> str:
        """The call that waits for a condition."""
        guard = {"again": "no_on_error", "skip": "skip_on_error"}.get(self.action.on_error)
        if guard is not None:
            self.helpers.add(guard)
            self.rules |= {"Skip"} if guard == "skip_on_error" else set()
            condition = f"{guard}({condition})"
        return f"{self.wait}({condition}, {self.pauses})"


def _python_wait(how: _How, check: TaskCode) -> TaskCode:
    call = how.call("holds")
    if how.action.hands_over:
        if how.action.on_error != "raise":
            raise Unprintable("its check hands over a value, and its errors count as no")
        how.helpers.add("wait_for_value")
        call = f"return wait_for_value(holds, {how.wait}, {how.pauses})"
    rules = frozenset(how.rules) | check.rules
    return replace(check, body=as_function("holds", check.body) + f"    {call}", returns=None, helpers=frozenset(how.helpers), rules=rules)


def _file(builder: Builder, action: Wait, _: _How) -> tuple[str, str]:
    builder.imports.add("from glob import glob")
    return "", f"bool(glob({_target(builder, action)}))"


def _shell(builder: Builder, action: Wait, how: _How) -> tuple[str, str]:
    if not isinstance(action.check, Shell):
        raise Unprintable("it waits for a command that is not known")
    how.helpers.add("shell_succeeds")
    call = "shell_succeeds(" + shell_call(builder, action.check).split("(", 1)[1]
    if action.again_on is not None:
        how.rules.add("FinalFailure")
        call = f"{call[:-1]}, again_on={action.again_on})"
    return "", call


def _moment(builder: Builder, action: Wait, how: _How) -> tuple[str, str]:
    builder.imports.add("from datetime import UTC, datetime")
    shown = _target(builder, action)
    if not (isinstance(action.target, e.Moment) and action.target.type == "datetime"):
        how.helpers.add("moment_of")
        return f"    due = moment_of({shown})\n", f"{NOW} > due"
    return "", f"{NOW} > {shown}"


def _clock(builder: Builder, action: Wait, how: _How) -> tuple[str, str]:
    builder.imports.add("from datetime import UTC, datetime")
    how.helpers.add("today_at")
    zone = f", {literal(action.timezone)}" if action.timezone != "UTC" else ""
    return f"    due = today_at({_target(builder, action)}{zone})\n", f"{NOW} > due"


def _duration(builder: Builder, action: Wait, _: _How) -> tuple[str, str]:
    length = _interval(builder)
    date_name = builder.printer.show(e.Context(name="logical_date"))
    builder.imports.add("from datetime import UTC, datetime, timedelta")
    seconds = " + ".join([*([f"{length:g}"] if length else []), _target(builder, action)])
    return f"    due = {date_name} + timedelta(seconds={seconds})\n", f"{NOW} > due"


def _workflow(builder: Builder, action: Wait, how: _How) -> tuple[str, str]:
    if action.workflow is None:
        raise Unprintable("it waits for a workflow that is not known")
    other = builder.scope.others.get(action.workflow)
    length = other.behind if other is not None else interval_seconds(builder.scope.workflow)
    if length is None:
        raise Unprintable("how long before their start the dates of the other flow's scheduled runs lie is not always the same")
    how.helpers.add("run_has")
    front = ""
    if action.dates is not None:
        front, name = local_function(builder, action.dates)
        dates = f"{name}()"
    else:
        dates = builder.printer.show(e.Context(name="logical_date"))
        dates += f" - {_length(action.behind_seconds)}" if action.behind_seconds else ""
    options = [f"behind={_length(length)}"] if length else []
    tasks = action.tasks or ((action.task,) if action.task else ())
    options += [f"tasks={literal(list(tasks))}"] if tasks else []
    options += [f"group={literal(action.group)}"] if action.group else []
    fails, skips = ((), (*action.fails_on, *action.skips_on)) if action.soft else (action.fails_on, action.skips_on)
    states = (("succeeds_on", action.succeeds_on), ("fails_on", fails), ("skips_on", skips))
    options += [f"{name}={literal(list(values))}" for name, values in states if values and values != ("success",)]
    how.rules |= {"Skip"} if skips else set()
    if length or action.behind_seconds:
        builder.imports.add("from datetime import timedelta")
    return front, f"run_has({', '.join([literal(flow_name(action.workflow)), dates, *options])})"


def _length(seconds: float) -> str:
    return f"timedelta(days={seconds / 86400:g})" if seconds % 86400 == 0 else f"timedelta(seconds={seconds:g})"


def _target(builder: Builder, action: Wait) -> str:
    if action.target is None:
        raise Unprintable(f"the {action.on} that it waits for is not known")
    return builder.printer.show(action.target)


def _interval(builder: Builder) -> float:
    length = interval_seconds(builder.scope.workflow)
    if length is None:
        raise Unprintable("the length of the data interval varies")
    return length


_CONDITIONS = {
    "file": _file,
    "shell": _shell,
    "moment": _moment,
    "clock": _clock,
    "duration": _duration,
    "workflow": _workflow,
}
