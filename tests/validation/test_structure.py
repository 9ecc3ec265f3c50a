"""A flow's code against the workflow: equal when it means the same, different for every single change, never equal when not followed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from validation_build import Gap, Node, Program, flow, program

from workbook_lib.model.expr import TaskOutput
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Mapping, RetryPolicy
from workbook_lib.prefect_reader import read_source
from workbook_lib.validation import AspectResult, Judgement, compare_structure, worst

W = flow(
    "a >> b >> c >> d; b >> e",
    {
        "a": {"retry": RetryPolicy(retries=2, delay_seconds=30), "timeout_seconds": 60.0},
        "c": {"mapping": Mapping(over=(("x", TaskOutput(task="a")),))},
        "d": {"join_rule": JoinRule.ALL_DONE},
    },
)


def unequal(rows: list[AspectResult]) -> list[tuple[str, str, str]]:
    return [(row.id, str(row.verdict), row.reason) for row in rows if row.verdict is not Judgement.EQUAL]


def node(task: str, **fields: Any) -> dict[str, Node]:
    nodes = dict(program(W).tasks)
    return nodes | {task: replace(nodes[task], **fields)}


def after(**changed: str) -> dict[str, frozenset[str]]:
    return program(W).after | {task: frozenset(found) for task, found in changed.items()}


def test_the_same_program_is_equal_task_by_task() -> None:
    rows = compare_structure(W, program(W))
    assert [(row.id, str(row.verdict), row.reason) for row in rows] == [(task, "equal", "") for task in "abcde"]


DIFFERENT: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a task less": ({"tasks": {k: v for k, v in program(W).tasks.items() if k != "e"}}, [("e", "the flow has no such task")]),
    "a task more": ({"tasks": program(W).tasks | {"x": Node("x")}}, [("x", "the legacy workflow has no such task")]),
    "an edge less": ({"after": after(e="a")}, [("e", "does not wait for 'b'")]),
    "all edges of a task less": ({"after": after(e="")}, [("e", "does not wait for 'a'"), ("e", "does not wait for 'b'")]),
    "an order lost after failures": ({"races": (("c", "d"),)}, [("d", "waits for 'c' only while nothing fails")]),
    "mapped instead of not": ({"tasks": node("b", mapped=True)}, [("b", "runs once per element in the flow, once in the legacy workflow")]),
    "not mapped": ({"tasks": node("c", mapped=False)}, [("c", "runs once per element in the legacy workflow, once in the flow")]),
    "fewer retries": ({"tasks": node("a", retries=1)}, [("a", "2 retries in the legacy workflow, 1 retry in the flow")]),
    "more retries": ({"tasks": node("b", retries=3)}, [("b", "no retries in the legacy workflow, 3 retries in the flow")]),
    "another delay": ({"tasks": node("a", delays=(31.0,))}, [("a", "the delays before retries differ")]),
    "no delay": ({"tasks": node("a", delays=())}, [("a", "the delays before retries differ")]),
    "another timeout": ({"tasks": node("a", timeout=61.0)}, [("a", "the timeouts differ")]),
    "no timeout": ({"tasks": node("a", timeout=None)}, [("a", "the timeouts differ")]),
    "a timeout too many": ({"tasks": node("b", timeout=1.0)}, [("b", "the timeouts differ")]),
}


@pytest.mark.parametrize(("changed", "expected"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_changed_program_is_different(changed: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = unequal(compare_structure(W, program(W, **changed)))
    assert found == [(task, "different", reason) for task, reason in expected]


NOT_COMPARABLE: dict[str, tuple[Program | None, str, str]] = {
    "no program": (None, "", "the flow's code could not be read"),
    "code that is not followed": (program(W, unfollowed=(Gap("while loop", 12),)), "", "line 12: while loop"),
    "a rehearsal that is not followed": (program(W, unfollowed_then=(Gap("eval"),)), "", "eval"),
    "retries that only a run knows": (program(W, tasks=node("a", retries=-1)), "a", "only a run of the flow can tell its retries"),
}


@pytest.mark.parametrize(("read", "task", "reason"), NOT_COMPARABLE.values(), ids=NOT_COMPARABLE.keys())
def test_what_is_not_followed_is_never_equal(read: Program | None, task: str, reason: str) -> None:
    rows = compare_structure(W, read)
    assert unequal(rows) == [(task, "not comparable", reason)]
    assert worst(row.verdict for row in rows) is Judgement.NOT_COMPARABLE


def test_control_flow_is_not_compared() -> None:
    found = compare_structure(W.model_copy(update={"kind": "control_flow"}), program(W))
    assert unequal(found) == [("", "not comparable", "the structure of control-flow workflows is not compared yet")]


ALWAYS_RUNS = (JoinRule.ALL_DONE, JoinRule.ALL_DONE_SETUP_SUCCESS, JoinRule.ALWAYS)


@pytest.mark.parametrize("rule", [rule for rule in JoinRule if rule not in ALWAYS_RUNS])
def test_another_rule_is_different(rule: JoinRule) -> None:
    tasks = tuple(task.model_copy(update={"join_rule": rule}) if task.id == "d" else task for task in W.tasks)
    swapped = program(W.model_copy(update={"tasks": tasks}), after=program(W).after)
    assert {row.id for row in compare_structure(W, swapped) if row.verdict is Judgement.DIFFERENT} >= {"d"}


def test_another_arm_is_different() -> None:
    branching = flow("a >> b; a >> c", {"a": {"steers": "branch"}})
    swapped = branching.model_copy(
        update={"edges": (Edge(source="a", target="b", choice=("c",)), Edge(source="a", target="c", choice=("b",)))}
    )
    reasons = {row.id: row.reason for row in compare_structure(branching, program(swapped, after=program(branching).after))}
    assert reasons["b"] == "in the scenario 'all succeed' the rules let it end success, the flow not_run"
    assert reasons["c"] == "in the scenario 'all succeed' the rules let it end skipped, the flow success"


def test_only_two_failures_at_once_show_some_differences() -> None:
    """all_done and none_failed_min_one_success over two tasks: alike unless a failure meets a skip."""
    legacy = flow("a >> c; b >> c", {"c": {"join_rule": JoinRule.ONE_SUCCESS}})
    tasks = tuple(task.model_copy(update={"join_rule": JoinRule.ALL_DONE}) if task.id == "c" else task for task in legacy.tasks)
    found = compare_structure(legacy, program(legacy.model_copy(update={"tasks": tasks})))
    assert unequal(found) == [
        ("c", "different", "in the scenario 'a fails and b fails' the rules let it end upstream_failed, the flow success"),
        ("", "different", "in the scenario 'a fails and b fails' the run ends failed by the rules, success in the flow"),
    ]


def test_a_large_workflow_says_how_much_was_simulated() -> None:
    large = flow("; ".join(f"t{n}" for n in range(150)))
    rows = compare_structure(large, program(large))
    assert {(row.id, row.reason) for row in rows if row.reason} == {
        ("", "simulated in 76 of 151 scenarios, because the workflow is large; the rehearsals judge the others")
    }
    assert unequal(rows) == []


def test_waiting_without_need_is_a_remark() -> None:
    rows = compare_structure(W, program(W, after=after(e="abcd")))
    assert unequal(rows) == []
    assert {row.id: row.reason for row in rows if row.reason} == {"e": "waiting: it also waits for 'c', 'd', without need"}


@pytest.mark.parametrize(
    ("rule", "order", "verdict"),
    [("all_success", "ab", "equal"), ("all_success", "a", "different"), ("one_success", "", "equal"), ("always", "", "equal")],
)
def test_order_is_asked_only_where_the_rules_give_it(rule: str, order: str, verdict: str) -> None:
    workflow = flow("a >> c; b >> c", {"c": {"join_rule": JoinRule(rule)}})
    found = program(workflow, after={"a": frozenset(), "b": frozenset(), "c": frozenset(order)})
    assert worst(row.verdict for row in compare_structure(workflow, found)) == verdict


def test_an_order_that_only_holds_while_all_goes_well_is_enough_where_the_legacy_engine_gives_no_more() -> None:
    workflow = flow("a >> c >> d; b >> c", {"d": {"join_rule": JoinRule.ALL_DONE}})
    whole = program(workflow).after
    weak = program(workflow, after=whole | {"d": frozenset("c")}, races=(("a", "d"), ("b", "d")))
    assert unequal(compare_structure(workflow, weak)) == []
    lost = program(workflow, after=whole | {"d": frozenset("c")})
    assert [task for task, verdict, _ in unequal(compare_structure(workflow, lost)) if verdict == "different"] == ["d", "d"]


@pytest.mark.parametrize(
    ("delays", "verdict"), [((30, 60, 100), "equal"), ((50, 119, 100), "equal"), ((29, 60, 100), "different"), ((30,), "different")]
)
def test_exponential_delays_may_lie_where_airflow_draws_them(delays: tuple[float, ...], verdict: str) -> None:
    policy = RetryPolicy(retries=3, delay_seconds=30, exponential=True, max_delay_seconds=100)
    workflow = flow("a", {"a": {"retry": policy}})
    found = program(workflow, tasks={"a": Node("a", retries=3, delays=delays)})
    assert worst(row.verdict for row in compare_structure(workflow, found)) == verdict


FLOW = """
from prefect import flow, task

@task(retries=2, retry_delay_seconds=30)
def total(): ...

@task
def choose(amount): ...

@task
def publish(): ...

@task
def hold(): ...

@task
def cleanup(): ...

@flow
def sales():
    try:
        amount = total()
        if choose(amount) == "publish":
            publish()
        else:
            hold()
    except Exception:
        pass
    return cleanup(return_state=True)
"""
SALES = flow(
    "total >> choose >> publish >> cleanup; choose >> hold >> cleanup",
    {
        "total": {"retry": RetryPolicy(retries=2, delay_seconds=30)},
        "choose": {"steers": "branch"},
        "cleanup": {"join_rule": JoinRule.ALL_DONE},
    },
)
EDITS = {
    "as written": ("", "", []),
    "an edge dropped": ("amount = total()", "amount = total.submit(); amount = 1", ["choose", "cleanup", "hold", "publish", "total"]),
    "a rule swapped": ("    except Exception:\n        pass\n", "    finally:\n        pass\n", ["", "cleanup"]),
    "the arms swapped": ('== "publish"', '!= "publish"', ["hold", "publish"]),
    "a skipped task run": ("            hold()\n", "            hold()\n        hold()\n", ["hold"]),
    "the retries dropped": ("retries=2, ", "", ["choose", "hold", "publish", "total"]),
    "a task dropped": ("    return cleanup(return_state=True)\n", "", ["", "cleanup"]),
    "the end of the run changed": ("return cleanup(return_state=True)", "cleanup(return_state=True)\n    return 1", [""]),
}


@pytest.mark.parametrize(("old", "new", "expected"), EDITS.values(), ids=EDITS.keys())
def test_edits_of_a_real_flow(old: str, new: str, expected: list[str]) -> None:
    assert old in FLOW
    read = read_source(FLOW.replace(old, new) if old else FLOW, flow_name="sales", task_names={task.id: task.id for task in SALES.tasks})
    rows = compare_structure(SALES, read)
    assert sorted({row.id for row in rows if row.verdict is not Judgement.EQUAL}) == expected


@pytest.mark.parametrize("text", ["def sales(:", "x = 1"])
def test_a_text_that_is_no_flow_is_not_comparable(text: str) -> None:
    read = read_source(text, flow_name="sales", task_names={})
    assert {str(row.verdict) for row in compare_structure(SALES, read)} == {"not comparable"}
