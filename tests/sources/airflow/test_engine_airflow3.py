"""The real Airflow 3 at work, with what only it has: the SDK's names, its data intervals, run ids, deferral, retry policies."""

from __future__ import annotations

from typing import Any

import pytest
from test_engine_airflow import DATE, Records, rehearsal, result, states, write

from workbook_lib.model.run import REAL, Outcome, Scenario
from workbook_lib.sources.airflow.engine import environment, run_several, structure

pytestmark = pytest.mark.proof

DATES = """
from airflow.sdk import DAG, CronDataIntervalTimetable, Variable, task
from datetime import datetime, timedelta

LEVEL = Variable.get("level")  # while the file is imported, as the DAG processor does

@task
def dates(ds, data_interval_start, data_interval_end, run_id, dag_run, level=LEVEL):
    return {"ds": ds, "interval": [data_interval_start, data_interval_end], "run_id": run_id,
            "run_after": dag_run.run_after, "level": level, "now": Variable.get("level")}

with DAG("moment", schedule="0 6 * * *", start_date=datetime(2030, 1, 1)):
    dates()
with DAG("period", schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"), start_date=datetime(2024, 1, 1)):
    dates()
with DAG("every", schedule=timedelta(hours=6), start_date=datetime(2024, 1, 1)):
    dates()
with DAG("never", schedule=None):
    dates()
"""

BODIES = """
from datetime import timedelta
from airflow.sdk import DAG, ExceptionRetryPolicy, RetryAction, RetryRule, setup, task, task_group, teardown
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk.exceptions import AirflowFailException

def boom(*args, **kwargs):
    raise RuntimeError("user code ran in a rehearsal")

with DAG("bodies", schedule=None, on_success_callback=boom, on_failure_callback=boom):
    @setup
    def up():
        return "up"

    @teardown
    def down():
        raise ValueError("cannot clean up")

    @task(retries=3, retry_policy=ExceptionRetryPolicy(rules=[RetryRule(exception=KeyError, action=RetryAction.FAIL)]))
    def hopeless():
        raise KeyError("no")

    @task(retries=2, email="nobody@example.org", email_on_retry=True, email_on_failure=True, on_failure_callback=boom)
    def gives_up():
        raise AirflowFailException("never again")

    @task
    def numbers():
        return [1, 2]

    @task_group
    def pair(number):
        @task(map_index_template="{{ task.task_id }}")
        def twice(number):
            return 2 * number

        @task(multiple_outputs=True)
        def parts(value):
            return {"value": value, "more": {"square": value * value}}

        return parts(twice(number))

    pair.expand(number=numbers())
    first, last = up(), down()
    first >> [hopeless(), gives_up()] >> last
    first >> last
    TimeDeltaSensor(task_id="deferred", delta=timedelta(hours=1), deferrable=True)
    TriggerDagRunOperator(task_id="starts", trigger_dag_id="gates")
    TriggerDagRunOperator(task_id="starts_nothing", trigger_dag_id="nowhere")
    BashOperator(task_id="hooked", bash_command="echo {{ missing.x }}", pre_execute=boom, post_execute=boom)
"""

GATES = """
from airflow.sdk import DAG, task

with DAG("gates", schedule=None):
    @task.branch
    def choose():
        return "left"

    @task
    def left():
        return 1

    @task
    def right():
        return 2

    @task(trigger_rule="none_failed_min_one_success")
    def join():
        return 3

    @task.short_circuit
    def go_on():
        return False

    @task(trigger_rule="all_done")
    def after():
        return 4

    choose() >> [left(), right()] >> join()
    go_on() >> after()

with DAG("hasty", schedule=None, fail_fast=True):
    @task(task_id="first")
    def fails():
        raise ValueError("at once")

    @task(task_id="second")
    def never():
        return 1

    fails() >> never()
"""

SOURCES = {"dates": DATES, "bodies": BODIES, "gates": GATES}
RUNS: list[tuple[str, Scenario]] = [
    ("moment", REAL),
    ("period", REAL),
    ("every", REAL),
    ("never", REAL),
    ("bodies", REAL),
    ("bodies", rehearsal("all succeed", numbers=Outcome(value=[7, 8, 9]), pair__parts=Outcome(value={"value": 1}))),
    ("bodies", rehearsal("hopeless recovers", numbers=Outcome(value=[]), hopeless=Outcome(does="recover", fails=2))),
    ("gates", REAL),
    ("gates", rehearsal("both", choose=Outcome(arms=("left", "right")), go_on=Outcome(value=True))),
    ("hasty", REAL),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    legacy, work = write(tmp_path_factory.mktemp("legacy") / "repo", SOURCES), tmp_path_factory.mktemp("work")
    made = run_several(
        RUNS,
        legacy=legacy,
        work=work,
        inputs={"variables": {"level": "3"}},
        logical_date=DATE,
        time_limit=30,
        engine=environment("3.3.2"),
    )
    found = {(record.workflow, record.scenario): record for record in made}
    assert {key: record.problem for key, record in found.items() if record.problem} == {}
    return found


def dates(records: Records, dag_id: str) -> dict[str, Any]:
    return dict(result(records[dag_id, "real"], "dates"))


@pytest.mark.parametrize(
    ("dag_id", "end"),
    [("moment", "2024-01-01"), ("every", "2024-01-01"), ("never", "2024-01-01"), ("period", "2024-01-02")],
)
def test_a_run_has_the_dates_that_the_scheduler_would_give_it(records: Records, dag_id: str, end: str) -> None:
    """A cron line and a time delta are moments, unless the DAG names a timetable of data intervals; the run is made at its end."""
    assert dates(records, dag_id) == {
        "ds": "2024-01-01",
        "interval": [DATE, f"{end}T00:00:00+00:00"],
        "run_id": f"manual__{end}T00:00:00+00:00",
        "run_after": f"{end}T00:00:00+00:00",
        "level": "3",
        "now": "3",
    }


def test_a_real_run_takes_its_own_course(records: Records) -> None:
    assert states(records["bodies", "real"]) == {
        "run": "bad",
        "up": "ok 1",
        "down": "bad 1",
        "hopeless": "bad 1",
        "gives_up": "bad 1",
        "numbers": "ok 1",
        "pair.twice[0]": "ok 1",
        "pair.twice[1]": "ok 1",
        "pair.parts[0]": "ok 1",
        "pair.parts[1]": "ok 1",
        "deferred": "ok 1",
        "starts": "ok 1",
        "starts_nothing": "bad 1",
        "hooked": "bad 1",
    }
    assert [result(records["bodies", "real"], "pair.twice", index) for index in (0, 1)] == [2, 4]
    assert result(records["bodies", "real"], "pair.parts", 1) == {"value": 4, "more": {"square": 16}}
    tails = {task.id: task.log_tail for task in records["bodies", "real"].tasks}
    assert (tails["gives_up"], tails["down"]) == ("AirflowFailException: never again", "ValueError: cannot clean up")


def test_a_rehearsal_runs_no_body_template_hook_callback_or_policy(records: Records) -> None:
    group = {f"pair.{name}[{index}]": "ok 1" for name in ("twice", "parts") for index in (0, 1, 2)}
    single = ("up", "down", "hopeless", "gives_up", "numbers", "deferred", "starts", "starts_nothing", "hooked")
    assert states(records["bodies", "all succeed"]) == {"run": "ok"} | dict.fromkeys(single, "ok 1") | group
    assert result(records["bodies", "all succeed"], "pair.parts", 0) == {"value": 1}
    recovered = states(records["bodies", "hopeless recovers"])
    assert (recovered["run"], recovered["hopeless"], recovered["pair.twice"], recovered["pair.parts"]) == ("ok", "ok 3", "skip 0", "skip 0")


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("real", {"run": "ok", "left": "ok 1", "right": "skip 0", "join": "ok 1", "after": "skip 0"}),
        ("both", {"run": "ok", "left": "ok 1", "right": "ok 1", "join": "ok 1", "after": "ok 1"}),
    ],
)
def test_branches_and_short_circuits_steer_in_both(records: Records, scenario: str, expected: dict[str, str]) -> None:
    assert states(records["gates", scenario]) == expected | {"choose": "ok 1", "go_on": "ok 1"}


def test_a_dag_that_fails_fast_skips_what_has_not_begun(records: Records) -> None:
    """Its run succeeds when all leaves are skipped: Airflow looks at the leaves alone."""
    assert states(records["hasty", "real"]) == {"run": "ok", "first": "bad 1", "second": "skip 0"}


def test_structure_is_what_airflow_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    legacy, work = write(tmp_path_factory.mktemp("legacy") / "repo", SOURCES), tmp_path_factory.mktemp("work")
    workflows, errors = structure(legacy=legacy, work=work, inputs={"variables": {"level": "3"}}, engine=environment("3.3.2"))
    assert errors == {}
    bodies = workflows["bodies"]
    assert (bodies.version, [task.id for task in bodies.tasks if task.setup], [task.id for task in bodies.tasks if task.teardown]) == (
        "3.3",
        ["up"],
        ["down"],
    )
    assert {task.id: task.steers for task in workflows["gates"].tasks if task.steers} == {"choose": "branch", "go_on": "short_circuit"}
    assert [(group.id, group.mapping is not None) for group in bodies.groups] == [("pair", True)]
