"""Operators: what a task does, by the class that made it.

The table says which rule turns which class, or a class derived from it, into an action. A class with `execute` code of the
repository's own has a rule of its own. An argument that the rule does not cover, and a class without a rule, become `Opaque`.
"""

from __future__ import annotations

from workbook_lib.model import expr as x
from workbook_lib.model._base import Json
from workbook_lib.model.action import Opaque, PythonCall, Shell
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._own_modules import is_airflows
from workbook_lib.sources.airflow._raw import RawTask
from workbook_lib.sources.airflow._requirements import asset_uris
from workbook_lib.sources.airflow._settings import SETTINGS
from workbook_lib.sources.airflow.operators import _bash, _control, _human, _own, _python, _sensors
from workbook_lib.sources.airflow.operators._families import family, steering
from workbook_lib.sources.airflow.operators._room import Built, Case, Given, Room, Rule, Unfit, mapping_of, opaque
from workbook_lib.sources.airflow.templates import compile_value

__all__ = ["DECORATORS", "OPERATORS", "Built", "Room", "build", "compile_value"]

# By TaskFlow decorator, as `RawTask.decorator` names it.
DECORATORS: dict[str, Rule] = {
    "task": _python.python,
    "python": _python.python,
    "virtualenv": _python.python,
    "external_python": _python.python,
    "branch": _python.branch,
    "branch_virtualenv": _python.branch,
    "branch_external_python": _python.branch,
    "short_circuit": _python.short_circuit,
    "sensor": _sensors.python_sensor,
    "bash": _python.bash_decorated,
    "setup": _python.python,
    "teardown": _python.python,
}

# By class name, for classes of Airflow's own modules; for a class that is not here, the nearest of its bases that is.
OPERATORS: dict[str, Rule] = {
    "BashOperator": _bash.bash,
    "PythonOperator": _python.python,
    "PythonVirtualenvOperator": _python.python,
    "ExternalPythonOperator": _python.python,
    "BranchPythonOperator": _python.branch,
    "BranchPythonVirtualenvOperator": _python.branch,
    "BranchExternalPythonOperator": _python.branch,
    "ShortCircuitOperator": _python.short_circuit,
    "EmptyOperator": _control.nothing,
    "DummyOperator": _control.nothing,
    "LatestOnlyOperator": _control.latest_only,
    "BranchDayOfWeekOperator": _control.branch_by_day,
    "BranchDateTimeOperator": _control.branch_by_time,
    "TriggerDagRunOperator": _control.start_workflow,
    "SubDagOperator": _control.start_subdag,
    "HITLOperator": _human.human,
    "HITLEntryOperator": _human.human,
    "HITLBranchOperator": _human.human_branch,
    "ApprovalOperator": _human.approval,
    "PythonSensor": _sensors.python_sensor,
    "BashSensor": _sensors.bash_sensor,
    "FileSensor": _sensors.file_sensor,
    "TimeSensor": _sensors.time_sensor,
    "TimeSensorAsync": _sensors.time_sensor,
    "TimeDeltaSensor": _sensors.time_delta_sensor,
    "TimeDeltaSensorAsync": _sensors.time_delta_sensor,
    "DateTimeSensor": _sensors.date_time_sensor,
    "DateTimeSensorAsync": _sensors.date_time_sensor,
    "DayOfWeekSensor": _sensors.weekday_sensor,
    "ExternalTaskSensor": _sensors.external_task_sensor,
}

# Arguments every operator takes that have no influence on what a task does or when; those in other fields of the task are not here.
_HARMLESS_WORDS = """
    doc doc_md doc_json doc_rst doc_yaml task_display_name owner email email_on_failure email_on_retry start_date end_date params inlets
    outlets task_id dag task_group map_index_template logger_name allow_nested_operators ui_color ui_fgcolor default_args
    pre_execute post_execute do_xcom_push multiple_outputs op_args op_kwargs templates_dict templates_exts python_callable
"""
HARMLESS = frozenset(_HARMLESS_WORDS.split())
_HOOKS = ("pre_execute", "post_execute")


def rule_for(task: RawTask) -> Rule | None:
    """The rule of a task's decorator or class."""
    decorator = task.decorator.removeprefix("task.")
    if decorator:
        return DECORATORS.get(decorator)
    line = zip(task.bases, task.base_modules, strict=False)
    return next((OPERATORS[name] for name, module in line if name in OPERATORS and is_airflows(module)), None)


def build(task: RawTask, room: Room) -> tuple[Built, list[str]]:
    """The action of a task, and the names of arguments that no rule used. A placeholder steers what follows as its operator does."""
    built, unused = _build(task, room)
    if isinstance(built.action, Opaque) and not built.steers:
        built.steers, built.steers_rules = steering(task)
    return built, unused


def _build(task: RawTask, room: Room) -> tuple[Built, list[str]]:
    given = Given(task)
    params = given.values.get("params")
    assets = {name: asset_uris(given.values[name]) for name in ("inlets", "outlets") if name in given.values}
    scope = room.scope.within(task=task.id, task_params=_params(params), facts=_facts(task, given), **assets)
    case = Case(task, given, room, scope)
    rule = rule_for(task)
    kind = family(task.operator, task.bases)
    if task.user_execute:
        rule = _own.own_execute
    if rule is None:
        return opaque(kind, f"no rule for {_class_of(task)}"), []
    hooks = {name: target for name in _HOOKS if (target := given.take(name)) is not None}
    after = room.binder.after(hooks["post_execute"], x.Element(name="output"), scope) if [*hooks] == ["post_execute"] else None
    if hooks and (rule is not _bash.bash or after is None or after.function.blockers):
        why = "".join(f"; {blocker}" for blocker in after.function.blockers) if after is not None else ""
        return opaque(kind, f"{task.operator} with a `{[*hooks][0]}` hook, which runs inside Airflow{why}"), []
    if given.records and not task.decorator and not task.user_execute and not any(name for name in given.values):
        return opaque("mapping", f"{task.operator}.expand_kwargs over records that are only known when it runs"), []
    try:
        built = rule(case)
    except Unfit as why:
        what = " defines `execute` itself, and" if task.user_execute else ":"
        built = opaque(kind, f"{task.operator}{what} {why}")
        built.links += getattr(why, "links", [])
        return built, []
    if after is not None and isinstance(built.action, Shell):
        built.action = built.action.model_copy(update={"after": after})
    if isinstance(built.action, PythonCall) and built.action.function.is_async:
        built.notes.append("its function is a coroutine function")
    return built, [name for name in given.unused() if name not in HARMLESS and name not in SETTINGS]


def _class_of(task: RawTask) -> str:
    """The class by name; with its module when the name alone would mean a class of Airflow's."""
    return f"{task.operator} of {task.operator_module}" if task.operator in OPERATORS and task.operator_module else task.operator


def _facts(task: RawTask, given: Given) -> dict[str, Expr]:
    """Attributes of the task that are settled while the file is read, as `task.retries` gives them while it runs."""
    plain: dict[str, Json] = {
        "task_type": task.operator,
        "operator_name": task.operator,
        "trigger_rule": task.trigger_rule,
        "retries": task.retry.retries,
        "pool": task.pool or "default_pool",
        "pool_slots": task.pool_slots,
    }
    for name in ("owner", "email", "queue", "doc_md"):
        found = given.values.get(name)
        plain |= {name: found.value} if isinstance(found, x.Constant) else {}
    return {name: x.Constant(value=value) for name, value in plain.items()}


def _params(found: Expr | None) -> dict[str, Expr]:
    try:
        return dict(mapping_of(found, "params"))
    except Unfit:
        return {}
