"""What holds for every workflow and every scenario."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workbook_lib.model.action import Nothing
from workbook_lib.model.evaluate import fill, run_state, simulate
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Outcome, Scenario, State
from workbook_lib.model.workflow import Edge, RetryPolicy, Task, Workflow, closure

NAMES = "abcdefgh"


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    pairs = [(a, b) for number, b in enumerate(names) for a in names[:number]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14)) if pairs else []
    tasks = []
    for name in names:
        steers = draw(st.sampled_from(["", "", "branch", "short_circuit"]))
        rule, retries = draw(st.sampled_from(list(JoinRule))), draw(st.integers(0, 2))
        tasks.append(
            Task(id=name, operator="X", action=Nothing(), join_rule=rule, steers=steers, retry=RetryPolicy(retries=retries),
                 steers_rules=draw(st.booleans()))
        )  # fmt: skip
    edges = tuple(Edge(source=a, target=b) for a, b in chosen)
    return Workflow(id="w", system="airflow", version="2.11", origin=Origin(file="x", line=1), tasks=tuple(tasks), edges=edges)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Workflow, Scenario]:
    flow = draw(workflows())
    outcomes = []
    for task in flow.tasks:
        below = flow.downstream(task.id)
        arms = tuple(draw(st.lists(st.sampled_from(below), unique=True))) if task.steers == "branch" and below else None
        outcomes.append(
            (task.id, Outcome(does=draw(st.sampled_from(["succeed", "succeed", "fail", "skip", "recover"])), arms=arms,
                              fails=draw(st.integers(1, 3)), value=draw(st.sampled_from([None, True, False]))))
        )  # fmt: skip
    return flow, Scenario(name="any", outcomes=tuple(outcomes))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_every_task_ends_once_and_its_state_fits_its_attempts(case: tuple[Workflow, Scenario]) -> None:
    flow, scenario = case
    runs, state = simulate(flow, scenario)
    assert [run.id for run in runs] == [task.id for task in flow.tasks]
    for run in runs:
        assert run.attempts <= flow.task(run.id).retry.retries + 1
        assert (run.attempts > 0) == (run.state in (State.SUCCESS, State.FAILED)) or run.state is State.SKIPPED
        assert run.state is not State.NOT_RUN
    assert state is run_state(flow, runs)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_filling_in_what_never_started_gives_the_same_run(case: tuple[Workflow, Scenario]) -> None:
    flow, scenario = case
    runs, _ = simulate(flow, scenario)
    started = [run.model_copy(update={"observed": True}) for run in runs if run.attempts]
    assert [(run.id, run.state) for run in fill(flow, started)] == [(run.id, run.state) for run in runs]


@settings(max_examples=200, deadline=None)
@given(cases())
def test_a_task_that_ran_and_is_missing_is_never_excused(case: tuple[Workflow, Scenario]) -> None:
    flow, scenario = case
    runs, _ = simulate(flow, scenario)
    ran = [run for run in runs if run.attempts and run.state is State.SUCCESS and not flow.task(run.id).steers]
    for missing in ran:
        after = closure(flow)[missing.id]
        kept = [run for run in runs if run.attempts and run.id != missing.id and run.id not in after]
        assert next(run.state for run in fill(flow, kept) if run.id == missing.id) is State.NOT_RUN


@settings(max_examples=100, deadline=None)
@given(workflows())
def test_tasks_before_a_failure_do_not_notice_it(flow: Workflow) -> None:
    calm = dict(zip((task.id for task in flow.tasks), simulate(flow, Scenario(name="calm"))[0], strict=True))
    for task in flow.tasks:
        runs, _ = simulate(flow, Scenario(name="one", outcomes=((task.id, Outcome(does="fail")),)))
        touched = closure(flow)[task.id] | {task.id}
        assert all(run == calm[run.id] for run in runs if run.id not in touched)
