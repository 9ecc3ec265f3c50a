"""Exercise 7: a Variable is asked for when the task runs, and not written down."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception


def _stays(e: Evidence) -> bool:
    """With another value of the variable the answer does not change."""
    changed = e.with_variables({"turnover_limit": "2000"}).task("judge")
    return e.result("judge") == "high" and changed is not None and changed.result.get("json") != "low"


LESSON = Lesson(
    workflow="replace_variable",
    hints=(
        "Prefect has variables too, on its server: `from prefect.variables import Variable`.",
        'Ask inside the task, so that a changed value counts from the next run on: `Variable.get("turnover_limit")`.',
        'What comes may be a text, as in Airflow: `limit = int(Variable.get("turnover_limit"))`.',
    ),
    misconceptions=(
        Misconception(
            "Airflow's Variable is still there",
            lambda e: "airflow" in e.failure().lower(),
            "Your flow imports Airflow, which the project does not have. Prefect has variables of its own: `from "
            "prefect.variables import Variable`.",
        ),
        Misconception(
            "variables lie in the environment",
            lambda e: e.state("judge") is State.FAILED,
            "`judge` fails in the real run: its limit is not where you look for it, or not a number. Prefect's variables lie "
            "on its server; "
            "`Variable.get` asks for them.",
        ),
        Misconception(
            "today's value will do",
            _stays,
            "The variable was set to 2000, and your flow still says `high`. A value that was written down, or a default "
            "behind a wrong name, "
            "does not follow the variable.",
        ),
    ),
)
