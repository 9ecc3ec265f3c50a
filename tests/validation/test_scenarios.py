"""The scenarios of a workflow: names and outcomes."""

from __future__ import annotations

from typing import Any

import pytest
from validation_build import flow

from workbook_lib.model.action import Wait
from workbook_lib.model.expr import Constant, Element, Index, TaskOutput
from workbook_lib.model.run import Outcome
from workbook_lib.model.workflow import Mapping, RetryPolicy, Workflow
from workbook_lib.validation import plan, scenarios

MAPPED = Mapping(over=(("x", TaskOutput(task="a")),))


def names(workflow: Workflow) -> list[str]:
    found = [scenario.name for scenario in scenarios(workflow)]
    assert len(set(found)) == len(found)
    return found


CASES: list[tuple[str, str, dict[str, dict[str, Any]], list[str]]] = [
    ("a chain", "a >> b", {}, ["all succeed", "a fails", "b fails"]),
    ("a skipping task", "a", {"a": {"may_skip": True}}, ["all succeed", "a fails", "a skips"]),
    ("a soft wait", "a", {"a": {"action": Wait(on="file", soft=True)}}, ["all succeed", "a fails", "a skips"]),
    ("a hard wait", "a", {"a": {"action": Wait(on="file")}}, ["all succeed", "a fails"]),
    ("a short circuit", "a", {"a": {"steers": "short_circuit"}}, ["all succeed", "a fails", "a skips"]),
    (
        "a short circuit that may skip",
        "a",
        {"a": {"steers": "short_circuit", "may_skip": True}},
        ["all succeed", "a fails", "a skips", "a answers false"],
    ),
    (
        "a branch",
        "a >> b; a >> c",
        {"a": {"steers": "branch"}},
        ["all succeed", "a fails", "a chooses b", "a chooses c", "b fails", "c fails"],
    ),
    ("retries", "a", {"a": {"retry": RetryPolicy(retries=1)}}, ["all succeed", "a fails", "a fails, then succeeds"]),
    (
        "lengths",
        "a >> b",
        {"b": {"mapping": MAPPED}},
        ["all succeed", "a fails", "a gives 0", "a gives 1", "a gives 3", "b fails", "b fails in its first instance"],
    ),
]


@pytest.mark.parametrize(("order", "tasks", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_names(order: str, tasks: dict[str, dict[str, Any]], expected: list[str]) -> None:
    assert names(flow(order, tasks)) == expected


def outcomes(workflow: Workflow, name: str) -> dict[str, Outcome]:
    scenario = next(s for s in scenarios(workflow) if s.name == name)
    return {task.id: scenario.outcome(task.id) for task in workflow.tasks}


def test_a_branch_always_has_an_arm_and_a_short_circuit_an_answer() -> None:
    workflow = flow("a >> b >> s >> t; a >> c", {"a": {"steers": "branch"}, "s": {"steers": "short_circuit"}})
    assert outcomes(workflow, "t fails") == {
        "a": Outcome(arms=("b",)),
        "b": Outcome(),
        "s": Outcome(value=True),
        "t": Outcome(does="fail"),
        "c": Outcome(),
    }
    assert outcomes(workflow, "a chooses c")["a"] == Outcome(arms=("c",))
    assert outcomes(workflow, "s skips")["s"] == Outcome(value=False)


def test_branches_lead_to_the_task_that_a_scenario_is_about() -> None:
    workflow = flow("a >> b >> z; a >> c >> d; c >> e; d >> z", {"a": {"steers": "branch"}, "c": {"steers": "branch"}})
    arms = {name: [outcomes(workflow, name)[branch].arms for branch in "ac"] for name in ("b fails", "z fails", "d fails", "e fails")}
    assert arms == {
        "b fails": [("b",), ("d",)],
        "z fails": [("b",), ("d",)],
        "d fails": [("c",), ("d",)],
        "e fails": [("c",), ("e",)],
    }
    assert [outcomes(workflow, "c chooses e")[branch].arms for branch in "ac"] == [("c",), ("e",)]


def test_a_retried_task_keeps_its_value() -> None:
    workflow = flow("a >> b", {"a": {"steers": "branch", "retry": RetryPolicy(retries=2)}})
    assert outcomes(workflow, "a fails, then succeeds")["a"] == Outcome(does="recover", fails=1, arms=("b",))


def test_lengths_of_plain_elements_records_and_keys() -> None:
    plain = flow("a >> b", {"b": {"mapping": MAPPED}})
    assert outcomes(plain, "all succeed")["a"].value == ["a 1", "a 2"]
    assert outcomes(plain, "a gives 0")["a"].value == []
    records = Mapping(form="records", over=(("", TaskOutput(task="a")),))
    form = flow("a >> b", {"b": {"mapping": records, "arguments": (("p", Element(name="p")), ("q", Element(name="q")))}})
    assert outcomes(form, "a gives 1")["a"].value == [{"p": "a 1 p", "q": "a 1 q"}]
    keyed = Mapping(over=(("x", Index(base=TaskOutput(task="a"), key=Constant(value="files"))), ("y", TaskOutput(task="a", key="days"))))
    assert outcomes(flow("a >> b", {"b": {"mapping": keyed}}), "a gives 1")["a"].value == {"files": ["a 1"], "days": ["a 1"]}


def test_the_output_of_a_mapped_task_decides_nothing_itself() -> None:
    again = Mapping(over=(("x", TaskOutput(task="b", mapped=True)),))
    assert [n for n in names(flow("a >> b >> c", {"b": {"mapping": MAPPED}, "c": {"mapping": again}})) if "gives" in n] == [
        "a gives 0",
        "a gives 1",
        "a gives 3",
    ]


def test_one_instance_fails_and_the_others_succeed() -> None:
    workflow = flow("a >> b", {"b": {"mapping": MAPPED}})
    scenario = next(s for s in scenarios(workflow) if s.name == "b fails in its first instance")
    assert [scenario.outcome("b", index).does for index in (0, 1)] == ["fail", "succeed"]
    assert scenario.outcome("a").value == ["a 1", "a 2"]


def test_a_large_workflow_rehearses_one_of_several_like_tasks_and_names_the_rest() -> None:
    small = flow("; ".join(f"a >> t{n} >> z" for n in range(198)))
    large = flow("; ".join(f"a >> t{n} >> z" for n in range(199)))
    assert (len(small.tasks), len(plan(small).scenarios), plan(small).left_out) == (200, 201, ())
    assert names(large) == ["all succeed", "a fails", "t0 fails", "z fails"]
    assert [name for name, _ in plan(large).left_out] == [f"t{n} fails" for n in range(1, 199)]
    assert {reason for _, reason in plan(large).left_out} == {"more than 200 tasks, and 't0' is alike and rehearsed"}


def test_a_very_large_workflow_has_at_most_600_scenarios_and_loses_none_silently() -> None:
    chain = plan(flow(" >> ".join(f"t{n}" for n in range(700))))
    assert (len(chain.scenarios), len(chain.left_out)) == (600, 101)
