"""Exercise 10: a run that is repeated leaves what one run leaves."""

from __future__ import annotations

from typing import Any

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _rows(e: Evidence) -> dict[str, tuple[int, int]]:
    """Per day the number and the sum of its rows after the answer's run."""
    found: Any = e.result("load")
    return {str(row[0]): (row[1], row[2]) for row in found if len(row) == 3} if isinstance(found, list) else {}


LESSON = Lesson(
    workflow="backfill",
    hints=(
        "The table holds this day already, from an earlier run, with a figure that was corrected since. What has to be there afterwards?",
        "Take the day's old rows away, then write the new ones, in one transaction: so a run may be repeated, also after a crash.",
        '`connection.execute("DELETE FROM sales WHERE day = ?", [day])`, then '
        '`connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)`.',
    ),
    misconceptions=(
        Misconception(
            "a run happens once",
            lambda e: _rows(e).get("2024-01-01", (0, 0))[0] == 4,
            "The day is in the table twice. A run may be repeated: by a retry, by hand, by a backfill. Its rows have to take "
            "the place of the old ones.",
        ),
        Misconception(
            "a clean table is a safe table",
            lambda e: e.state("load") is State.SUCCESS and "2023-12-31" not in _rows(e),
            "The other days are gone. A run owns the rows of its own interval, and nothing else.",
        ),
        Misconception(
            "what is there is right",
            lambda e: _rows(e).get("2024-01-01") == (2, 1190),
            "The corrected figure did not arrive: your run saw rows of that day and left them. To repeat a run has to renew its day.",
        ),
    ),
)
