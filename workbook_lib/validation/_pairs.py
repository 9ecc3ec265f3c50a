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
    base = dict(usual.outcomes)
    changes = [(scenario.name, *change) for scenario in others if (change := _change(scenario, base)) is not None]
    found: list[Scenario] = []
    for (name, task, outcome), (other_name, other, other_outcome) in combinations(changes, 2):
        if task != other:
            changed = {task: outcome, other: other_outcome}
            kept = [(task_id, value) for task_id, value in base.items() if task_id not in changed or changed[task_id].map_index is not None]
            found.append(Scenario(name=f"{name} and {other_name}", outcomes=(*kept, *changed.items())))
    return tuple(found[:MOST])


def _change(scenario: Scenario, base: dict[str, Outcome]) -> tuple[str, Outcome] | None:
    """The one outcome in which a scenario ends otherwise than "all succeed"; None when all end alike."""
    changes = ((task, outcome) for task, outcome in scenario.outcomes if base.get(task) != outcome and outcome.does != "recover")
    return next(changes, None)
