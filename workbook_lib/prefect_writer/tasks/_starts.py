"""Task functions that start another workflow."""

from __future__ import annotations

from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.model.action import StartWorkflow
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.python._expr import Unprintable, literal
from workbook_lib.prefect_writer.python._names import Names, deployment_name, flow_name
from workbook_lib.prefect_writer.tasks._actions import built
from workbook_lib.prefect_writer.tasks._code import Builder, TaskCode
from workbook_lib.prefect_writer.tasks._scope import Neighbour, Scope


def start_task(task: Task, action: StartWorkflow, scope: Scope) -> TaskCode:
    """Start a deployment of another flow; its parameters are the legacy run's configuration."""
    builder = Builder(task, scope, Names())
    if not isinstance(action.workflow, e.Constant):
        raise Unprintable("which workflow it starts is known only when it runs")
    name = str(action.workflow.value)
    helpers: set[str] = set()
    notes: list[str] = []
    given = _parameters(builder, action, scope.others.get(name), helpers, notes)
    call = f"{literal(f'{flow_name(name)}/{deployment_name(name)}')}{given}"
    every = f"{action.interval_seconds:g}"
    if action.wait and not action.any_end:
        helpers.add("run_to_its_end")
        body = f"    run_to_its_end({call}, every={every})"
    else:
        builder.imports.add("from prefect.deployments import run_deployment")
        body = f"    run_deployment({call}, {f'poll_interval={every}' if action.wait else 'timeout=0'}, as_subflow=False)"
    return replace(built(task, builder, body, None, frozenset(helpers), frozenset()), notes=tuple(notes))


def _parameters(builder: Builder, action: StartWorkflow, other: Neighbour | None, helpers: set[str], notes: list[str]) -> str:
    """What the run is given: the configuration, and its logical date under the name by which the other flow takes it."""
    found = _known(action.parameters, other, notes)
    given = builder.printer.show(found) if found is not None else ""
    if action.logical_date is not None and other is None:
        notes.append("starts a run for a logical date; how the other flow takes one is not known, as it is not part of this project")
    elif action.logical_date is not None and other is not None:
        given = (f"{given} | " if given else "") + f'{{"{other.date_name}": {_date(builder, action.logical_date, other, helpers)}}}'
    return f", parameters={given}" if given else ""


def _date(builder: Builder, date: e.Expr, other: Neighbour, helpers: set[str]) -> str:
    """The logical date as the other flow takes it: the run's own, a fixed one, or one that is known as text."""
    shown = builder.printer.show(date)
    own = isinstance(date, e.Context) and date.name == "logical_date"
    if own and builder.scope.day and other.day:
        return shown
    if not isinstance(date, e.Moment) and (builder.scope.day or not own):
        helpers.add("moment_of")
        shown = f"moment_of({shown}{'.isoformat()' if own else ''})"
    return f"{shown}.date()" if other.day else shown


def _known(given: e.Expr | None, other: Neighbour | None, notes: list[str]) -> e.Expr | None:
    """The configuration as parameters of the other flow, which refuses what it does not take."""
    if given is None or other is None:
        return given
    pairs = given.items if isinstance(given, e.DictOf) else _pairs(given)
    if pairs is None:
        return given
    kept, dropped = [], []
    for key, value in pairs:
        name = other.parameters.get(str(key.value)) if isinstance(key, e.Constant) else None
        if name is None:
            dropped.append(str(getattr(key, "value", key.kind)))
        else:
            kept.append((e.Constant(value=name), value))
    if dropped:
        notes.append(f"gives the run that it starts {', '.join(map(repr, dropped))}, which the other flow does not read")
    return e.DictOf(items=tuple(kept)) if kept else None


def _pairs(given: e.Expr) -> tuple[tuple[e.Expr, e.Expr], ...] | None:
    if not isinstance(given, e.Constant) or not isinstance(given.value, dict):
        return None
    return tuple((e.Constant(value=key), e.Constant(value=value)) for key, value in given.value.items())
