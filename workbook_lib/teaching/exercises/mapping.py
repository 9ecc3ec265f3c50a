"""Exercise 4: one instance per combination, and what a loop of calls is not."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _first_ends_it(e: Evidence) -> bool:
    """In the rehearsal where the first instance fails, the others never start."""
    ends = [run.state for run in e.run("price fails in its first instance").tasks if run.id == "price"]
    return ends.count(State.SUCCESS) < 3


LESSON = Lesson(
    workflow="mapping",
    hints=(
        "`expand` with two lists takes every combination: two products in two regions are four prices. How many does `map` "
        "make of two lists?",
        "`map` goes through its lists side by side, like `zip`. So write down the pairs first, with one `for` inside the other.",
        "`pairs = [(product, region) for product in PRODUCTS for region in REGIONS]`, then "
        "`price.map([p for p, _ in pairs], [r for _, r in pairs])`.",
    ),
    misconceptions=(
        Misconception(
            "map takes every combination",
            lambda e: len([run for run in e.run().tasks if run.id == "price" and run.state is State.SUCCESS]) == 2,
            "There are two prices, in Airflow there are four. `map` goes through its lists side by side; "
            "Airflow's `expand` takes every combination.",
        ),
        Misconception(
            "a list that stays whole is gone through",
            lambda e: e.state("price") is State.FAILED or any(run.state is State.FAILED for run in e.run().tasks if run.id == "price"),
            "`price` fails, because it was given a whole list where it wants one element. `unmapped` hands a value to every "
            "instance as it is.",
        ),
        Misconception(
            "a loop of calls is a mapping",
            _first_ends_it,
            "When the first price fails, the others are not made at all; in Airflow they are. "
            "A call waits, and raises in the flow: let `map` start all of them.",
        ),
    ),
)
