"""What the rules say about whole runs. Every expectation of the tables was seen with Airflow 2.11.2."""

from __future__ import annotations

import pytest

from workbook_lib.errors import ModelError
from workbook_lib.model.action import Nothing
from workbook_lib.model.evaluate import fill, run_state, simulate
from workbook_lib.model.expr import Constant, TaskOutput
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Outcome, Scenario, State, TaskRun
from workbook_lib.model.workflow import Edge, Group, Mapping, RetryPolicy, Task, Workflow


def task(task_id: str, **more: object) -> Task:
    return Task(id=task_id, operator="PythonOperator", action=Nothing(), **more)  # type: ignore[arg-type]


def workflow(
    tasks: list[Task | str], *edges: str, choices: dict[str, tuple[str, ...]] | None = None, groups: tuple[Group, ...] = ()
) -> Workflow:
    """Edges are written "a > b"; `choices` holds the arms of an edge from a branch."""
    pairs = [edge.split(" > ") for edge in edges]
    return Workflow(
        id="w", system="airflow", version="2.11", origin=Origin(file="dag.py", line=1), groups=groups,
        tasks=tuple(one if isinstance(one, Task) else task(one) for one in tasks),
        edges=tuple(Edge(source=a, target=b, choice=(choices or {}).get(f"{a} > {b}")) for a, b in pairs),
    )  # fmt: skip


SHORT = {"S": State.SUCCESS, "F": State.FAILED, "K": State.SKIPPED, "U": State.UPSTREAM_FAILED, "N": State.NOT_RUN, "R": State.REMOVED}
LETTER = {state: letter for letter, state in SHORT.items()}


def ends(runs: tuple[TaskRun, ...]) -> str:
    """`a:S b[0]:F`: each instance's state; S success, F failed, K skipped, U upstream_failed, N not_run."""
    return " ".join(run.id + (f"[{run.map_index}]" if run.map_index >= 0 else "") + ":" + LETTER[run.state] for run in runs)


def rehearse(flow: Workflow, **outcomes: Outcome) -> str:
    return ends(simulate(flow, Scenario(name="test", outcomes=tuple(outcomes.items())))[0])


def seen(**states: str) -> list[TaskRun]:
    return [TaskRun(id=name, state=SHORT[letter]) for name, letter in states.items()]


FAIL, SKIP, FALSE, TRUE = Outcome(does="fail"), Outcome(does="skip"), Outcome(value=False), Outcome(value=True)

# How `join` ends behind two tasks that end as the column says; U is a task behind a failed one.
COLUMNS = ("SS", "SF", "SK", "SU", "FF", "FK", "KK", "UU", "FU", "KU")
RULES = {
    "all_success":                 "S U K U U U K U U U",
    "all_failed":                  "K K K K S K K S S K",
    "all_done":                    "S S S S S S S S S S",
    "all_skipped":                 "K K K K K K S K K K",
    "one_success":                 "S S S S U U K U U U",
    "one_failed":                  "K S K S S S K S S S",
    "one_done":                    "S S S S S S K K S K",
    "none_failed":                 "S U S U U U S U U U",
    "none_failed_min_one_success": "S U S U U U K U U U",
    "none_skipped":                "S S K S S K K S S K",
    "always":                      "S S S S S S S S S S",
    "all_done_setup_success":      "S S S S S S S S S S",
    "all_done_min_one_success":    "S S K S U K K U U K",
}  # fmt: skip


@pytest.mark.parametrize("rule", list(JoinRule))
def test_each_rule(rule: JoinRule) -> None:
    flow = workflow(["a", "b", task("join", join_rule=rule)], "a > join", "b > join")
    found = [fill(flow, seen(a=first, b=second))[-1].state for first, second in COLUMNS]
    # What should have run was not observed here, hence N where the rule lets the task run.
    assert " ".join(LETTER[state].replace("N", "S") for state in found) == RULES[rule]


@pytest.mark.parametrize(
    ("setups", "expected"), [("SS", "N"), ("SF", "N"), ("SK", "N"), ("FF", "U"), ("FK", "U"), ("KK", "K"), ("UU", "U")]
)
def test_a_teardown_runs_when_one_of_its_setups_succeeded(setups: str, expected: str) -> None:
    teardown = task("t", teardown=True, join_rule=JoinRule.ALL_DONE_SETUP_SUCCESS)
    flow = workflow([task("a", setup=True), task("b", setup=True), "work", teardown], "a > t", "b > t", "work > t")
    assert LETTER[fill(flow, seen(a=setups[0], b=setups[1], work="F"))[-1].state] == expected


def test_attempts_and_retries() -> None:
    flow = workflow([task("a", retry=RetryPolicy(retries=2)), "b"], "a > b")

    def attempts(outcome: Outcome) -> tuple[str, list[int]]:
        runs, state = simulate(flow, Scenario(name="test", outcomes=(("a", outcome),)))
        return f"{ends(runs)} {state}", [run.attempts for run in runs]

    assert attempts(Outcome(value=1)) == ("a:S b:S success", [1, 1])
    assert attempts(Outcome(does="recover", fails=2)) == ("a:S b:S success", [3, 1])
    assert attempts(Outcome(does="recover", fails=3)) == ("a:F b:U failed", [3, 0])
    assert attempts(FAIL) == ("a:F b:U failed", [3, 0])
    assert attempts(SKIP) == ("a:K b:K success", [1, 0])


def test_a_branch_goes_before_every_rule() -> None:
    flow = workflow(
        [task("b", steers="branch"), "m", task("n", join_rule=JoinRule.ALWAYS),
         task("join", join_rule=JoinRule.NONE_FAILED_MIN_ONE_SUCCESS)],
        "b > m", "b > n", "b > join", "m > join", "n > join",
        choices={"b > m": ("m",), "b > n": ("n",), "b > join": ("join", "m", "n")},
    )  # fmt: skip
    assert rehearse(flow, b=Outcome(arms=("m",))) == "b:S m:S n:K join:S"
    assert rehearse(flow, b=Outcome(arms=("m", "n"))) == "b:S m:S n:S join:S"
    assert rehearse(flow, b=Outcome(arms=("join",))) == "b:S m:K n:K join:S"
    assert rehearse(flow, b=Outcome(arms=())) == "b:S m:K n:K join:K"
    assert rehearse(flow, b=FAIL) == "b:F m:U n:S join:U"
    assert rehearse(flow, b=SKIP) == "b:K m:K n:S join:S"


def test_of_a_skip_and_a_failure_the_one_that_came_first_decides() -> None:
    tasks: list[Task | str] = [task("b", steers="branch"), "m", "n", "join"]
    flow = workflow(tasks, "b > m", "b > n", "m > join", "n > join", choices={"b > m": ("m",), "b > n": ("n",)})
    # `n` is skipped when the branch ends, before `m` can fail: `join` is skipped then, and the run does not fail.
    assert rehearse(flow, b=Outcome(arms=("m",)), m=FAIL) == "b:S m:F n:K join:K"
    assert simulate(flow, Scenario(name="m fails", outcomes=(("b", Outcome(arms=("m",))), ("m", FAIL))))[1] is State.SUCCESS
    side_by_side = workflow(["a", "b", "join"], "a > join", "b > join")
    assert rehearse(side_by_side, a=SKIP, b=FAIL) == "a:K b:F join:U"


def test_a_short_circuit_skips_everything_behind_it_but_teardowns() -> None:
    teardown = task("t", teardown=True, join_rule=JoinRule.ALL_DONE_SETUP_SUCCESS)
    late = task("late", join_rule=JoinRule.ALL_DONE)
    edges = ("g > a", "a > late", "other > late", "late > t")
    flow = workflow([task("g", steers="short_circuit"), "a", "other", late, teardown], *edges)
    assert rehearse(flow, g=FALSE) == "g:S a:K other:S late:K t:S"
    assert rehearse(flow, g=TRUE) == "g:S a:S other:S late:S t:S"
    assert rehearse(flow, g=SKIP) == "g:K a:K other:S late:S t:S"
    flow = workflow([task("g", steers="short_circuit", steers_rules=True), "a", "other", late, teardown], *edges)
    assert rehearse(flow, g=FALSE) == "g:S a:K other:S late:S t:S"


def test_a_setup_counts_for_all_tasks_in_its_scope() -> None:
    tasks = [
        task("s", setup=True),
        "a",
        task("b", join_rule=JoinRule.ALL_DONE),
        task("t", teardown=True, join_rule=JoinRule.ALL_DONE_SETUP_SUCCESS),
    ]
    flow = workflow([*tasks, "outside"], "s > a", "a > b", "b > t", "s > t", "t > outside")
    assert rehearse(flow, s=FAIL) == "s:F a:U b:U t:U outside:U"
    assert rehearse(flow, a=FAIL) == "s:S a:F b:S t:S outside:S"


@pytest.mark.parametrize(("fails_run", "state"), [(False, State.SUCCESS), (True, State.FAILED)])
def test_a_failed_teardown_and_the_run(fails_run: bool, state: State) -> None:
    flow = workflow(["a", task("t", teardown=True, teardown_fails_run=fails_run)], "a > t")
    assert run_state(flow, seen(a="S", t="F")) is state
    assert run_state(workflow([task("t", teardown=True)]), seen(t="F")) is State.FAILED  # nothing but teardowns: they are the leaves


def test_the_run_ends_as_its_leaves_do() -> None:
    flow = workflow(["a", task("b", join_rule=JoinRule.ALL_DONE)], "a > b")
    assert [run_state(flow, seen(a=a, b=b)) for a, b in ("FS", "SF", "SK", "SU", "SR")] == [
        State.SUCCESS, State.FAILED, State.SUCCESS, State.FAILED, State.SUCCESS,
    ]  # fmt: skip


def over(*names: str) -> Mapping:
    return Mapping(over=tuple((f"x{number}", TaskOutput(task=name)) for number, name in enumerate(names)))


def test_a_mapped_task() -> None:
    flow = workflow(["a", task("m", mapping=over("a")), "b", task("c", join_rule=JoinRule.ONE_FAILED)], "a > m", "m > b", "m > c")
    two = Outcome(value=["x", "y"])
    assert rehearse(flow, a=two) == "a:S m[0]:S m[1]:S b:S c:K"
    assert rehearse(flow, a=Outcome(value=[])) == "a:S m:K b:K c:K"
    assert rehearse(flow, a=FAIL) == "a:F m:U b:U c:S"
    assert rehearse(flow, a=SKIP) == "a:K m:K b:K c:K"
    assert rehearse(flow, a=Outcome(value=None)) == "a:F m:U b:U c:S"  # nothing to map over fails the task that should have given it
    assert rehearse(flow, a=two, m=Outcome(does="fail", map_index=1)) == "a:S m[0]:S m[1]:F b:U c:S"


def test_lengths_multiply_or_pair() -> None:
    edges = ("a > m", "b > m")
    values = {"a": Outcome(value=[1, 2]), "b": Outcome(value={"k": 1, "l": 2, "n": 3})}
    assert rehearse(workflow(["a", "b", task("m", mapping=over("a", "b"))], *edges), **values).count("m[") == 6
    paired = over("a", "b").model_copy(update={"form": "zip"})
    assert rehearse(workflow(["a", "b", task("m", mapping=paired)], *edges), **values).count("m[") == 2


def test_a_list_in_the_source_has_its_instances_from_the_start() -> None:
    flow = workflow(["a", task("m", mapping=Mapping(over=(("x", Constant(value=[1, 2])),)))], "a > m")
    assert rehearse(flow, a=FAIL) == "a:F m[0]:U m[1]:U"


def test_a_mapped_group_goes_instance_by_instance() -> None:
    groups = (Group(id="g", mapping=over("a")),)
    tasks: list[Task | str] = ["a", task("g.b", group="g"), task("g.c", group="g"), "d"]
    flow = workflow(tasks, "a > g.b", "g.b > g.c", "g.c > d", groups=groups)
    fails = {"a": Outcome(value=[1, 2]), "g.b": Outcome(does="fail", map_index=0)}
    assert rehearse(flow, **fails) == "a:S g.b[0]:F g.b[1]:S g.c[0]:U g.c[1]:S d:U"
    assert rehearse(flow, a=FAIL) == "a:F g.b:U g.c:U d:U"


def test_a_branch_does_not_find_instances_that_exist_already() -> None:
    literal = task("l", mapping=Mapping(over=(("x", Constant(value=[1, 2])),)))
    flow = workflow([task("b", steers="branch"), literal, "p"], "b > l", "b > p", choices={"b > l": ("l",), "b > p": ("p",)})
    assert rehearse(flow, b=Outcome(arms=("p",))) == "b:S l[0]:S l[1]:S p:S"
    flow = workflow([task("g", steers="short_circuit"), literal], "g > l")
    assert rehearse(flow, g=FALSE) == "g:S l[0]:K l[1]:K"


def test_a_rule_that_one_task_can_meet_looks_at_all_instances_of_a_mapped_group() -> None:
    tasks: list[Task | str] = ["a", task("g.b", group="g"), task("g.alarm", group="g", join_rule=JoinRule.ONE_FAILED)]
    flow = workflow(tasks, "a > g.b", "g.b > g.alarm", groups=(Group(id="g", mapping=over("a")),))
    two = Outcome(value=[1, 2])
    assert rehearse(flow, a=two) == "a:S g.b[0]:S g.b[1]:S g.alarm:K"
    assert rehearse(flow, **{"a": two, "g.b": Outcome(does="fail", map_index=0)}) == "a:S g.b[0]:F g.b[1]:S g.alarm[0]:S g.alarm[1]:S"


def test_filling_in_uses_what_was_observed() -> None:
    flow = workflow(
        [task("b", steers="branch"), "m", "n", task("end", join_rule=JoinRule.ALL_DONE)],
        "b > m", "b > n", "m > end", "n > end", choices={"b > m": ("m",), "b > n": ("n",)},
    )  # fmt: skip
    chose = TaskRun(id="b", state=State.SUCCESS, attempts=1, result={"json": "m"})
    runs = fill(flow, [chose, *seen(m="S")])
    assert ends(runs) == "b:S m:S n:K end:N"  # `end` should have run: that nobody saw it is a difference
    assert [run.observed for run in runs] == [True, True, False, False]
    assert ends(fill(flow, seen(b="F"))) == "b:F m:U n:U end:N"
    assert ends(fill(flow, [chose, *seen(m="S", n="F")])) == "b:S m:S n:F end:N"  # what was observed stays, against the rules too
    hidden = chose.model_copy(update={"result": {"digest": "sha256:0"}})
    assert ends(fill(flow, [hidden, *seen(m="S")])) == "b:S m:S n:N end:N"  # an unknown choice excuses nothing


def test_filling_in_mapped_tasks() -> None:
    flow = workflow(["a", task("m", mapping=over("a")), "b"], "a > m", "m > b")
    gave = TaskRun(id="a", state=State.SUCCESS, attempts=1, result={"json": [1, 2]})
    first = TaskRun(id="m", map_index=0, state=State.SUCCESS, attempts=1)
    assert ends(fill(flow, [gave, first])) == "a:S m[0]:S m[1]:N b:U"
    assert ends(fill(flow, [gave.model_copy(update={"result": {"json": []}})])) == "a:S m:K b:K"
    assert ends(fill(flow, seen(a="F"))) == "a:F m:U b:U"
    assert ends(fill(flow, [gave.model_copy(update={"result": {"digest": "sha256:0"}})])) == "a:S m:N b:U"


def test_runs_of_unknown_tasks_are_kept() -> None:
    assert ends(fill(workflow(["a"]), seen(z="S", a="S"))) == "a:S z:S"


def test_control_flow_has_no_join_rules() -> None:
    flow = workflow(["a"]).model_copy(update={"kind": "control_flow"})
    with pytest.raises(ModelError, match="^workflow 'w' is control flow; join rules do not decide it$"):
        fill(flow, [])
