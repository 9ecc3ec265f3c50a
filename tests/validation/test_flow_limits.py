"""A run's time limit and the callbacks: what the flow lacks is different, what cannot be carried over is not comparable."""

from __future__ import annotations

from typing import Any

import pytest
from validation_build import flow, program

from workbook_lib.model.action import Opaque
from workbook_lib.model.function import Function
from workbook_lib.model.workflow import Limits
from workbook_lib.prefect_reader import read_source
from workbook_lib.validation import Judgement, compare_structure


def function(name: str, *blockers: str) -> Function:
    source = f"def {name}(context):\n    print(context)"
    return Function(name=name, source=source, header_end=source.index("\n"), blockers=blockers)


FAILS, STARTS, ENDS = "on_failure_callback", "on_execute_callback", "on_success_callback"
TELL, MAIL, LOST = function("tell"), function("mail"), function("lost", "it uses Airflow's own sessions")
BODY = {"action": Opaque(missing="nothing is known of it")}
NOTHING = "the flow calls nothing"

CASES: dict[str, tuple[list[tuple[str, Function]], list[tuple[str, str]], list[tuple[str, str]]]] = {
    "the same hook": ([(FAILS, TELL)], [("on_failure", "tell")], []),
    "by another name": ([(FAILS, TELL)], [("on_failure", "tell_2")], []),
    "every event": ([(FAILS, TELL), (STARTS, TELL), (ENDS, TELL)], [(f"on_{x}", "tell") for x in ("failure", "running", "completion")], []),
    "no hook on failure": ([(FAILS, TELL)], [], [("different", f"the legacy workflow calls tell when it fails, {NOTHING}")]),
    "no hook on success": ([(ENDS, TELL)], [], [("different", f"the legacy workflow calls tell when it succeeds, {NOTHING}")]),
    "no hook on start": ([(STARTS, TELL)], [], [("different", f"the legacy workflow calls tell when it starts, {NOTHING}")]),
    "another event": (
        [(FAILS, TELL)],
        [("on_completion", "tell")],
        [("different", f"the legacy workflow calls tell when it fails, {NOTHING}")],
    ),
    "one of two": (
        [(FAILS, TELL), (FAILS, MAIL)],
        [("on_failure", "mail")],
        [("different", "the legacy workflow calls tell, mail when it fails, the flow calls mail")],
    ),
    "blocked": (
        [(FAILS, LOST)],
        [],
        [("not comparable", "on_failure_callback 'lost' is not carried over: it uses Airflow's own sessions")],
    ),
    "blocked, and written by hand": ([(FAILS, LOST)], [("on_failure", "lost")], []),
    "blocked beside another that is lost": (
        [(FAILS, LOST), (FAILS, TELL)],
        [],
        [("different", f"the legacy workflow calls lost, tell when it fails, {NOTHING}")],
    ),
}


def found(workflow: Any, **changed: Any) -> list[tuple[str, str, str]]:
    rows = compare_structure(workflow, program(workflow, **changed))
    return [(row.id, str(row.verdict), row.reason) for row in rows if row.verdict is not Judgement.EQUAL]


@pytest.mark.parametrize(("callbacks", "hooks", "expected"), CASES.values(), ids=CASES.keys())
def test_callbacks(callbacks: list[tuple[str, Function]], hooks: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    whole = flow("a >> b", callbacks=tuple(callbacks))
    assert found(whole, hooks=tuple(hooks)) == [("", *one) for one in expected]
    task = flow("a >> b", {"a": BODY | {"callbacks": tuple(callbacks)}})
    nodes = {name: node if name == "b" else type(node)("a", hooks=tuple(hooks)) for name, node in program(task).tasks.items()}
    assert found(task, tasks=nodes) == [("a", *one) for one in expected]


def test_a_moment_that_prefect_has_no_hook_for_is_a_remark() -> None:
    workflow = flow("a", {"a": {"callbacks": (("on_retry_callback", TELL),)}})
    (row,) = compare_structure(workflow, program(workflow))
    assert (str(row.verdict), row.reason) == ("equal", "on_retry_callback (tell) is not compared: Prefect has no hook for that moment")


def test_a_task_that_does_nothing_keeps_its_callbacks_too() -> None:
    """It cannot fail, but whoever gives it something to do counts on them."""
    lost = ("a", "different", f"the legacy workflow calls tell when it fails, {NOTHING}")
    assert found(flow("a", {"a": {"callbacks": ((FAILS, TELL),)}})) == [lost]


@pytest.mark.parametrize(
    ("legacy", "pilot", "same"), [(None, None, True), (60.0, 60.0, True), (60.0, None, False), (None, 60.0, False), (60.0, 61.0, False)]
)
def test_the_time_limit_of_a_run(legacy: float | None, pilot: float | None, same: bool) -> None:
    workflow = flow("a", limits=Limits(run_timeout_seconds=legacy))
    reason = ("", "different", "the time limits of a whole run differ")
    assert found(workflow, timeout=pilot) == ([] if same else [reason])


SOURCE = """
from prefect import flow, task
def tell(thing, run, state): print(state)
def mail(thing, run, state): print(state)
@task(retries=0{task})
def a(): ...
{more}
@flow({flow})
def w():
    return a()
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"task": ", on_failure=[tell]", "flow": "timeout_seconds=60, on_completion=[tell, mail]"}, []),
        ({"more": "a.on_failure(tell)", "flow": "timeout_seconds=60, on_completion=[mail, tell]"}, []),
        (
            {},
            [
                ("", "different", "the time limits of a whole run differ"),
                ("", "different", f"the legacy workflow calls tell, mail when it succeeds, {NOTHING}"),
                ("a", "different", f"the legacy workflow calls tell when it fails, {NOTHING}"),
            ],
        ),
    ],
)
def test_a_flow_as_it_is_read(given: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    read = read_source(SOURCE.format(**({"task": "", "more": "", "flow": ""} | given)), flow_name="w", task_names={"a": "a"})
    workflow = flow(
        "a",
        {"a": BODY | {"callbacks": ((FAILS, TELL),)}},
        limits=Limits(run_timeout_seconds=60.0),
        callbacks=((ENDS, TELL), (ENDS, MAIL)),
    )
    rows = compare_structure(workflow, read)
    assert [(row.id, str(row.verdict), row.reason) for row in rows if row.verdict is not Judgement.EQUAL] == expected
