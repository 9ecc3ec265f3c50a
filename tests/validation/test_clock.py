"""A branch on the time of day: what follows it is compared where both engines asked at the same time, or were told the same."""

from __future__ import annotations

import pytest
from validation_build import changed, flow, record

from workbook_lib.model.action import PythonCall
from workbook_lib.model.function import Function
from workbook_lib.model.run import Outcome, RunRecord, Scenario
from workbook_lib.model.workflow import Edge, Workflow
from workbook_lib.validation import Judgement, compare_runs

BY_CLOCK = "def choose():\n    return 'early' if datetime.now(UTC).hour < 12 else 'late'\n"
BY_CODE = "def choose():\n    return 'early'\n"


def branch(source: str) -> Workflow:
    action = PythonCall(function=Function(name="choose", source=source, header_end=len("def choose():")))
    edges = tuple(Edge(source="choose", target=arm, choice=(arm,)) for arm in ("early", "late"))
    return flow("choose >> early; choose >> late", {"choose": {"steers": "branch", "action": action}}, edges=edges)


def went(workflow: Workflow, engine: str, arm: str, start: str) -> RunRecord:
    scenario = Scenario(name="real", kind="real", outcomes=(("choose", Outcome(arms=(arm,))),))
    return changed(record(workflow, scenario, engine, {"choose": arm}), "choose", start=start)


def unequal(source: str, pilot: RunRecord | None = None, *, arm: str = "late", hours: int) -> set[tuple[str, str]]:
    workflow = branch(source)
    legacy = went(workflow, "airflow", "early", "2026-01-01T00:00:00+00:00")
    rows = compare_runs(workflow, legacy, pilot or went(workflow, "prefect", arm, f"2026-01-01T{hours:02}:00:20+00:00"))
    return {(row.id, str(row.verdict)) for row in rows if row.verdict is not Judgement.EQUAL}


EVERY = ("choose", "early", "late")


@pytest.mark.parametrize(
    ("source", "hours", "verdict"),
    [(BY_CLOCK, 13, "not comparable"), (BY_CLOCK, 0, "different"), (BY_CODE, 13, "different")],
    ids=["another time", "the same minute", "it does not ask the clock"],
)
def test_another_answer(source: str, hours: int, verdict: str) -> None:
    assert unequal(source, hours=hours) == {(task, verdict) for task in EVERY}


def test_the_same_answer_at_another_time_is_equal() -> None:
    assert unequal(BY_CLOCK, arm="early", hours=13) == set()


def test_what_follows_the_same_answer_must_follow_it() -> None:
    pilot = went(branch(BY_CLOCK), "prefect", "early", "2026-01-01T13:00:00+00:00")
    late = changed(pilot, "late", state="success", attempts=1, observed=True)
    assert ("late", "different") in unequal(BY_CLOCK, late, hours=13)
