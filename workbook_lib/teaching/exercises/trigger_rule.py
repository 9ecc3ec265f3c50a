"""Exercise 3: `all_done`, and where the state of a run comes from."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception

LESSON = Lesson(
    workflow="trigger_rule",
    hints=(
        "`all_done` means: start when everything before has ended, however it ended. Which statement of Python does something "
        "in either case?",
        "A called task that fails raises in the flow. Put `make()` and `fill()` into a `try`, and think about what comes after it.",
        "Airflow takes the state of a run from its last task. After `except Exception:` and a line for the log, return what `drop` gives: "
        "`return drop(return_state=True)`.",
    ),
    misconceptions=(
        Misconception(
            "the rule can be left out",
            lambda e: e.state("drop", "fill fails") is not State.SUCCESS,
            "When `fill` fails, `drop` does not run: the exception leaves the flow before its line is reached.",
        ),
        Misconception(
            "all_done means on failure",
            lambda e: e.state("drop", "all succeed") is not State.SUCCESS,
            "When all goes well, `drop` does not run. `all_done` is not `one_failed`: it runs in either case, so it cannot "
            "stand in the `except`.",
        ),
        Misconception(
            "the worst task decides about the run",
            lambda e: e.run("fill fails").state is State.FAILED,
            "`drop` runs, but then your run fails, and in Airflow it succeeds: a run's state comes from its last tasks, and "
            "`drop` succeeded. "
            "The exception must not leave the flow.",
        ),
    ),
)
