"""Exercise 6: a body that still needs Airflow is written anew, and hands over the same."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _open(e: Evidence) -> bool:
    node = e.migration.program(e.name).tasks.get("ask")
    return node is not None and bool(node.placeholder)


LESSON = Lesson(
    workflow="finish_placeholder",
    hints=(
        'The hook only opens `warehouse.db` and asks. Python\'s own `sqlite3` can do that: `sqlite3.connect("warehouse.db")`.',
        '`connection.execute("SELECT ... WHERE region = ?", ["north"]).fetchone()` gives a row as a tuple. What does the next task expect?',
        'Return what the legacy function returned: `{"days": row[0], "cents": row[1]}`. Close the connection before.',
    ),
    misconceptions=(
        Misconception(
            "a placeholder is done",
            _open,
            "`ask` is still a placeholder. It takes part in rehearsals, but in a real run it fails: write its body.",
        ),
        Misconception(
            "an empty body is a conversion",
            lambda e: e.state("ask") is State.SUCCESS and e.result("ask") is None,
            "`ask` succeeds and returns nothing, so that the run looks fine and its result is lost. Return what the legacy "
            "function returned.",
        ),
        Misconception(
            "any form of the answer will do",
            lambda e: e.state("ask") is State.SUCCESS and not isinstance(e.result("ask"), dict),
            "`ask` hands over something else than in Airflow: there it is a dict with `days` and `cents`. "
            "The form of a result is a promise to the tasks behind it.",
        ),
        Misconception(
            "the condition does not matter",
            lambda e: isinstance(e.result("ask"), dict) and e.result("ask") != e.wanted("ask"),
            "`ask` hands over other numbers than in Airflow. The query has a condition: bring all of it over, with its value.",
        ),
    ),
)
