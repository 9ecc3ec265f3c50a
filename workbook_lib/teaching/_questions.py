"""Questions about a workflow, made from its own recorded scenarios: who ends how, and why the other answers are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbook_lib.model.evaluate import simulate
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import REAL, Scenario, TaskRun
from workbook_lib.model.workflow import Workflow, closure

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

ENDS = ("success", "failed")
STATES = ("success", "failed", "skipped", "upstream_failed")


@dataclass(frozen=True)
class Question:
    """`right` is one of `choices`; `why` says of each other choice what who believes it has to know. `kind`: run, task, branch or tries.

    `states` are those of the legacy run by task; `recorded` tells whether Airflow itself showed them, or its rules were evaluated.
    `surprise` orders questions of a kind: the larger, the more people get it wrong.
    """

    key: str
    kind: str
    scenario: str
    text: str
    choices: tuple[str, ...]
    right: str
    why: Mapping[str, str]
    states: Mapping[str, str]
    task: str = ""
    recorded: bool = True
    surprise: int = 0


@dataclass(frozen=True)
class Course:
    """How a scenario went in Airflow: the run's end, and per task its attempts and state, but for those that ended in several ways."""

    end: str
    states: Mapping[str, str]
    attempts: Mapping[str, int]
    recorded: bool


def questions(migration: Migration, workflow: Workflow) -> tuple[Question, ...]:
    """All questions that the scenarios give, the most surprising of each kind first."""
    found = [question for scenario in migration.scenarios(workflow.id) for question in _of(migration, workflow, scenario)]
    return tuple(sorted(found, key=lambda question: -question.surprise))


def course(migration: Migration, workflow: Workflow, scenario: Scenario) -> Course:
    """What Airflow did; where nothing is recorded, what its rules say."""
    record = migration.store.record("legacy", workflow.id, scenario.name)
    if record is not None and not record.problem:
        return Course(str(record.state), states(record.tasks), {run.id: run.attempts for run in record.tasks}, True)
    runs, end = simulate(workflow, scenario)
    return Course(str(end), states(runs), {}, False)


def states(runs: Iterable[TaskRun]) -> dict[str, str]:
    """The state of each task all of whose instances ended alike."""
    found: dict[str, set[str]] = {}
    for run in runs:
        found.setdefault(run.id, set()).add(str(run.state))
    return {task: next(iter(ends)) for task, ends in found.items() if len(ends) == 1}


def _of(migration: Migration, workflow: Workflow, scenario: Scenario) -> Iterator[Question]:
    task, _, event = scenario.name.rpartition(" fails")
    branch, _, arm = scenario.name.partition(" chooses ")
    ids = {one.id for one in workflow.tasks}
    if scenario.name == REAL.name or not ((event == "" and task in ids) or (branch in ids and arm in ids)):
        return
    went = course(migration, workflow, scenario)
    if arm:
        yield from _after(workflow, scenario, went, branch, f"`{branch}` chooses `{arm}`", f"if_{branch}_chooses_{arm}", "branch")
    else:
        yield _end(workflow, scenario, went, task)
        yield from _after(workflow, scenario, went, task, f"`{task}` fails", f"if_{task}_fails", "task")
        if (retries := workflow.task(task).retry.retries) and went.attempts.get(task) == retries + 1:
            yield _tries(scenario, went, task, retries)


def _end(workflow: Workflow, scenario: Scenario, went: Course, task: str) -> Question:
    leaves = [one.id for one in workflow.tasks if not workflow.downstream(one.id) and not one.teardown]
    ends = ", ".join(f"`{leaf}` ({went.states.get(leaf, 'mixed')})" for leaf in leaves[:4])
    rule = f"Airflow takes the state of a run from its last tasks alone, here {ends}"
    why = {
        "failed": f"{rule}. None of them failed, so the run succeeds, although `{task}` did not.",
        "success": f"{rule}. One of them failed, or was kept from running by a failure: the run fails.",
    }
    text = f"`{task}` fails, at every try. How does the run end?"
    surprise = 10 if went.end == "success" else 0
    return Question(f"if_{task}_fails", "run", scenario.name, text, ENDS, went.end, why, went.states, "", went.recorded, surprise)


def _after(workflow: Workflow, scenario: Scenario, went: Course, cause: str, said: str, key: str, kind: str) -> Iterator[Question]:
    below = closure(workflow)
    for task in workflow.tasks:
        right = went.states.get(task.id)
        if task.id in below.get(cause, ()) and right in STATES:
            why = _why(task.id, str(task.join_rule), right, said)
            usual = "upstream_failed" if kind == "task" else "success"
            surprise = 3 * (right != usual) + (task.join_rule is not JoinRule.ALL_SUCCESS) + (right == "skipped")
            text = f"{said}. How does `{task.id}` end?"
            yield Question(f"{task.id}_{key}", kind, scenario.name, text, STATES, right, why, went.states, task.id, went.recorded, surprise)


def _why(task: str, rule: str, right: str, said: str) -> dict[str, str]:
    """What to know for each answer that is not right."""
    ran = {
        "upstream_failed": f"`{task}` never starts: its rule is `{rule}`, and something before it failed or was kept from running.",
        "skipped": f"`{task}` never starts: its rule is `{rule}`, and a branch or skip before it passed it over: skips travel downstream.",
        "success": f"`{task}` runs: its rule is `{rule}`, which lets it start in this case.",
        "failed": f"`{task}` runs and fails.",
    }[right]
    return {
        "success": f"{ran}",
        "failed": f"{ran} Only a task whose code has run can be failed.",
        "skipped": f"{ran} Skipped is what a branch, a short circuit or the task itself decides, not what a failure does.",
        "upstream_failed": f"{ran} Upstream failed is what only a failure before a task brings about.",
    }


def _tries(scenario: Scenario, went: Course, task: str, retries: int) -> Question:
    choices = tuple(str(number) for number in dict.fromkeys((1, retries, retries + 1)))
    why = {
        "1": f"`{task}` has `retries={retries}`: a failed attempt is followed by another one.",
        str(retries): f"`retries={retries}` counts the attempts after the first one.",
    }
    text = f"`{task}` has `retries={retries}` and always fails. How often does its code start?"
    return Question(f"tries_of_{task}", "tries", scenario.name, text, choices, str(retries + 1), why, went.states, task, went.recorded, 1)
