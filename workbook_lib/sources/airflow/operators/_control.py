"""Tasks that do nothing themselves, choose by the clock, or start another DAG.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/index.html and the operators' API reference.
"""

from __future__ import annotations

from datetime import datetime

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


def start_workflow(case: Case) -> Built:
    """TriggerDagRunOperator."""
    given = case.given
    workflow = case.templated("trigger_dag_id")
    if workflow is None:
        raise Unfit("it has no `trigger_dag_id`")
    notes = []
    for name in ("execution_date", "logical_date", "trigger_run_id"):
        if given.take(name) is not None:
            notes.append(f"it gives the run it starts a `{name}`, which a flow run does not take")
    for name in ("allowed_states", "failed_states", "skip_when_already_exists", "reset_dag_run"):
        if given.plain(name) not in (None, False, ["success"], ["failed"]):
            notes.append(f"its `{name}` has no equivalent")
    given.used |= {"poke_interval", "deferrable", "fail_when_dag_is_paused"}
    wait = bool(given.plain("wait_for_completion", False))
    action = StartWorkflow(workflow=workflow, parameters=case.templated("conf"), wait=wait)
    links = []
    if isinstance(workflow, x.Constant):
        links.append(Link(kind="starts", target=str(workflow.value), task=case.task.id))
    return Built(action, links=links, notes=notes, may_skip=bool(given.plain("skip_when_already_exists", False)))
