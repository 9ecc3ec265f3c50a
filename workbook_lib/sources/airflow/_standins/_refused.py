"""What Airflow does not import, or silently does without: told, and read on where that is possible.

Each rule was tried with Airflow 2.11.2 and 3.3.2 (`tests/sources/airflow/test_bad_input_airflow.py` holds what they said). Only plain
values are judged: what is unknown while reading may well be right.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from workbook_lib.sources.airflow._standins import _assets, _assigned, _names, _sources, _tables
from workbook_lib.sources.airflow._standins._dag import DAG, FACTORIES
from workbook_lib.sources.airflow._standins._mapped import PARTIALS, Mapped
from workbook_lib.sources.airflow._standins._operator import MADE, BaseOperator
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION, report
from workbook_lib.sources.airflow._standins._xcom import MappedArgument, XComArg
from workbook_lib.sources.tracing._entries import constant
from workbook_lib.sources.tracing._exprs import callable_place, clean, to_expr
from workbook_lib.sources.tracing._symbols import entry_of, plain

_PLAIN = (str, int, float, list, tuple, dict, set, date, timedelta, type(None))
_KEY, _GROUP_KEY = re.compile(r"[\w.-]+"), re.compile(r"[\w-]+")
Rule = tuple[str, Callable[[Any], bool], str]  # argument, whether Airflow takes the value, what it should be


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _number(value: Any) -> bool:
    try:
        return value is None or int(value) is not None
    except (TypeError, ValueError):
        return False


_TASK: tuple[Rule, ...] = (
    ("retries", _number, "a whole number"),
    ("retry_delay", _is(timedelta, int, float, type(None)), "a timedelta or a number of seconds"),
    ("execution_timeout", _is(timedelta, type(None)), "a timedelta"),
    ("pool", _is(str, type(None)), "the name of a pool"),
    ("pool_slots", lambda value: isinstance(value, int) and value >= 1, "a number from 1"),
    ("priority_weight", _is(int), "a whole number"),
)
_TASK_2: tuple[Rule, ...] = (
    ("weight_rule", lambda value: value in (None, "downstream", "upstream", "absolute"), "downstream, upstream or absolute"),
)
_DAG: tuple[Rule, ...] = (
    ("start_date", _is(datetime, type(None)), "a datetime"),
    ("end_date", _is(datetime, type(None)), "a datetime"),
    ("max_active_runs", _is(int, type(None)), "a whole number"),
    ("max_active_tasks", _is(int, type(None)), "a whole number"),
)
_DAG_2: tuple[Rule, ...] = (
    ("catchup", _is(bool, type(None)), "True or False"),
    ("tags", _is(list, tuple, set, type(None)), "a list of texts"),
)
# https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/models/dag/index.html, and the same of airflow.sdk 3.3.2
_ARGUMENTS = frozenset(
    [
        "access_control",
        "auto_register",
        "catchup",
        "dag_display_name",
        "dagrun_timeout",
        "default_args",
        "doc_md",
        "is_paused_upon_creation",
        "jinja_environment_kwargs",
        "max_active_runs",
        "max_active_tasks",
        "max_consecutive_failed_dag_runs",
        "on_failure_callback",
        "on_success_callback",
        "owner_links",
        "params",
        "render_template_as_native_obj",
        "sla_miss_callback",
        "tags",
        "template_searchpath",
        "template_undefined",
        "user_defined_filters",
        "user_defined_macros",
    ]
)
_ARGUMENTS_2 = _ARGUMENTS | frozenset(
    ["concurrency", "default_view", "fail_stop", "full_filepath", "orientation", "schedule_interval", "timetable"]
)
_ARGUMENTS_3 = _ARGUMENTS | frozenset(
    ["allowed_run_types", "deadline", "disable_bundle_versioning", "fail_fast", "rerun_with_latest_version", "task_group"]
)
_STOPPING = frozenset(["all_success", "all_done_setup_success"])  # `exceptions.FailStopDagInvalidTriggerRule`
# Airflow's own operators: what each must be given.
_PYTHON = ("PythonOperator", "BranchPythonOperator", "ShortCircuitOperator", "PythonVirtualenvOperator", "PythonSensor")
_FOLLOW = ("follow_task_ids_if_true", "follow_task_ids_if_false")
_REQUIRED = dict.fromkeys(_PYTHON, ("python_callable",)) | {
    "BashOperator": ("bash_command",),
    "BashSensor": ("bash_command",),
    "ExternalPythonOperator": ("python", "python_callable"),
    "TriggerDagRunOperator": ("trigger_dag_id",),
    "ExternalTaskSensor": ("external_dag_id",),
    "FileSensor": ("filepath",),
    "TimeSensor": ("target_time",),
    "TimeDeltaSensor": ("delta",),
    "DateTimeSensor": ("target_time",),
    "DayOfWeekSensor": ("week_day",),
    "BranchDayOfWeekOperator": (*_FOLLOW, "week_day"),
    "BranchDateTimeOperator": (*_FOLLOW, "target_lower", "target_upper"),
    "EmailOperator": ("to", "subject", "html_content"),
}
_HINTS = {"start_date": "Write `datetime(2024, 1, 1)`.", "end_date": "Write `datetime(2024, 1, 1)`."}


def tell(dags: list[DAG]) -> None:
    """Findings for the DAGs of this file, and for what was made and belongs to none of them."""
    for dag in dags:
        _assigned.guarded(dag, _whole)
    _left_over()


def _whole(dag: DAG) -> None:
    _dag(dag)
    for task in dag.tasks:
        _task(task)
    for group in dag.task_group.get_task_group_dict().values():
        if group.group_id is not None:
            _key(group, "group_id", group.given_id, f"the group id {group.given_id!r}", _GROUP_KEY, 200)
    _unfiltered(dag)


def _is_plain(value: Any) -> bool:
    return entry_of(value) is None and isinstance(value, _PLAIN) and to_expr(value) == constant(value) or _moment(value)


def _moment(value: Any) -> bool:
    return entry_of(value) is None and isinstance(value, (date, timedelta))


def _no(what: str) -> str:
    return f"Airflow {'3' if SESSION.is_3 else '2'} does not import this file: {what}"


def _refused(thing: Any, argument: str, what: str, advice: str) -> None:
    _say("airflow.refused", "error", thing, _no(what), advice, argument)


def _say(code: str, severity: str, thing: Any, message: str, advice: str, argument: str = "") -> None:
    place = _sources.place(thing, argument)
    dag = thing if isinstance(thing, DAG) else getattr(thing, "dag", None)
    report(
        code, severity, clean(plain(message)), advice=advice, file=place[0] or SESSION.file, line=place[1],
        workflow=dag.dag_id if isinstance(dag, DAG) else None, task=thing.task_id if isinstance(thing, BaseOperator) else None,
    )  # fmt: skip


def _key(thing: Any, argument: str, given: Any, what: str, pattern: re.Pattern[str], longest: int) -> None:
    """Ids that Airflow takes: letters of any language, digits, `-`, `_`, and for DAGs and tasks `.`."""
    if not _is_plain(given):
        return
    signs = "letters, digits, dashes, underscores" + (" and dots" if pattern is _KEY else "")
    if not isinstance(given, str):
        problem = f"{what} is no text"
    elif pattern.fullmatch(given) is None:
        problem = f"{what} may hold only {signs}"
    elif len(given) > longest:
        problem = f"{what[:60]}... has {len(given)} signs, and {longest} are allowed"
    else:
        return
    _say("airflow.id_refused", "error", thing, _no(problem), "Choose another id.", argument)


def _typed(thing: Any, what: str, given: dict[str, Any], rules: tuple[Rule, ...]) -> None:
    for name, fits, wanted in rules:
        if name in given and _is_plain(given[name]) and not fits(given[name]):
            advice = _HINTS.get(name, "Correct the value.")
            _refused(thing, name, f"`{name}` of {what} has to be {wanted}, and is {given[name]!r}", advice)


# --- DAGs -------------------------------------------------------------------------------------------------------------------


def _dag(dag: DAG) -> None:
    what = f"the DAG {dag.dag_id!r}"
    _key(dag, "dag_id", dag.given_id, f"the DAG id {dag.given_id!r}", _KEY, 250)
    given = {**dag.given, "start_date": dag.start_date, "end_date": dag.end_date}
    _typed(dag, what, given, _DAG if SESSION.is_3 else _DAG + _DAG_2)
    mine, other = (_ARGUMENTS_3, _ARGUMENTS_2) if SESSION.is_3 else (_ARGUMENTS_2, _ARGUMENTS_3)
    for name in sorted(set(dag.given) - mine):
        wanted = f"Read it with `--airflow {'2.11' if SESSION.is_3 else '3'}` when it is written for that." if name in other else ""
        _refused(dag, name, f"`{name}` is no argument of a DAG", wanted or "Leave it out, or correct its name.")
    schedule = dag.given_schedule
    if schedule is not NOTSET and entry_of(schedule) is None:
        problem = _schedule_problem(schedule)
        if problem:
            argument = next((name for name in ("schedule", "schedule_interval", "timetable") if name in dag.sources), "")
            _refused(dag, argument, f"the schedule {schedule!r} of {what} {problem}", "Correct the schedule.")
        if schedule and not SESSION.is_3 and not dag.start_date and not dag.default_args.get("start_date"):
            message = _no(f"{what} has a schedule and no `start_date`")
            _say("airflow.start_date_missing", "error", dag, message, "Give it a `start_date`.", "schedule")
        for name in dag.params if schedule else ():
            if dag.params.get_param(name).value is NOTSET:
                _refused(dag, "params", f"{what} has a schedule, and its parameter {name!r} no default", "Give it a default.")
    _defaults(dag, what, scheduled=bool(schedule) and schedule is not NOTSET and entry_of(schedule) is None)


def _defaults(dag: DAG, what: str, *, scheduled: bool) -> None:
    """Parameters whose default their own schema refuses; Airflow looks at it while reading only where there is a schedule."""
    for name in dag.params:
        default, misfit = dag.params.get_param(name).value, dag.params.get_param(name).misfit()
        problem = f"the default {default!r} of its parameter {name!r} does not fit {misfit}"
        if misfit and scheduled:
            _refused(dag, "params", f"{what} has a schedule, and {problem}", "Correct the default.")
        elif misfit:
            message = f"{what} starts only with another value: {problem}"
            _say("airflow.param_default", "warning", dag, message, "Correct the default.", "params")


def _schedule_problem(given: Any) -> str:
    if isinstance(given, str):
        return cron_problem(given)
    if isinstance(given, (list, tuple, set, dict)):
        good = all(isinstance(one, _assets.AssetExpression) or not _is_plain(one) for one in given)
        return "" if good else "is a list of other things than assets"
    return "is no schedule" if isinstance(given, (bool, int, float)) else ""


_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59), (1970, 2099))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {3: set(_MONTHS), 4: {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}
_PART = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")
_ODD = re.compile(r"\?|l|l\d|\d+#\d|#|r(\(\d+-\d+\))?|h(\(\d+-\d+\))?(/\d+)?|\d*w|[a-z]{3}#\d|l[a-z]{3}")  # croniter's own signs


def cron_problem(text: str) -> str:
    """What is wrong with a cron expression; nothing where it is good or holds signs that are not judged here."""
    if text in _tables.CRON_PRESETS or text in ("@once", "@continuous"):
        return ""
    fields = text.lower().split()
    if not 5 <= len(fields) <= 7:
        return "is no cron expression: it does not have 5, 6 or 7 fields"
    for number, field in enumerate(fields):
        low, high = _RANGES[number]
        for part in field.split(","):
            match = _PART.fullmatch(part)
            ends = [end for end in match.groups()[:2] if end is not None] if match is not None else []
            good = match is not None and all(end in _NAMES.get(number, ()) or (end.isdigit() and low <= int(end) <= high) for end in ends)
            if not good and _ODD.fullmatch(part) is None:
                return f"is no cron expression: {part!r} does not fit field {number + 1}"
    return ""


# --- tasks ------------------------------------------------------------------------------------------------------------------


def _task(task: Any) -> None:
    what = f"the task {task.task_id!r}"
    _key(task, "task_id", task.given_id, f"the task id {task.given_id!r}", _KEY, 250)
    _typed(task, what, task._base_given, _TASK if SESSION.is_3 else _TASK + _TASK_2)
    _stopping(task, what)
    if isinstance(task, Mapped):
        _mapped(task, what)
        return
    if task.__dict__.get("_by_position"):
        _refused(task, "", f"{what} is given arguments by position", "Give them by name.")
    cls = type(task)
    if _names.module_of(cls) and cls.__name__ in _REQUIRED and not task.__dict__.get("_decorator"):
        for name in _REQUIRED[cls.__name__]:
            if name not in task._own:
                _refused(task, "", f"{what} ({cls.__name__}) misses the argument `{name}`", f"Give it `{name}`.")
    function = task._own.get("python_callable", print)
    if _is_plain(function):
        advice = "Name the function without calling it."
        _refused(task, "python_callable", f"`python_callable` of {what} is no function, but {function!r}", advice)


def _stopping(task: Any, what: str) -> None:
    """Where a run stops at its first failed task, no rule may let a task run after a failure."""
    name = "fail_fast" if SESSION.is_3 else "fail_stop"
    rule = task._base_given.get("trigger_rule", "all_success")
    if task.dag is not None and task.dag.given.get(name) is True and _is_plain(rule) and str(rule) not in _STOPPING:
        message = f"{what} has the trigger rule {str(rule)!r}, and its DAG has `{name}`, which allows all_success alone"
        _refused(task, "trigger_rule", message, f"Leave out `{name}`, or the trigger rule.")


def _mapped(task: Mapped, what: str) -> None:
    for name, value in task.over.items():
        shown = f"`{name}`" if name else "`expand_kwargs`"
        if isinstance(value, (XComArg, MappedArgument)):
            continue
        if entry_of(value) is None and (isinstance(value, (str, int, float, type(None))) or inspect.isgenerator(value)):
            message = f"{what} is mapped over {shown}, which is no list or dict: {value!r}"
            _refused(task, name, re.sub(r" at 0x\w+", "", message), "Map over a list, a dict or the output of a task.")
        elif isinstance(value, (list, tuple, dict, set)) and entry_of(value) is None:
            if not value:
                advice = "Look whether it is meant to be empty."
                message = f"{what} is mapped over {shown}, which is empty: it is skipped, and what follows it by its trigger rule"
                _say("airflow.expand_empty", "warning", task, message, advice, name)
        else:
            source = _sources.text(task, name) or "a value"
            message = f"{what} is mapped over {shown}, and `{source}` is not known while reading: any number of instances is assumed"
            _say("airflow.expand_unknown", "warning", task, message, "Supply the value, or look what it may be.", name)
        if name and name in task._own and name != "__over__":
            _refused(task, name, f"`{name}` of {what} is given to `partial` and to `expand`", "Give it to one of them.")
    function = task._own.get("python_callable") if task.__dict__.get("_decorator") else None
    if callable(function) and task.form == "product":
        parameters = inspect.signature(function).parameters.values()
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            for name in set(task.over) - {one.name for one in parameters}:
                _refused(task, name, f"the function of {what} takes no argument `{name}`", "Correct the name.")


def _unfiltered(dag: DAG) -> None:
    """Operators of which nothing is known get all `default_args`; Airflow gives them those that their class takes."""
    found: dict[str, set[str]] = {}
    for task in dag.tasks:
        for name in task.__dict__.get("_unfiltered", ()):
            found.setdefault(name, set()).add(task.task_type)
    for name, classes in sorted(found.items()):
        message = f"`{name}` of `default_args` is taken as an argument of {', '.join(sorted(classes))}, whose parameters are not known"
        _say("airflow.default_args_kept", "note", dag, message, "Look whether the operator takes it.", "default_args")


# --- what belongs to no DAG -------------------------------------------------------------------------------------------------


def _left_over() -> None:
    for task in MADE:
        stack = task._trail.origin["stack"]
        aside = bool(stack) and stack[-1]["function"] == "<module>" and stack[-1]["file"] != SESSION.file  # for `execute` by hand
        if task.dag is None and not aside:
            message = f"the task {task.task_id!r} belongs to no DAG: Airflow does not see it"
            _say("airflow.task_without_dag", "warning", task, message, "Make it inside of `with DAG(...)`, or give it `dag=`.")
    for partial in PARTIALS:
        if not partial.used:
            name = partial.kwargs.get("task_id")
            message = f"the task {name!r} is never mapped: `partial` without `expand` makes no task"
            _say("airflow.partial_unused", "warning", partial, message, "Add `.expand(...)`, or write a plain operator.")
    for function, called in FACTORIES:
        place = callable_place(function)
        if not called and place is not None and place[0] == SESSION.file:
            report(
                "airflow.dag_never_called", "warning",
                clean(f"the `@dag` function `{function.__name__}` is never called: it makes no DAG, and Airflow does not see one"),
                advice="Call it at module level.", file=place[0], line=place[1],
            )  # fmt: skip


def kept_in(dag: DAG) -> Iterator[str]:
    """Module-level names of lists and dicts that hold a DAG."""
    for name, value in list(vars(SESSION.module).items()):
        items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple, set)) else ()
        if any(one is dag for one in items) and not name.startswith("__"):
            yield name
