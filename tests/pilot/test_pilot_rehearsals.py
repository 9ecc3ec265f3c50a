"""Rehearsals: what the flow does with scripted tasks is what the model's rules say, for flows written in the three forms."""

from __future__ import annotations

import pytest
from pilot_workflows import COMPUTES, FUTURES, RAISES, RULES, SEQUENCE

from workbook_lib import pilot
from workbook_lib.model.evaluate import simulate
from workbook_lib.model.run import Outcome, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Workflow

pytestmark = pytest.mark.pilot

Outcomes = dict[str, Outcome]
FAIL, SKIP, RECOVER = Outcome(does="fail"), Outcome(does="skip"), Outcome(does="recover", fails=1)
PUBLISH, HOLD = Outcome(arms=("publish",)), Outcome(arms=("hold",))


def rehearse(session: pilot.Session, workflow: Workflow, base: Outcomes, changes: list[Outcomes]) -> list[RunRecord]:
    """Run every change to `base` and compare it with what the rules say."""
    scripted = [Scenario(name=f"{number}", outcomes=tuple((base | change).items())) for number, change in enumerate(changes)]
    records = [session.run(workflow, scenario, time_limit=60) for scenario in scripted]
    for scenario, record in zip(scripted, records, strict=True):
        expected, state = simulate(workflow, scenario)
        assert (record.problem, record.state, ends(record.tasks)) == ("", state, ends(expected)), scenario
    return records


def ends(runs: tuple[TaskRun, ...]) -> dict[tuple[str, int], tuple[State, int]]:
    return {(run.id, run.map_index): (run.state, run.attempts) for run in runs}


def test_blocking_calls(session: pilot.Session) -> None:
    each_fails = [{task.id: FAIL} for task in SEQUENCE.tasks]
    records = rehearse(session, SEQUENCE, {"choose": PUBLISH}, [{}, {"choose": HOLD}, {"total": RECOVER}, *each_fails])
    unseen = {run.id for run in records[1 + 2 + 2].tasks if not run.observed}  # total fails: nothing after it is ever created
    assert unseen == {"choose", "publish", "hold"}


def test_futures_and_mapped_tasks(session: pilot.Session) -> None:
    numbers = Outcome(value=["a", "b", "c"])
    first = Outcome(does="fail", map_index=0)
    second = Outcome(does="recover", fails=1, map_index=1)
    rehearse(session, FUTURES, {"numbers": numbers}, [{}, {"numbers": FAIL}, {"square": FAIL}, {"square": second}, {"sum_up": FAIL}])
    record = session.run(FUTURES, Scenario(name="first", outcomes=(("numbers", numbers), ("square", first))))
    squares = {run.map_index: run.state for run in record.tasks if run.id == "square"}
    assert squares == {0: State.FAILED, 1: State.SUCCESS, 2: State.SUCCESS}


def test_gates_in_front_of_bodies(session: pilot.Session) -> None:
    opened = {"gate": Outcome(value=True)}
    changes: list[Outcomes] = [{"gate": Outcome(value=False)}, {"gate": FAIL}]
    changes += [
        opened | {name: outcome}
        for name, outcome in (("first", SKIP), ("first", FAIL), ("after", FAIL), ("after", RECOVER), ("last", FAIL))
    ]
    rehearse(session, RULES, {}, [opened, *changes])


def test_a_rehearsal_leaves_nothing(session: pilot.Session) -> None:
    scenario = Scenario(name="first fails", outcomes=(("first", FAIL), ("gate", Outcome(value=True))))
    record = session.run(RULES, scenario)
    assert [output.path for output in record.outputs] == ["region.txt"]  # neither a body nor a failure hook wrote anything


def test_flow_code_that_computes_with_a_scripted_result_is_a_problem(session: pilot.Session) -> None:
    record = session.run(COMPUTES, Scenario(name="all succeed"))
    place = session.root / "project" / "flows" / "computes.py"
    assert record.problem == f"flow code computes with the scripted result of 'count' ({place}:22)"


BINDS = (
    "the flow itself raised ParameterBindError: Error binding parameters for function 'second': missing a required argument: 'rows'. "
    "Function 'second' has signature 'rows: 'int') -> 'int'' but received args: () and kwargs: ['amount'] at flows/raises.py:38"
)


@pytest.mark.parametrize("kind", ["real", "rehearsal"])
@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("binds", BINDS),
        ("computes", "the flow itself raised ZeroDivisionError: division by zero at flows/raises.py:40"),
        ("waits", ""),  # Prefect's own word that a task never ran, because its upstream task failed
        ("wraps", ""),  # what was raised from a task's failure, as the flow says itself
        ("passes", ""),
    ],
)
def test_an_exception_that_no_task_raised_is_a_problem(session: pilot.Session, kind: str, how: str, problem: str) -> None:
    scenario = Scenario(name="first fails", kind=kind, outcomes=(("first", FAIL),))  # type: ignore[arg-type]
    record = session.run(RAISES, scenario, params={"how": how})
    assert (record.state, record.problem) == (State.FAILED, problem)
