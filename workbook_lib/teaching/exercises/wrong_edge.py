"""Exercise 8: one arrow of the DAG is wrong in the flow; find it, and mend no more than that."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception

WRONG = ("rates", "clean_rates")


def _waits_for_more(e: Evidence) -> bool:
    return e.state("clean_rates", "orders fails") is not State.SUCCESS or e.state("clean_orders", "rates fails") is not State.SUCCESS


LESSON = Lesson(
    workflow="wrong_edge",
    hints=(
        "Go through the arrows of the DAG one by one, and look for each of them in a `wait_for`.",
        "When `rates` fails, `clean_rates` must not run. For what does it wait?",
        "`clean_rates` waits for `orders_run`. Its line should say `wait_for=[rates_run]`, and nothing else.",
    ),
    misconceptions=(
        Misconception(
            "one arrow more or less",
            lambda e: WRONG in e.graph.missing,
            "The arrow is still wrong: in the rehearsal where `rates` fails, a task runs that has to wait for it.",
        ),
        Misconception(
            "to wait for more does no harm",
            _waits_for_more,
            "The arrow is there, but a task now waits for something that it has nothing to do with: when the one source fails, "
            "the other is not cleaned any more.",
        ),
        Misconception(
            "mending here breaks nothing there",
            lambda e: bool(e.graph.missing),
            "That arrow is right now, but another one is gone. Change the one line, and leave the others as they are.",
        ),
    ),
)
