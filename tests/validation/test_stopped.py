"""A run that stops at its first failed task: what is compared of it, and what hangs on a race and is not."""

from __future__ import annotations

import pytest

from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.run import RunRecord, State, TaskRun
from workbook_lib.model.workflow import Edge, Limits, Task, Workflow
from workbook_lib.validation import compare_runs

STATES = {"S": State.SUCCESS, "F": State.FAILED, "K": State.SKIPPED, "U": State.UPSTREAM_FAILED, "N": State.NOT_RUN}


def workflow(fail_fast: bool = True) -> Workflow:
    """a > b > c, and d > e beside it."""
    return Workflow(
        id="w", system="airflow", version="2.11", origin=Origin(file="dag.py", line=1),
        tasks=tuple(Task(id=name, operator="EmptyOperator", action=Nothing()) for name in "abcde"),
        edges=tuple(Edge(source=first, target=second) for first, second in ("ab", "bc", "de")), limits=Limits(fail_fast=fail_fast),
    )  # fmt: skip


def record(engine: str, states: str, end: str, scenario: str = "b fails") -> RunRecord:
    """`states` in the order a b c d e."""
    tasks = tuple(TaskRun(id=name, state=STATES[one], attempts=int(one in "SF")) for name, one in zip("abcde", states, strict=True))
    date = "2024-01-01T00:00:00+00:00"
    return RunRecord(
        engine=engine, version="1", workflow="w", logical_date=date, scenario=scenario, state=STATES[end], tasks=tasks
    )  # fmt: skip


def verdicts(legacy: str, pilot: str, ends: str = "SS", **options: bool) -> str:
    """One letter a task, then the run: e equal, d different, n not comparable."""
    rows = compare_runs(workflow(**options), record("airflow", legacy, ends[0]), record("prefect", pilot, ends[1]))
    found = {row.id: str(row.verdict)[0] for row in rows if row.aspect == "states"}
    return "".join(found[name] for name in (*"abcde", ""))


@pytest.mark.parametrize(
    ("legacy", "pilot", "expected"),
    [
        ("SFKSK", "SFKSK", "eeennn"),  # the same by chance
        ("SFKSK", "SFKKK", "eeennn"),
        ("SFKKK", "SFKSS", "eeennn"),
        ("SFKSK", "SFUSK", "eednnn"),  # what comes behind the failed task is skipped for sure
        ("SFKSK", "SFSSK", "eednnn"),
        ("SFKSK", "SSSSS", "eddnnn"),  # the task did not fail at all
        ("SFKSK", "KFKSK", "deennn"),
        ("SFKSK", "SFKNU", "eeeddn"),  # no run ends a task so
        ("SSSSS", "SSSSK", "eeeede"),  # nothing failed
        ("SFKSK", "SKKFK", "nnennn"),  # the other one failed first: then even what comes before `b` may not have run
    ],
)
def test_what_hangs_on_a_race_is_not_comparable(legacy: str, pilot: str, expected: str) -> None:
    assert verdicts(legacy, pilot) == expected


def test_the_run_has_failed_for_sure_where_a_last_task_has() -> None:
    assert verdicts("SSFSK", "SSFSS", "FF") == "eeenne"
    assert verdicts("SSFSK", "SSFSS", "FS") == "eeennd"


def test_a_run_that_goes_on_is_compared_as_ever() -> None:
    assert verdicts("SFUSS", "SFUSK", "SS", fail_fast=False) == "eeeede"


def test_results_and_what_is_left_behind_hang_on_it_too() -> None:
    rows = compare_runs(workflow(), record("airflow", "SFKSK", "S", "real"), record("prefect", "SFKSS", "S", "real"))
    reason = "the run stops at its first failed task (`fail_fast`): the end of 'e' hangs on what had ended when 'b' failed"
    assert {row.reason for row in rows if row.id == "e" and row.aspect != "order"} == {reason}
    assert {str(row.verdict) for row in rows if row.id in ("d", "e")} == {"not comparable"}
