"""Chooses, for a workflow, the plainest form of flow that provably means the same.

*sequence*: blocking calls, `if`, `try` (see `_sequence`). *futures*: `.submit` and `.map` with arguments and `wait_for`. *rules*: the
emitted `shared.trigger_rules`. `Plan.why` says what ruled out the plainer forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workbook_lib.errors import UsageError
from workbook_lib.model import expr as e
from workbook_lib.model.action import Wait
from workbook_lib.model.evaluate import leaves, relevant_setups, skips, starts_early
from workbook_lib.model.graph import ordered
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Task, Workflow, closure, topological
from workbook_lib.prefect_writer.flow._decisions import decided, setting
from workbook_lib.prefect_writer.flow._elements import written
from workbook_lib.prefect_writer.flow._mapped import Mapped, against_map, maps_constants
from workbook_lib.prefect_writer.flow._sequence import If, Sequence, sequence
from workbook_lib.prefect_writer.python._names import KEPT_BY_PREFECT, KEPT_BY_RULES
from workbook_lib.prefect_writer.tasks._code import TaskCode, is_default
from workbook_lib.prefect_writer.tasks._scope import Neighbour, Scope, scope_of
from workbook_lib.prefect_writer.tasks._tasks import placeholder, task_code

# With no failed and no skipped upstream these let a task run, and with a failed one they block it: as all_success does.
_LIKE_ALL_SUCCESS = frozenset({JoinRule.ALL_SUCCESS, JoinRule.NONE_FAILED, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS})
# With no skips about, these let a task run whatever its upstream did; the second asks for its setups.
_PATIENT = frozenset({JoinRule.ALL_DONE, JoinRule.ALL_DONE_SETUP_SUCCESS})

_HASTY = frozenset({JoinRule.ALWAYS, JoinRule.ONE_SUCCESS, JoinRule.ONE_FAILED, JoinRule.ONE_DONE})  # need not wait for all upstream tasks


@dataclass(frozen=True)
class Plan:
    """How a workflow becomes a flow: its tasks' code by id, the form, and the tasks in the order of the calls."""

    workflow: Workflow
    scope: Scope
    code: dict[str, TaskCode]
    form: str
    order: tuple[str, ...]
    leaves: tuple[str, ...]
    gates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    why: tuple[str, ...] = ()
    patient: dict[str, frozenset[str]] = field(default_factory=dict)  # by task, those whose end it waits for, whatever it is
    regions: Sequence | None = None
    raises: bool = False


def plan(
    workflow: Workflow,
    decisions: Mapping[str, Any] | None = None,
    *,
    day: bool | None = None,
    awaited: bool = False,
    others: dict[str, Neighbour] | None = None,
) -> Plan:
    """The plan for a dataflow workflow as the user decided it; `day`, `awaited` and `others` as for `scope_of`."""
    if workflow.kind != "dataflow":
        raise UsageError(f"workflow {workflow.id!r} is of the kind {workflow.kind}, which the writer does not know yet")
    raises = setting(decisions or {}, workflow.id, "on_failure") == "raise"
    workflow, unwritten = written(decided(workflow, decisions or {}))
    scope = scope_of(workflow, day=day, awaited=awaited, others=others)
    code = {t.id: placeholder(t, unwritten[t.id]) if t.id in unwritten else task_code(t, scope) for t in workflow.tasks}
    why = _against_futures(workflow, code, scope)
    order = _order(workflow, code)
    grouped = any(group.mapping is not None for group in workflow.groups)
    regions = sequence(workflow, code, [task.id for task in workflow.tasks if maps_constants(task.mapping)]) if not grouped else ""
    if isinstance(regions, Sequence) and workflow.limits.fail_fast and not raises and _ends_in_arms(regions):
        regions = ""
    if isinstance(regions, Sequence):
        return Plan(workflow, scope, code, "sequence", tuple(order), leaves(workflow), regions=regions, raises=raises)
    ends = tuple(order) if raises else leaves(workflow)
    needs = _needs(workflow)
    if not why:
        patient = {task.id: _patiently(task, workflow) for task in workflow.tasks}
        return Plan(workflow, scope, code, "futures", tuple(order), ends, needs=needs, patient=patient, raises=raises)
    code |= _renamed(workflow, code, replace(scope, kept=KEPT_BY_PREFECT | KEPT_BY_RULES))
    return Plan(workflow, scope, code, "rules", tuple(order), ends, _gates(workflow), needs, tuple(why), raises=raises)


def _renamed(workflow: Workflow, code: dict[str, TaskCode], scope: Scope) -> dict[str, TaskCode]:
    """The code of tasks with a parameter that the helpers have themselves, under another name."""
    clashing = {task_id for task_id, one in code.items() if KEPT_BY_RULES & {p.name for p in one.parameters if p.name not in one.mapped}}
    return {task.id: task_code(task, scope) for task in workflow.tasks if task.id in clashing and code[task.id].reason is None}


def _ends_in_arms(regions: Sequence) -> bool:
    """Whether a flow's last tasks stand in arms of an `if`, so that no single place comes after all others."""
    return bool(regions.statements) and isinstance(regions.statements[-1], If)


def _against_futures(workflow: Workflow, code: dict[str, TaskCode], scope: Scope) -> list[str]:
    """Why plain futures would not mean the same; empty when they do."""
    reasons = ["the run stops at its first failed task"] if workflow.limits.fail_fast else []
    following, sure = closure(workflow), surely_succeeded(workflow)
    mapped = Mapped(workflow)
    for task in workflow.tasks:
        upstream = workflow.upstream(task.id)
        if aside := sorted(_taken(task, code[task.id]) - {*upstream, *sure[task.id]}):
            reasons.append(f"{task.id} takes what {aside[0]} returns, and may run without it")
        if task.steers:
            reasons.append(f"{task.id} decides what goes on")
        if (task.may_skip or "Skip" in code[task.id].rules or (isinstance(task.action, Wait) and task.action.soft)) and following[task.id]:
            reasons.append(f"{task.id} can be skipped, and a skip travels on")
        elif "Skip" in code[task.id].rules:
            reasons.append(f"{task.id} can skip itself")
        patient = _patiently(task, workflow)
        if upstream and task.join_rule not in _LIKE_ALL_SUCCESS | _PATIENT:
            reasons.append(f"{task.id} runs by the rule {task.join_rule}")
        elif task.join_rule is JoinRule.ALL_DONE_SETUP_SUCCESS and len(set(upstream) - patient) > 1:
            reasons.append(f"{task.id} needs one of several setups")
        elif patient & _taken(task, code[task.id]):
            reasons.append(f"{task.id} runs whatever happened, and takes a result that may not be there")
        elif patient and task.id in mapped.groups:
            reasons.append(f"{task.id} runs whatever happened, once per element of a group")
        if task.mapping is not None and not maps_constants(task.mapping):
            reasons.append(f"{task.id} is mapped over what another task returns, which may be empty")
        if task.id in mapped.groups and (why := against_map(task, code[task.id], mapped)) is not None:
            reasons.append(why)
        parts = (part for parameter in code[task.id].parameters if not is_default(parameter) for part in e.walk(parameter.value))
        if any(_takes_a_part(part, scope) for part in parts):
            reasons.append(f"{task.id} takes a part of a result")
    return reasons


def _patiently(task: Task, workflow: Workflow) -> frozenset[str]:
    """The upstream tasks whose end a task waits for, whatever it is: `allow_failure` says so."""
    if task.join_rule not in _PATIENT:
        return frozenset()
    setups = task.join_rule is JoinRule.ALL_DONE_SETUP_SUCCESS
    return frozenset(up for up in workflow.upstream(task.id) if not (setups and workflow.task(up).setup))


def _taken(task: Task, code: TaskCode) -> set[str]:
    """The tasks whose results a task takes."""
    values = [parameter.value for parameter in code.parameters if not is_default(parameter)]
    values += [over for _, over in task.mapping.over] if task.mapping else []
    return e.tasks_in(values)


def _takes_a_part(expr: e.Expr, scope: Scope) -> bool:
    if isinstance(expr, e.TaskOutput):
        return expr.key != "return_value" or scope.hands_over_by_name(expr.task)
    return isinstance(expr, e.Index) and isinstance(expr.base, e.TaskOutput)


def _order(workflow: Workflow, code: dict[str, TaskCode]) -> list[str]:
    """Topological, close to the source, behind what is taken without waiting for it; what waits for a length comes as late as it can."""
    waits = {task.id for task in workflow.tasks if task.mapping is not None and not maps_constants(task.mapping)}
    order, following = topological(workflow), closure(workflow)
    before = {task_id: workflow.upstream(task_id) for task_id in order}
    aside = {task.id: tuple(one for one in _taken(task, code[task.id]) if one not in following[task.id]) for task in workflow.tasks}
    if not waits and all(set(taken) <= set(before[task_id]) for task_id, taken in aside.items()):
        return order
    wished = ordered(order, {task_id: (*before[task_id], *aside[task_id]) for task_id in order}, late=waits)
    return wished if len(wished) == len(order) else ordered(order, before, late=waits)


def _needs(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """For each task the setups in whose scope it lies and that must have succeeded, where the rules on the way do not ask for that."""
    sure, relevant = surely_succeeded(workflow), relevant_setups(workflow, closure(workflow))
    return {
        task.id: needed
        for task in workflow.tasks
        if not task.teardown and task.join_rule is not JoinRule.ALWAYS
        if (needed := tuple(s for s in relevant[task.id] if s not in sure[task.id]))
    }


def surely_succeeded(workflow: Workflow) -> dict[str, frozenset[str]]:
    """For each task the tasks that have succeeded whenever it runs: all that lies behind it on paths of all_success alone."""
    sure: dict[str, frozenset[str]] = {}
    for task_id in topological(workflow):
        upstream = workflow.upstream(task_id) if workflow.task(task_id).join_rule is JoinRule.ALL_SUCCESS else ()
        sure[task_id] = frozenset(upstream).union(*(sure[up] for up in upstream))
    return sure


def may_start_early(workflow: Workflow) -> frozenset[str]:
    """The tasks that may run before a branch or short circuit has decided, and all behind them.

    Their rule need not wait, or lets them run behind what something else has skipped or blocked meanwhile.
    """
    if not starts_early(workflow):
        return frozenset()
    following = closure(workflow)
    sweeping = [task.id for task in workflow.tasks if task.steers == "short_circuit" and not task.steers_rules]
    far = {after for gate in sweeping for after in following[gate] - frozenset(workflow.downstream(gate))}
    first = {t.id for t in workflow.tasks if t.join_rule in _HASTY or (t.id in far and t.join_rule is not JoinRule.ALL_SUCCESS)}
    return frozenset(first).union(*(following[task_id] for task_id in first))


def _gates(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """For each task the short circuits whose false answer must be asked for explicitly, because rules alone would not skip it.

    A direct downstream task always asks. One further down only when its rule, or another upstream task, could let it run all the same.
    """
    following, early = closure(workflow), may_start_early(workflow)
    gates: dict[str, list[str]] = {task.id: [] for task in workflow.tasks}
    for gate in workflow.tasks:
        if gate.steers != "short_circuit":
            continue
        inside = following[gate.id]
        for task in workflow.tasks:
            if task.id not in inside or task.teardown or not skips(workflow, gate.id, task.id):  # it never skips a teardown
                continue
            upstream = workflow.upstream(task.id)
            direct = gate.id in upstream
            skipped = all(up in inside and not workflow.task(up).teardown for up in upstream)  # a teardown runs all the same
            swept = task.join_rule is JoinRule.ALL_SUCCESS and skipped and task.id not in early
            if direct or (not gate.steers_rules and not swept):
                gates[task.id].append(gate.id)
    return {task_id: tuple(names) for task_id, names in gates.items() if names}
