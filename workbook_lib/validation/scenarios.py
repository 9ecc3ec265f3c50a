"""Which scenarios a workflow is rehearsed in: every way that one task alone can change the course of a run.

| name | what happens |
|---|---|
| all succeed | every task succeeds, every branch takes its first arm, every short circuit lets through |
| T fails | every attempt of T fails (of every instance, when T is mapped) |
| T fails in its first instance | the same for the first instance of a mapped task alone |
| T skips | T's own body ends as skipped; a short circuit answers false; a soft wait gives up |
| B chooses A | the branching task B returns A; one scenario for each task directly behind B |
| T fails, then succeeds | the first attempt fails, the second succeeds; for tasks with retries |
| T gives N | N = 0, 1, 3 elements, where T's output decides how often a mapped task runs; elsewhere two |

In a scenario about T, branches above T choose the first arm that leads to T, so that T is reached at all.

Workflows of more than `MANY_TASKS` tasks: of the tasks that are alike (same neighbours, join rule, retries, mapping ...) only
the first is rehearsed, and at most `MOST_SCENARIOS` scenarios are kept; `plan` lists the names of all others with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.action import Wait
from workbook_lib.model.run import Outcome, Scenario
from workbook_lib.model.workflow import Task, Workflow, closure
from workbook_lib.validation._lengths import STANDARD, Shape, deciders, scripted

MANY_TASKS = 200
MOST_SCENARIOS = 600
LENGTHS = (0, 1, 3)
ALL_SUCCEED = "all succeed"


class Plan(Frozen):
    """The scenarios to rehearse, and the names of those left out, each with the reason."""

    scenarios: tuple[Scenario, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def scenarios(workflow: Workflow) -> tuple[Scenario, ...]:
    """The rehearsals of a workflow, in a fixed order, names unique; see `plan` for what a very large workflow leaves out."""
    return plan(workflow).scenarios


def plan(workflow: Workflow) -> Plan:
    """The rehearsals of a workflow and what was left out of them."""
    shapes = deciders(workflow)
    base = _base(workflow, shapes)
    kept: list[Scenario] = [_scenario(ALL_SUCCEED, base, {})]
    left_out: list[tuple[str, str]] = []
    alike: dict[object, str] = {}
    leads = _leads(workflow)
    many = len(workflow.tasks) > MANY_TASKS
    for task in workflow.tasks:
        first = alike.setdefault(_likeness(workflow, task, shapes), task.id) if many else task.id
        for name, outcome in _of_task(workflow, task, base, shapes):
            if first != task.id:
                left_out.append((name, f"more than {MANY_TASKS} tasks, and {first!r} is alike and rehearsed"))
            elif many and len(kept) >= MOST_SCENARIOS:
                left_out.append((name, f"more than {MANY_TASKS} tasks, and {MOST_SCENARIOS} scenarios are rehearsed already"))
            else:
                kept.append(_scenario(name, base | leads.get(task.id, {}), {task.id: outcome}))
    return Plan(scenarios=tuple(kept), left_out=tuple(left_out))


def _of_task(workflow: Workflow, task: Task, base: dict[str, Outcome], shapes: dict[str, Shape]) -> Iterator[tuple[str, Outcome]]:
    """The names and outcomes of all scenarios in which `task` does something else than in "all succeed"."""
    usual = base.get(task.id, Outcome())
    yield f"{task.id} fails", Outcome(does="fail")
    if is_mapped(workflow, task):
        yield f"{task.id} fails in its first instance", Outcome(does="fail", map_index=0)
    if task.may_skip or (isinstance(task.action, Wait) and task.action.soft):
        yield f"{task.id} skips", Outcome(does="skip")
        if task.steers == "short_circuit":
            yield f"{task.id} answers false", Outcome(value=False)
    elif task.steers == "short_circuit":
        yield f"{task.id} skips", Outcome(value=False)
    if task.steers == "branch":
        for arm in dict.fromkeys(workflow.downstream(task.id)):
            yield f"{task.id} chooses {arm}", Outcome(arms=(arm,))
    if task.retry.retries > 0:
        yield f"{task.id} fails, then succeeds", usual.model_copy(update={"does": "recover", "fails": 1})
    shape = shapes.get(task.id)
    if shape is not None:
        for length in LENGTHS:
            yield f"{task.id} gives {length}", Outcome(value=scripted(task.id, shape, length))


def _base(workflow: Workflow, shapes: dict[str, Shape]) -> dict[str, Outcome]:
    """What each task that needs a value does in "all succeed"."""
    base: dict[str, Outcome] = {}
    for task in workflow.tasks:
        if task.steers == "branch":
            base[task.id] = Outcome(arms=workflow.downstream(task.id)[:1])
        elif task.steers == "short_circuit":
            base[task.id] = Outcome(value=True)
        elif task.id in shapes:
            base[task.id] = Outcome(value=scripted(task.id, shapes[task.id], STANDARD))
    return base


def _leads(workflow: Workflow) -> dict[str, dict[str, Outcome]]:
    """Per task what the branches above it must choose, where their first arm does not lead to it."""
    branches = [task.id for task in workflow.tasks if task.steers == "branch"]
    below = closure(workflow) if branches and workflow.kind == "dataflow" else {}
    leads: dict[str, dict[str, Outcome]] = {}
    for branch in branches:
        first, *others = workflow.downstream(branch) or ("",)
        for arm in others:
            for task_id in {arm} | below.get(arm, frozenset()):
                if task_id != first and task_id not in below.get(first, frozenset()):
                    leads.setdefault(task_id, {}).setdefault(branch, Outcome(arms=(arm,)))
    return leads


def _scenario(name: str, base: dict[str, Outcome], changed: dict[str, Outcome]) -> Scenario:
    outcomes: list[tuple[str, Outcome]] = []
    for task_id in dict.fromkeys((*base, *changed)):
        change = changed.get(task_id)
        if task_id in base and (change is None or change.map_index is not None):
            outcomes.append((task_id, base[task_id]))
        if change is not None:
            outcomes.append((task_id, change))
    return Scenario(name=name, kind="rehearsal", outcomes=tuple(outcomes))


def is_mapped(workflow: Workflow, task: Task) -> bool:
    """Whether the task runs once per element, by itself or through a group around it."""
    groups = {group.id: group for group in workflow.groups}
    if task.mapping is not None:
        return True
    name = task.group
    while name is not None:
        if groups[name].mapping is not None:
            return True
        name = groups[name].parent
    return False


def _likeness(workflow: Workflow, task: Task, shapes: dict[str, Shape]) -> tuple[Json, ...]:
    """Tasks with an equal likeness are interchangeable for the rules, so that rehearsing one of them tells about all."""
    if task.id in shapes:
        return ("decides", task.id)
    edges = [(e.source, e.choice) for e in workflow.edges if e.target == task.id]
    after = [(e.target, e.choice) for e in workflow.edges if e.source == task.id]
    return (
        tuple(sorted(edges, key=repr)),
        tuple(sorted(after, key=repr)),
        task.join_rule,
        task.steers,
        task.may_skip,
        task.retry.retries,
        task.group,
        task.mapping is not None,
        task.setup,
        task.teardown,
        task.id if task.steers == "branch" else "",
        isinstance(task.action, Wait),
    )
