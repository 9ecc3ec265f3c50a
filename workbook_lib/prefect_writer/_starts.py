"""Task functions that start another workflow."""

from __future__ import annotations

from workbook_lib.model import expr as e
from workbook_lib.model.action import StartWorkflow
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer._actions import built
from workbook_lib.prefect_writer._code import Builder, TaskCode
from workbook_lib.prefect_writer._expr import Unprintable, literal
from workbook_lib.prefect_writer._names import Names, deployment_name, flow_name
from workbook_lib.prefect_writer._scope import Scope


def start_task(task: Task, action: StartWorkflow, scope: Scope) -> TaskCode:
    """Start a deployment of another flow; its parameters are the legacy run's configuration."""
    builder = Builder(task, scope, Names())
    if not isinstance(action.workflow, e.Constant):
        raise Unprintable("which workflow it starts is known only when it runs")
    name = str(action.workflow.value)
    deployment = literal(f"{flow_name(name)}/{deployment_name(name)}")
    parameters = _parameters(builder, action, scope.dates_of.get(name))
    if not action.wait:
        builder.imports.add("from prefect.deployments import run_deployment")
        body = f"    run_deployment({deployment}{parameters}, timeout=0, as_subflow=False)"
        return built(task, builder, body, None, frozenset(), frozenset())
    if action.any_end:
        builder.imports.add("from prefect.deployments import run_deployment")
        body = f"    run_deployment({deployment}{parameters}, poll_interval={action.interval_seconds:g}, as_subflow=False)"
        return built(task, builder, body, None, frozenset(), frozenset())
    body = f"    run_to_its_end({deployment}{parameters}, every={action.interval_seconds:g})"
    return built(task, builder, body, None, frozenset({"run_to_its_end"}), frozenset())


def _parameters(builder: Builder, action: StartWorkflow, date_name: str | None) -> str:
    """What the run is given: the configuration, and its logical date under the name by which the other flow takes it."""
    given = builder.printer.show(action.parameters) if action.parameters is not None else ""
    if action.logical_date is not None and date_name is not None:
        date = f'{{"{date_name}": {builder.printer.show(action.logical_date)}}}'
        given = f"{given} | {date}" if given else date
    return f", parameters={given}" if given else ""
