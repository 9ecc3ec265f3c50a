"""Exercise 9: read a *different* verdict, and tell its cause from what follows from it."""

from __future__ import annotations

from workbook_lib.model.workflow import closure
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _named(e: Evidence) -> bool:
    return all(isinstance(e.given.get(key), str) for key in ("scenario", "task", "aspect"))


def _differs(e: Evidence) -> list[str]:
    """The tasks that differ in the scenario and aspect that were named."""
    rows = e.verdict.differences
    return [row.id for row in rows if (row.scenario, row.aspect) == (e.given["scenario"], e.given["aspect"])]


def _follows(e: Evidence) -> bool:
    """A task before the one that was named differs too."""
    below = closure(e.workflow)
    return any(e.given["task"] in below.get(task, ()) for task in _differs(e))


def _solved(e: Evidence) -> str:
    row = next(row for row in e.verdict.differences if row.id == e.given["task"] and row.scenario == e.given["scenario"])
    return f"Solved. {row.id} is where it begins: {row.reason}. The tasks behind it only follow."


LESSON = Lesson(
    workflow="explain_verdict",
    hints=(
        "Look at the scenarios first: in which of them does anything differ? Something is different only when a task fails "
        "and then succeeds.",
        "In that scenario several tasks differ. Which of them comes first in the DAG?",
        'The scenario is "ask fails, then succeeds", the aspect "states". `ask` has `retries=1` in the DAG; what has it in the flow?',
    ),
    misconceptions=(
        Misconception("nothing is named", lambda e: not _named(e), "Name all three as texts: a scenario, a task, an aspect."),
        Misconception(
            "every failure is a difference",
            lambda e: not _differs(e),
            "In that scenario and aspect both engines did the same, also where a task failed: failing as Airflow does is equal. "
            "Look for a row that is different.",
        ),
        Misconception(
            "any task will do",
            lambda e: e.given["task"] not in _differs(e),
            "That task did the same in both engines. Look for one that differs in that scenario.",
        ),
        Misconception(
            "the last red task is the cause",
            _follows,
            "That task differs, but only because one before it does. Go upstream until nothing before it differs.",
        ),
    ),
    judge=_solved,
)
