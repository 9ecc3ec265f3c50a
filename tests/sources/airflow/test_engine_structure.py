"""The model of what Airflow told about a DAG, and the scenarios that follow from it."""

from __future__ import annotations

from typing import Any

from workbook_lib.model.expr import Constant, ListOf, TaskOutput
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Mapping
from workbook_lib.sources.airflow.engine._structure import workflow_of


def task(name: str, downstream: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    plain = {"id": name, "operator": "PythonOperator", "downstream": list(downstream), "trigger_rule": "all_success", "retries": 0}
    plain |= {"steers": "", "steers_rules": False, "setup": False, "teardown": False, "teardown_fails_run": False, "group": None}
    return plain | {"mapped": False, "over": [], "records": False} | more


def test_rules_in_old_spelling_get_their_present_names() -> None:
    tasks = [task("a", ("b",)), task("b", trigger_rule="none_failed_or_skipped"), task("c", trigger_rule="dummy")]
    workflow = workflow_of({"id": "w", "tasks": tasks, "groups": []}, "2.11.2")
    assert [t.join_rule for t in workflow.tasks] == [JoinRule.ALL_SUCCESS, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS, JoinRule.ALWAYS]
    assert workflow.version == "2.11"


def test_a_sibling_behind_another_goes_on_with_both_answers() -> None:
    tasks = [task("branch", ("a", "join"), steers="branch"), task("a", ("join",)), task("join")]
    workflow = workflow_of({"id": "w", "tasks": tasks, "groups": []}, "2.11.2")
    assert {edge.target: edge.choice for edge in workflow.edges if edge.source == "branch"} == {"a": ("a",), "join": ("join", "a")}
    assert [edge.choice for edge in workflow.edges if edge.source == "a"] == [None]


def test_a_mapping_knows_its_length_or_the_tasks_that_decide_it() -> None:
    tasks = [
        task("items", ("each", "again")),
        task("each", ("again",), mapped=True, over=[["x", ["items"], None]]),
        task("again", mapped=True, over=[["x", ["each", "items"], None], ["y", [], 2]]),
    ]
    groups = [{"id": "g", "parent": None, "mapped": True, "over": [["", ["items"], None]], "records": True}]
    workflow = workflow_of({"id": "w", "tasks": tasks, "groups": groups}, "2.11.2")
    assert workflow.task("items").mapping is None
    assert workflow.task("each").mapping == Mapping(over=(("x", TaskOutput(task="items")),))
    both = ListOf(items=(TaskOutput(task="each", mapped=True), TaskOutput(task="items")))
    two = ListOf(items=(Constant(value=0), Constant(value=1)))
    assert workflow.task("again").mapping == Mapping(over=(("x", both), ("y", two)))
    assert workflow.groups[0].mapping == Mapping(form="records", over=(("", TaskOutput(task="items")),))
