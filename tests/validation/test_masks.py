"""Masks: found where two legacy runs differ, at that path only, and they keep the type."""

from __future__ import annotations

from typing import Any

import pytest
from validation_build import changed, flow, real, record

from workbook_lib.errors import UsageError
from workbook_lib.model.run import Output, RunRecord
from workbook_lib.validation import compare_runs, masks

W = flow("a >> b")


def legacy(value: Any) -> RunRecord:
    return changed(record(W, real(W), "airflow"), "a", result=value if isinstance(value, dict) and "digest" in value else {"json": value})


CASES: dict[str, tuple[Any, Any, list[tuple[str, tuple[str, ...]]]]] = {
    "the same": ({"x": 1}, {"x": 1}, []),
    "the same in another order": ({"x": 1, "y": 2}, {"y": 2, "x": 1}, []),
    "a value": ({"x": 1, "y": 2}, {"x": 1, "y": 3}, [("$.y", ("number",))]),
    "of another type": ({"x": 1}, {"x": "1"}, [("$.x", ("number", "string"))]),
    "deep inside": ({"x": [{"a b": 1}, 2]}, {"x": [{"a b": 2}, 2]}, [("$.x[0]['a b']", ("number",))]),
    "a list of another length": ({"x": [1]}, {"x": [1, 2]}, [("$.x", ("array",))]),
    "a key that is not always there": ({}, {"x": 1}, [("$.x", ("absent", "number"))]),
    "all of it": ("one", "two", [("$", ("string",))]),
    "a digest": ({"digest": "sha256:1"}, {"digest": "sha256:2"}, [("$", ("digest",))]),
    "an integer and a float": (1, 1.0, [("$", ("number",))]),
}


@pytest.mark.parametrize(("first", "second", "expected"), CASES.values(), ids=CASES.keys())
def test_found(first: Any, second: Any, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(mask.text, mask.kinds) for mask in masks(legacy(first), legacy(second))] == expected


_MASKED = "masked: it differs between two legacy runs as well"


def judged(first: Any, second: Any, pilot: Any) -> tuple[str, str]:
    one = legacy(first)
    rows = compare_runs(W, one, legacy(pilot).model_copy(update={"engine": "prefect"}), masks(one, legacy(second)))
    return next((str(row.verdict), row.reason) for row in rows if row.aspect == "results")


@pytest.mark.parametrize(
    ("first", "second", "pilot", "expected"),
    [
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 1, "y": 9}, ("equal", "masked at $.y")),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 2, "y": 2}, ("different", "the values differ outside of what is masked")),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 1, "y": "9"}, ("different", "the values differ outside of what is masked")),
        ({"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 1}, ("different", "the values differ outside of what is masked")),
        ({"x": 1}, {"x": 1, "y": 3}, {"x": 1, "y": 4}, ("equal", "masked at $.y")),
        ({"x": 1}, {"x": 1, "y": 3}, {"x": 1, "y": "4"}, ("different", "the values differ outside of what is masked")),
        ("one", "two", "three", ("equal", _MASKED)),
        ("one", "two", 3, ("different", "masked, but of another type: string in the legacy engine, number in the pilot")),
        ([1], [1, 2], [5, 6, 7], ("equal", _MASKED)),
        ("3 files in /a", "3 files in /b", "4 files in /x/y", ("equal", _MASKED)),
        ("3 files in /a", "3 files in /b", "None files in None", ("different", "masked, but two legacy runs agree on '3 files in …'")),
        ("3 files in /a", "3 files in /b", "3 files in", ("different", "masked, but two legacy runs agree on '3 files in …'")),
        ("Mon Nov 2 09:59", "Mon Nov 2 10:00", "Sun Dec 13 7:10", ("equal", _MASKED)),
        ("at 2026-11-02T09:59:58Z by 1", "at 2026-11-02T09:59:58Z by 2", "at 2027-01-12 by 3", ("equal", _MASKED)),
        ({"x": "run a"}, {"x": "run b"}, {"x": "ran c"}, ("different", "the values differ outside of what is masked")),
        ({"x": "run a"}, {"x": "run b"}, {"x": "run c"}, ("equal", "masked at $.x")),
    ],
)
def test_applied(first: Any, second: Any, pilot: Any, expected: tuple[str, str]) -> None:
    assert judged(first, second, pilot) == expected


def test_a_lost_result_is_not_hidden_by_a_mask() -> None:
    one = legacy("one")
    nothing = changed(one, "a", result={"absent": True}).model_copy(update={"engine": "prefect"})
    rows = compare_runs(W, one, nothing, masks(one, legacy("two")))
    assert [str(row.verdict) for row in rows if row.aspect == "results"] == ["different"]


def test_outputs_are_masked_by_their_content_only() -> None:
    def left(*outputs: tuple[str, str], engine: str = "airflow") -> RunRecord:
        return record(W, real(W), engine).model_copy(update={"outputs": tuple(Output(path=p, digest=d) for p, d in outputs)})

    found = masks(left(("a.log", "1"), ("b", "1")), left(("a.log", "2"), ("b", "1")))
    assert [(mask.id, mask.text) for mask in found] == [("", "a.log")]
    kept = compare_runs(W, left(("a.log", "1")), left(("a.log", "3"), engine="prefect"), found)
    lost = compare_runs(W, left(("a.log", "1")), left(engine="prefect"), found)
    assert [[str(row.verdict) for row in rows if row.aspect == "outputs"] for rows in (kept, lost)] == [["equal"], ["different"]]


def test_masks_need_two_runs_of_one_scenario() -> None:
    other = legacy(1).model_copy(update={"scenario": "all succeed"})
    with pytest.raises(UsageError) as error:
        masks(legacy(1), other)
    assert str(error.value) == (
        "masks need two runs of one scenario by one engine, not 'w' (real, airflow) and 'w' (all succeed, airflow). "
        "Record the same scenario twice."
    )
