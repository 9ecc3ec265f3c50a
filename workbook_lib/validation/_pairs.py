"""Scenarios in which two tasks at once do something else than succeed; only for small workflows, and only simulated."""

from __future__ import annotations

from itertools import combinations

from workbook_lib.model.run import Outcome, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation.scenarios import plan

SMALL = 12  # tasks
MOST = 400  # scenarios


def pairs(workflow: Workflow) -> tuple[Scenario, ...]:
    """Combinations of two single scenarios about different tasks, at most `MOST`; none for a workflow of more than `SMALL` tasks."""
    if len(workflow.tasks) > SMALL:
        return ()
    usual, *others = plan(workflow).scenarios
    changes = [(scenario.name, change) for scenario in others if (change := _changes(scenario, usual))]
    found: list[Scenario] = []
    for (name, change), (other_name, other) in combinations(changes, 2):
        if not {task for task, _ in change} & {task for task, _ in other}:
            changed = (*change, *other)
            whole = {task for task, outcome in changed if outcome.map_index is None}
            kept = tuple((task, outcome) for task, outcome in usual.outcomes if task not in whole)
            found.append(Scenario(name=f"{name} and {other_name}", outcomes=(*kept, *changed)))
    return tuple(found[:MOST])


def _changes(scenario: Scenario, usual: Scenario) -> tuple[tuple[str, Outcome], ...]:
    """The outcomes in which a scenario differs from "all succeed"; a task that recovers ends alike."""
    return tuple(one for one in scenario.outcomes if one not in usual.outcomes and one[1].does != "recover")
