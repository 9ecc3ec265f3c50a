"""Tasks that do nothing themselves, choose by the clock, or start another DAG.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/index.html and the operators' API reference.
"""

from __future__ import annotations

from datetime import datetime

from workbook_lib.model import cron
from workbook_lib.model import expr as x
from workbook_lib.model.action import Nothing, StartWorkflow
from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Link
from workbook_lib.sources.airflow._context import LOGICAL
from workbook_lib.sources.airflow.operators._made import made, week_days
from workbook_lib.sources.airflow.operators._room import Built, Case, Unfit


def nothing(case: Case) -> Built:
    """EmptyOperator, DummyOperator, ExternalTaskMarker."""
    case.given.used |= {"external_dag_id", "external_task_id", "recursion_depth", "execution_date", "logical_date"}
    return Built(Nothing())


def _arms(case: Case) -> dict[str, Expr]:
    """What is chosen, as it was given: one task id or a list of them is also the operator's result."""
    names = (("if_true", "follow_task_ids_if_true"), ("if_false", "follow_task_ids_if_false"))
    return {name: x.Constant(value=case.given.plain(argument, [])) for name, argument in names}


def branch_by_day(case: Case) -> Built:
    """BranchDayOfWeekOperator."""
    days = x.Constant(value=week_days(case.given.take("week_day")))
    if case.given.plain("use_task_logical_date", False) or case.given.plain("use_task_execution_day", False):
        return Built(made("choose_by_day_of", moment=LOGICAL, days=days, **_arms(case)), steers="branch")
    timezone = x.Constant(value=case.room.dag.timezone or case.room.dag.schedule.timezone)
    return Built(made("choose_by_day", days=days, timezone=timezone, **_arms(case)), steers="branch")


def branch_by_time(case: Case) -> Built:
    """BranchDateTimeOperator, with two moments or two times of day."""
    by_logical_date = case.given.plain("use_task_logical_date", False) or case.given.plain("use_task_execution_date", False)
    lower, upper = case.given.clock("target_lower"), case.given.clock("target_upper")
    bounds: dict[str, Expr] = {"lower": lower or x.Constant(), "upper": upper or x.Constant()}
    given = [bound for bound in (lower, upper) if bound is not None]
    moments = [bound for bound in given if isinstance(bound, x.Moment)]
    if any(datetime.fromisoformat(moment.iso).tzinfo is None for moment in moments):
        raise Unfit("its bounds are moments without a time zone")
    if moments and len(moments) == len(given):
        if by_logical_date:
            return Built(made("choose_by_time_of", moment=LOGICAL, **bounds, **_arms(case)), steers="branch")
        return Built(made("choose_by_time", **bounds, **_arms(case)), steers="branch")
    clock = all(isinstance(bound, x.Constant) and isinstance(bound.value, str) for bound in given)
    if given and clock and not by_logical_date:
        timezone = x.Constant(value=case.room.dag.timezone or case.room.dag.schedule.timezone)
        return Built(made("choose_by_clock", timezone=timezone, **bounds, **_arms(case)), steers="branch")
    raise Unfit("its bounds are not two fixed moments or two times of day")


def latest_only(case: Case) -> Built:
    """LatestOnlyOperator: skip what follows directly when a newer run is already due. A run started by hand always goes on.

    In Airflow 2 a run by hand has no interval of its own that could be old; in 3 it is told by how it was started.
    """
    schedule, version_2 = case.room.dag.schedule, case.room.scope.airflow.startswith(("1.", "2."))
    follow = x.Constant(value=list(dict.fromkeys(edge.target for edge in case.room.dag.edges if edge.source == case.task.id)))
    always: Expr = x.Constant(value=False) if version_2 else x.Operation(operator="not", operands=(x.Context(name="scheduled"),))
    steps = 1 if schedule.trigger or (schedule.trigger is None and not version_2) else 2
    if schedule.kind == "interval" and schedule.interval_seconds:
        seconds = x.Constant(value=int(schedule.interval_seconds * steps))
        return Built(made("choose_if_latest", moment=LOGICAL, seconds=seconds, always=always, follow=follow), steers="branch")
    if schedule.kind == "cron" and schedule.cron:
        when = {"cron": x.Constant(value=cron.fields(schedule.cron)), "timezone": x.Constant(value=schedule.timezone)}
        steps_of = x.Constant(value=steps)
        call = made("choose_if_latest_of", moment=LOGICAL, **when, steps=steps_of, always=always, follow=follow)
        return Built(call, steers="branch")
    if schedule.kind in ("none", "once"):
        return Built(made("choose_always", follow=follow), steers="branch")
    raise Unfit(f"which run is the latest cannot be told from its schedule ({schedule.kind})")


def start_workflow(case: Case) -> Built:
    """TriggerDagRunOperator."""
    given = case.given
    workflow = case.templated("trigger_dag_id")
    if workflow is None:
        raise Unfit("it has no `trigger_dag_id`")
    notes = []
    moment = case.templated("execution_date") or case.templated("logical_date")
    if isinstance(moment, x.Constant):
        moment = x.Moment(iso=str(moment.value))
    if given.take("trigger_run_id") is not None:
        notes.append("it names the run that it starts (`trigger_run_id`); Prefect names runs itself")
    if moment is not None and given.plain("skip_when_already_exists", False):
        raise Unfit("it skips where the other DAG already has a run of that date (`skip_when_already_exists`)")
    if moment is not None and not given.plain("reset_dag_run", False):
        notes.append("it fails where the other DAG already has a run of that date; the flow starts another one")
    if given.take("run_after") is not None:
        raise Unfit("the run that it starts is put off (`run_after`)")
    ends = {name: set(map(_state, _as_list(given.plain(name)))) for name in ("allowed_states", "failed_states")}
    allowed, failed = ends["allowed_states"] or {"success"}, ends["failed_states"]
    any_end = allowed >= {"success", "failed"} and not failed
    wait = bool(given.plain("wait_for_completion", False))
    if wait and not any_end and (allowed != {"success"} or not failed <= {"failed"}):
        raise Unfit("it is content with other ends of the run than success (`allowed_states`, `failed_states`)")
    given.used |= {"deferrable", "fail_when_dag_is_paused", "note", "openlineage_inject_parent_info", "reset_dag_run"}
    given.used |= {"skip_when_already_exists"}
    action = StartWorkflow(
        workflow=workflow,
        parameters=case.templated("conf"),
        logical_date=moment,
        wait=wait,
        any_end=any_end,
        interval_seconds=given.seconds("poke_interval", 60.0) or 60.0,
    )
    links = []
    if isinstance(workflow, x.Constant):
        links.append(Link(kind="starts", target=str(workflow.value), task=case.task.id))
    return Built(action, links=links, notes=notes)


def start_subdag(case: Case) -> Built:
    """SubDagOperator: the DAG inside is a flow of its own, which this task starts for the same date and waits for."""
    if case.given.take("propagate_skipped_state") is not None:
        raise Unfit("it skips where tasks of the DAG inside do (`propagate_skipped_state`)")
    case.given.used |= {"subdag", "session", "mode", "poke_interval", "soft_fail", "timeout", "exponential_backoff", "max_wait"}
    child = f"{case.room.dag.id}.{case.task.id}"
    action = StartWorkflow(
        workflow=x.Constant(value=child), parameters=case.templated("conf"), logical_date=LOGICAL, wait=True, interval_seconds=5.0
    )
    note = f"the DAG inside is the flow {child!r}, which this task alone starts: leave the schedule of its own deployment off"
    return Built(action, links=[Link(kind="starts", target=child, task=case.task.id)], notes=[note])


def _as_list(found: object) -> list[object]:
    return list(found) if isinstance(found, list) else [] if found is None else [found]


def _state(value: object) -> str:
    return str(value).rpartition(".")[2].lower()
