"""The exercises: `exercise(name, root)` opens one; see notebooks/exercises."""

from __future__ import annotations

from pathlib import Path

from workbook_lib.errors import UsageError
from workbook_lib.teaching.exercises import (
    backfill,
    data_interval,
    explain_verdict,
    finish_placeholder,
    mapping,
    passing_data,
    replace_variable,
    trigger_rule,
    waiting,
    wrong_edge,
)
from workbook_lib.teaching.exercises._exercise import Exercise
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception

# From easy to hard; a new one is a module here, a DAG and a solution in notebooks/exercises.
_MODULES = (
    passing_data,
    waiting,
    trigger_rule,
    mapping,
    data_interval,
    finish_placeholder,
    replace_variable,
    wrong_edge,
    explain_verdict,
    backfill,
)
LESSONS: dict[str, Lesson] = {module.LESSON.workflow: module.LESSON for module in _MODULES}

__all__ = ["LESSONS", "Exercise", "Lesson", "Misconception", "exercise"]


def exercise(name: str, root: str | Path = "my_exercises") -> Exercise:
    """Open an exercise in the folder that all of them share; UsageError lists those that there are."""
    if name not in LESSONS:
        raise UsageError(f"there is no exercise {name!r}.", advice=f"Exercises: {', '.join(LESSONS)}.")
    return Exercise(LESSONS[name], root)
