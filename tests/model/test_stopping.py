"""Runs that stop at their first failed task. Every expectation was seen with Airflow 2.11.2 and 3.3.2, which agree."""

from __future__ import annotations

import pytest

from workbook_lib.model.action import Nothing
from workbook_lib.model.evaluate import fill, simulate
from workbook_lib.model.expr import Constant
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Outcome, Scenario, State, TaskRun
from workbook_lib.model.stopping import end_is_raced, raced, raced_in
from workbook_lib.model.workflow import Edge, Group, Limits, Mapping, RetryPolicy, Task, Workflow

FAIL = Outcome(does="fail")
THREE = Mapping(over=(("x", Constant(value=[1, 2, 3])),))
LETTER = {State.SUCCESS: "S", State.FAILED: "F", State.SKIPPED: "K", State.UPSTREAM_FAILED: "U", State.NOT_RUN: "N"}


def flow(edges: str, groups: tuple[Group, ...] = (), **fields: dict[str, object]) -> Workflow:
    """Edges as in "a > b, b > c"; `fields` by task."""
    pairs = [tuple(edge.split(" > ")) for edge in edges.split(", ")]
    names = dict.fromkeys(name for pair in pairs for name in pair)
    tasks = tuple(Task(id=name, operator="PythonOperator", action=Nothing(), **fields.get(name, {})) for name in names)
    return Workflow(
        id="w", system="airflow", version="2.11", origin=Origin(file="dag.py", line=1), tasks=tasks, groups=groups,
        edges=tuple(Edge(source=a, target=b) for a, b in pairs), limits=Limits(fail_fast=True),
    )  # fmt: skip


def ends(runs: tuple[TaskRun, ...]) -> str:
    return " ".join(run.id + (f"[{run.map_index}]" if run.map_index >= 0 else "") + ":" + LETTER[run.state] for run in runs)


CHAIN = flow("a > b, b > c")
DIAMOND = flow("a > b, a > c, b > d, c > d")
TWO = flow("a > b, b > c, d > e, e > f")
RETRIED = flow("a > b, b > c, a > o", b={"retry": RetryPolicy(retries=2)}, o={"retry": RetryPolicy(retries=2)})
MAPPED = flow("a > m, m > z", m={"mapping": THREE})
GROUPED = flow("p > q, q > z", (Group(id="g", mapping=THREE),), p={"group": "g"}, q={"group": "g"})
TEARDOWN = {"teardown": True, "join_rule": JoinRule.ALL_DONE_SETUP_SUCCESS}
AROUND = flow("s > w, w > v, v > t, s > t, t > u", s={"setup": True}, t=TEARDOWN)

# workflow, what fails -> all ends, the run's own end, what hangs on which task ended first
CASES = [
    (CHAIN, "a", "a:F b:K c:K", "success", ""),
    (CHAIN, "c", "a:S b:S c:F", "failed", ""),
    (DIAMOND, "b", "a:S b:F c:S d:K", "success", "c"),
    (DIAMOND, "d", "a:S b:S c:S d:F", "failed", ""),
    (TWO, "a", "a:F b:K c:K d:S e:K f:K", "success", "d e f"),
    (TWO, "c", "a:S b:S c:F d:S e:S f:S", "failed", "d e f"),
    (RETRIED, "b", "a:S b:F c:K o:S", "success", "o"),
    (RETRIED, "c", "a:S b:S c:F o:S", "failed", "o"),
    (MAPPED, "a", "a:F m[0]:K m[1]:K m[2]:K z:K", "success", ""),
    (MAPPED, "m", "a:S m[0]:F m[1]:F m[2]:F z:K", "success", ""),
    (MAPPED, "m[0]", "a:S m[0]:F m[1]:S m[2]:S z:K", "success", ""),
    (GROUPED, "p[0]", "p[0]:F p[1]:S p[2]:S q[0]:K q[1]:K q[2]:K z:K", "success", "q"),
    (GROUPED, "q[0]", "p[0]:S p[1]:S p[2]:S q[0]:F q[1]:S q[2]:S z:K", "success", "p q"),
    (AROUND, "s", "s:F w:K v:K t:U u:K", "success", ""),
    (AROUND, "w", "s:S w:F v:K t:S u:K", "success", ""),
    (AROUND, "t", "s:S w:S v:S t:F u:K", "success", ""),
    (AROUND, "u", "s:S w:S v:S t:S u:F", "failed", ""),
]


def scenario(failing: str) -> Scenario:
    name, _, index = failing.rstrip("]").partition("[")
    return Scenario(name="test", outcomes=((name, FAIL.model_copy(update={"map_index": int(index) if index else None})),))


@pytest.mark.parametrize(("workflow", "failing", "expected", "run", "others"), CASES)
def test_ends(workflow: Workflow, failing: str, expected: str, run: str, others: str) -> None:
    runs, state = simulate(workflow, scenario(failing))
    assert (ends(runs), str(state)) == (expected, run)
    assert " ".join(sorted(raced(workflow, scenario(failing)))) == others
    assert raced_in(workflow, runs) == raced(workflow, scenario(failing))


def test_an_attempt_to_come_is_not_made() -> None:
    runs, _ = simulate(RETRIED, Scenario(name="test", outcomes=(("a", Outcome()), ("o", Outcome(does="recover", fails=2)), ("c", FAIL))))
    assert [(run.id, str(run.state), run.attempts) for run in runs if run.id == "o"] == [("o", "skipped", 2)]


def test_without_a_failure_nothing_hangs_on_time() -> None:
    assert raced(TWO, Scenario(name="test")) == frozenset()
    assert raced_in(TWO, simulate(TWO, Scenario(name="test"))[0]) == frozenset()


def test_without_the_limit_nothing_stops() -> None:
    goes_on = TWO.model_copy(update={"limits": Limits()})
    assert ends(simulate(goes_on, scenario("a"))[0]) == "a:F b:U c:U d:S e:S f:S"
    assert raced(goes_on, scenario("a")) == frozenset()


@pytest.mark.parametrize(
    ("workflow", "observed", "expected"),
    [
        (CHAIN, "a:S b:F", "a:S b:F c:K"),
        (CHAIN, "a:S", "a:S b:N c:U"),  # nothing failed: it should have gone on
        (CHAIN, "b:F", "a:N b:F c:K"),  # what comes before the failed one must have run
        (TWO, "a:F d:S", "a:F b:K c:K d:S e:K f:K"),
        (AROUND, "s:S w:F", "s:S w:F v:K t:N u:K"),  # a teardown runs all the same
    ],
)
def test_what_nobody_observed(workflow: Workflow, observed: str, expected: str) -> None:
    states = {letter: state for state, letter in LETTER.items()}
    seen = [TaskRun(id=name, state=states[letter], attempts=1) for name, _, letter in (part.partition(":") for part in observed.split())]
    assert ends(fill(workflow, seen)) == expected


def test_the_run_s_own_end_hangs_on_a_last_task_that_may_have_been_made_to_fail() -> None:
    for failing, hangs in (("a", True), ("c", False)):
        runs, _ = simulate(TWO, scenario(failing))
        assert end_is_raced(TWO, runs, raced(TWO, scenario(failing))) is hangs


def test_what_fails_only_when_run_again_may_have_come_first() -> None:
    def runs(**states: str) -> list[TaskRun]:
        return [TaskRun(id=name, state=State(state), attempts=int(state != "skipped")) for name, state in states.items()]

    first = runs(a="failed", b="skipped", c="skipped", d="skipped", e="skipped", f="skipped")
    assert raced_in(TWO, first) == {"d", "e", "f"}
    assert raced_in(TWO, first, runs(d="failed")) == {"a", "d", "e", "f"}
    assert raced_in(CHAIN, runs(a="success", b="failed"), runs(a="failed")) == frozenset()  # that is a difference


def test_an_answer_that_was_not_kept_may_have_been_any() -> None:
    gate = flow("g > k, k > l, f > e", g={"steers": "short_circuit"})
    ended = [("g", "S", 1), ("k", "S", 1), ("l", "K", 0), ("f", "S", 1), ("e", "F", 1)]
    states = {letter: state for state, letter in LETTER.items()}
    runs = [TaskRun(id=name, state=states[state], attempts=tries) for name, state, tries in ended]
    assert raced_in(gate, runs) == {"g", "k", "l"}
