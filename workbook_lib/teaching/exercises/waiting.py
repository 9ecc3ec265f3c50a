"""Exercise 2: who waits for whom, and what a failure then does."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception

LESSON = Lesson(
    workflow="waiting",
    hints=(
        "Nothing is handed over here, so nothing tells Prefect what comes first. `submit` gives back a future at once: the "
        "task may still run.",
        "`move.submit(wait_for=[stop_run])` starts when `stop` has succeeded, and not at all when it failed. Who else waits, and for whom?",
        "A flow ends as what it returns: return the futures of the last tasks, `start` and `measure`, as a list.",
    ),
    misconceptions=(
        Misconception(
            "submit waits",
            lambda e: ("stop", "move") in e.graph.missing or e.state("move", "stop fails") is State.SUCCESS,
            "When `stop` fails, `move` runs all the same. `submit` does not wait, whatever the order of the lines: say it "
            "with `wait_for=[...]`.",
        ),
        Misconception(
            "one after the other is the same",
            lambda e: e.state("measure", "move fails") is not State.SUCCESS or e.state("start", "measure fails") is not State.SUCCESS,
            "`measure` and `move` are independent in the DAG, but here a failure of one keeps the other from its end. Let "
            "both wait for `stop` only.",
        ),
        Misconception(
            "a failed task fails the flow",
            lambda e: e.run("start fails").state is State.SUCCESS,
            "When `start` fails, your flow ends as a success. A submitted task's failure stays in its future: return the last futures.",
        ),
    ),
)
