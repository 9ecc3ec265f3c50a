"""The real Airflow at work: what scenarios mean, what a real run is given and kept from, how a run that hangs ends."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.errors import EngineError
from workbook_lib.model.expr import TaskOutput
from workbook_lib.model.run import REAL, Outcome, RunRecord, Scenario
from workbook_lib.model.workflow import Mapping
from workbook_lib.sources.airflow.engine import environment, run_legacy, run_several, structure
from workbook_lib.sources.airflow.engine._workbook_driver import _processes

pytestmark = pytest.mark.proof

STEERING = """
from datetime import datetime
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.utils.task_group import TaskGroup

def boom(*args, **kwargs):
    raise RuntimeError("a body ran in a rehearsal")

with DAG("steering", start_date=datetime(2024, 1, 1), schedule=None, catchup=False, on_failure_callback=boom,
         default_args={"on_failure_callback": boom, "on_success_callback": boom, "pre_execute": boom}):
    branch = BranchPythonOperator(task_id="branch", python_callable=boom, op_args=["{{ ti.xcom_pull('nobody')['x'] }}"])
    left = PythonOperator(task_id="left", python_callable=boom, retries=2)
    with TaskGroup("right") as right:
        inner = PythonOperator(task_id="inner", python_callable=boom)
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    branch >> [left, right] >> join
    gate = ShortCircuitOperator(task_id="gate", python_callable=boom, ignore_downstream_trigger_rules=False)
    behind = EmptyOperator(task_id="behind")
    always = EmptyOperator(task_id="always", trigger_rule="all_done")
    gate >> behind >> always
"""

MAPPED = """
from datetime import datetime
from airflow.decorators import dag, task

@dag(start_date=datetime(2024, 1, 1), schedule=None, catchup=False, default_args={"retries": 1})
def mapped():
    @task
    def items():
        raise RuntimeError("a body ran in a rehearsal")

    @task
    def each(item, fixed):
        raise RuntimeError("a body ran in a rehearsal")

    @task(trigger_rule="all_done")
    def last(values):
        raise RuntimeError("a body ran in a rehearsal")

    last(each.partial(fixed=1).expand(item=items()))

mapped()
"""

WORLD = """
import os, socket, subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

LEVELS = Variable.get("levels", deserialize_json=True)

def surroundings():
    return {"environment": sorted(os.environ), "home": os.listdir(os.environ["HOME"]), "here": sorted(os.listdir("."))}

def network():
    answers = []
    for attempt in (lambda: socket.getaddrinfo("example.org", 80), lambda: socket.create_connection(("192.0.2.1", 80), timeout=5)):
        try:
            attempt()
            answers.append("reached")
        except OSError as error:
            answers.append(str(error))
    return answers

def values(params, data_interval_start, data_interval_end, ds, ti):
    ti.xcom_push(key="other", value="not the result")
    connection = BaseHook.get_connection("shop")
    return {
        "levels": LEVELS, "plain": Variable.get("plain"), "login": connection.login, "schema": connection.extra_dejson["schema"],
        "params": dict(params), "ds": ds, "interval": [data_interval_start, data_interval_end],
        "set": {2, 1}, "tuple": (1, date(2024, 1, 2)),
    }

def breaks():
    raise ValueError("bad row 7")

with DAG("world", start_date=datetime(2024, 6, 1), schedule="@daily", catchup=False, params={"size": 1, "name": "a"}):
    PythonOperator(task_id="surroundings", python_callable=surroundings)
    PythonOperator(task_id="network", python_callable=network)
    PythonOperator(task_id="values", python_callable=values)
    PythonOperator(task_id="breaks", python_callable=breaks, retries=1, retry_delay=timedelta(hours=1), retry_exponential_backoff=True)
    BashOperator(task_id="skips", bash_command="exit 99")
    BashOperator(task_id="writes", bash_command="echo new > made.txt && echo changed >> given.txt", cwd=".", do_xcom_push=False)
"""

SENSORS = """
from datetime import datetime, timedelta
from pathlib import Path
from airflow import DAG
from airflow.sensors.python import PythonSensor
from airflow.sensors.time_delta import TimeDeltaSensor

def ask(name, after):
    path = Path(name)
    asked = int(path.read_text()) + 1 if path.exists() else 1
    path.write_text(str(asked))
    return asked > after

with DAG("sensors", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    for mode in ("poke", "reschedule"):
        PythonSensor(task_id=f"{mode}_true", python_callable=ask, op_args=[f"{mode}_true", 3], timeout=3600, poke_interval=300, mode=mode)
        PythonSensor(task_id=f"{mode}_false", python_callable=ask, op_args=[f"{mode}_false", 99], timeout=3600,
                     poke_interval=300, mode=mode)
    PythonSensor(task_id="soft", python_callable=ask, op_args=["soft", 1000], poke_interval=300, timeout=3600, soft_fail=True)
    TimeDeltaSensor(task_id="long_past", delta=timedelta(days=1), poke_interval=300)
"""

AWAITED = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.sensors.external_task import ExternalTaskSensor

settings = {"start_date": datetime(2024, 1, 1), "schedule": "@daily", "catchup": False}
with DAG("first", **settings):
    BashOperator(task_id="leave", bash_command="echo x > left.txt", cwd=".")
with DAG("second", **settings):
    EmptyOperator(task_id="task") << ExternalTaskSensor(task_id="wait", external_dag_id="first", execution_delta=timedelta(hours=2))
with DAG("third", **settings):
    ExternalTaskSensor(task_id="wait", external_dag_id="second", external_task_id="task")
with DAG("fourth", **settings):
    ExternalTaskSensor(task_id="wait", external_dag_id="elsewhere", timeout=7200)
"""

HANGS = """
import subprocess, time
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

def hang():
    subprocess.Popen(["sleep", "1234"], start_new_session=True)
    time.sleep(1234)

with DAG("hangs", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    BashOperator(task_id="first", bash_command="echo before") >> PythonOperator(task_id="second", python_callable=hang) >> BashOperator(
        task_id="third", bash_command="echo after")
"""

NEEDS = """
from datetime import datetime
from airflow import DAG
from airflow.models.param import Param
from airflow.operators.empty import EmptyOperator

with DAG("needs", start_date=datetime(2024, 1, 1), schedule=None, catchup=False, params={"must": Param(type="string")}):
    EmptyOperator(task_id="task")
"""

SOURCES = {"steering": STEERING, "mapped": MAPPED, "world": WORLD, "sensors": SENSORS, "awaited": AWAITED, "hangs": HANGS, "needs": NEEDS}
INPUTS = {
    "variables": {"levels": {"a": [1, 2]}, "plain": "text"},
    "connections": {"shop": {"conn_type": "http", "login": "reader", "password": "hidden", "extra": {"schema": "https"}}},
    "env": {"MY_SETTING": "1"},
}
DATE = "2024-01-01T00:00:00+00:00"


def rehearsal(name: str, **outcomes: Outcome) -> Scenario:
    return Scenario(name=name, outcomes=tuple((task.replace("__", "."), outcome) for task, outcome in outcomes.items()))


VERSIONS = ("2.11.2", "3.3.2")
Records = dict[tuple[str, str], RunRecord]
RUNS: list[tuple[str, Scenario]] = [
    ("steering", rehearsal("left", branch=Outcome(arms=("left",)), gate=Outcome(value=True))),
    ("steering", rehearsal("a group", branch=Outcome(arms=("right",)), gate=Outcome(value=False))),
    ("steering", rehearsal("nothing said")),
    ("steering", rehearsal("recovers", branch=Outcome(arms=("left",)), left=Outcome(does="recover", fails=2), gate=Outcome(does="skip"))),
    ("steering", rehearsal("fails", branch=Outcome(arms=("left",)), left=Outcome(does="fail"), gate=Outcome(value=1))),
    ("mapped", rehearsal("none", items=Outcome(value=[]))),
    ("mapped", rehearsal("three", items=Outcome(value=["a", "b", "c"]), each=Outcome(value={"x": 1}))),
    ("mapped", rehearsal("first fails", items=Outcome(value=["a", "b"]), each=Outcome(does="fail", map_index=0))),
    ("mapped", rehearsal("no list", items=Outcome(does="fail"))),
    ("world", REAL),
    ("sensors", REAL),
    ("first", REAL),
    ("second", REAL),
    ("third", REAL),
    ("fourth", REAL),
    ("hangs", REAL),
    ("needs", REAL),
]


def write(folder: Path, sources: dict[str, str]) -> Path:
    (folder / "fixtures").mkdir(parents=True)
    (folder / "fixtures" / "given.txt").write_text("given\n")
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module", params=VERSIONS)
def records(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Records:
    engine = environment(request.param)
    legacy, work = write(tmp_path_factory.mktemp("legacy") / "repo", SOURCES), tmp_path_factory.mktemp("work")
    os.environ["SECRET_OF_THE_CALLER"] = "1"
    try:
        made = run_several(
            RUNS, legacy=legacy, work=work, inputs=INPUTS, params={"size": 2}, logical_date=DATE, time_limit=15, engine=engine
        )
        found = {(record.workflow, record.scenario): record for record in made}
    finally:
        del os.environ["SECRET_OF_THE_CALLER"]
    assert list(work.iterdir()) == []
    assert {record.version for record in found.values()} == {request.param}
    return found


def states(record: RunRecord) -> dict[str, Any]:
    """Per task instance its state's first letters and its attempts; `run`: how the run ended."""
    short = {"success": "ok", "failed": "bad", "skipped": "skip", "upstream_failed": "up", "not_run": "none"}
    named = {
        task.id + (f"[{task.map_index}]" if task.map_index >= 0 else ""): f"{short[task.state]} {task.attempts}" for task in record.tasks
    }
    return {"run": short[record.state]} | named


REST = {"join": "ok 1", "gate": "ok 1"}
REHEARSED: dict[tuple[str, str], dict[str, str]] = {
    ("steering", "left"): {
        "run": "ok",
        "branch": "ok 1",
        "left": "ok 1",
        "right.inner": "skip 0",
        "behind": "ok 1",
        "always": "ok 1",
        **REST,
    },
    ("steering", "a group"): {
        "run": "ok",
        "branch": "ok 1",
        "left": "skip 0",
        "right.inner": "ok 1",
        "behind": "skip 0",
        "always": "ok 1",
        **REST,
    },
    ("steering", "nothing said"): {
        "run": "ok",
        "branch": "ok 1",
        "left": "skip 0",
        "right.inner": "skip 0",
        "join": "skip 0",
        "gate": "ok 1",
        "behind": "skip 0",
        "always": "ok 1",
    },
    ("steering", "recovers"): {
        "run": "ok",
        "branch": "ok 1",
        "left": "ok 3",
        "right.inner": "skip 0",
        "join": "ok 1",
        "gate": "skip 1",
        "behind": "skip 0",
        "always": "ok 1",
    },
    ("steering", "fails"): {
        "run": "bad",
        "branch": "ok 1",
        "left": "bad 3",
        "right.inner": "skip 0",
        "join": "up 0",
        "gate": "ok 1",
        "behind": "ok 1",
        "always": "ok 1",
    },
    ("mapped", "none"): {"run": "ok", "items": "ok 1", "each": "skip 0", "last": "ok 1"},
    ("mapped", "three"): {"run": "ok", "items": "ok 1", "each[0]": "ok 1", "each[1]": "ok 1", "each[2]": "ok 1", "last": "ok 1"},
    ("mapped", "first fails"): {"run": "ok", "items": "ok 1", "each[0]": "bad 2", "each[1]": "ok 1", "last": "ok 1"},
    ("mapped", "no list"): {"run": "ok", "items": "bad 2", "each": "up 0", "last": "ok 1"},
}


@pytest.mark.parametrize("key", REHEARSED, ids=" ".join)
def test_a_rehearsal_takes_the_course_that_the_engine_gives_it(records: Records, key: tuple[str, str]) -> None:
    assert states(records[key]) == REHEARSED[key]
    assert records[key].problem == ""
    assert records[key].outputs == ()


def result(record: RunRecord, task_id: str, index: int = -1) -> Any:
    task = record.task(task_id, index)
    assert task is not None
    return task.result.get("json", task.result)


def test_scripted_values_are_handed_over(records: Records) -> None:
    assert result(records["mapped", "three"], "items") == ["a", "b", "c"]
    assert result(records["mapped", "three"], "each", 2) == {"x": 1}
    assert result(records["steering", "left"], "gate") is True
    assert result(records["mapped", "none"], "last") == {"absent": True}


def test_what_skips_others_hands_over_its_result_in_airflow_2_only(records: Records) -> None:
    """Airflow 3 ends such a task by an exception, before its result is stored (`DownstreamTasksSkipped`)."""
    second, unkept = records["steering", "a group"].version.startswith("2"), {"absent": True, "kept": False}
    assert result(records["steering", "a group"], "branch") == ("right" if second else unkept)
    assert result(records["steering", "a group"], "gate") == (False if second else unkept)


def test_a_real_run_gets_its_inputs_and_the_interval_of_the_scheduled_run(records: Records) -> None:
    """`@daily` is an interval that starts at the logical date in Airflow 2, and a moment in Airflow 3."""
    end = "2024-01-02" if records["world", "real"].version.startswith("2") else "2024-01-01"
    assert result(records["world", "real"], "values") == {
        "levels": {"a": [1, 2]},
        "plain": "text",
        "login": "reader",
        "schema": "https",
        "params": {"size": 2, "name": "a"},
        "ds": "2024-01-01",
        "interval": ["2024-01-01T00:00:00+00:00", f"{end}T00:00:00+00:00"],
        "set": [1, 2],
        "tuple": [1, "2024-01-02"],
    }


def test_a_real_run_sees_nothing_of_the_caller(records: Records) -> None:
    seen = result(records["world", "real"], "surroundings")
    assert seen["home"] == []
    assert seen["here"][0] == "given.txt"
    assert "MY_SETTING" in seen["environment"]
    assert "SECRET_OF_THE_CALLER" not in seen["environment"]


def test_a_real_run_does_not_reach_the_network(records: Records) -> None:
    off = "the network is off while runs are compared: "
    assert result(records["world", "real"], "network") == [f"{off}'example.org'", f"{off}'192.0.2.1'"]


def test_a_real_run_records_attempts_skips_errors_and_what_it_left(records: Records) -> None:
    record = records["world", "real"]
    found = states(record)
    assert (found["run"], found["breaks"], found["skips"], found["writes"]) == ("bad", "bad 2", "skip 1", "ok 1")
    assert {task.id: task.log_tail for task in record.tasks if task.log_tail} == {"breaks": "ValueError: bad row 7"}
    assert [output.path for output in record.outputs] == ["given.txt", "made.txt"]
    assert record.outputs[0] != records["first", "real"].outputs[0]


def test_sensors_ask_as_often_as_configured_without_the_waiting(records: Records) -> None:
    record = records["sensors", "real"]
    assert states(record) == {
        "run": "bad",
        "poke_true": "ok 1",
        "poke_false": "bad 1",
        "reschedule_true": "ok 1",
        "reschedule_false": "bad 1",
        "soft": "skip 1",
        "long_past": "ok 1",
    }
    digests = {output.path: output.digest for output in record.outputs}
    assert digests["poke_false"] == digests["reschedule_false"] == digests["soft"]
    assert digests["poke_true"] == digests["reschedule_true"] != digests["poke_false"]


def test_awaited_dags_run_first_elsewhere(records: Records) -> None:
    assert [output.path for output in records["first", "real"].outputs] == ["given.txt", "left.txt"]
    assert [output.path for output in records["second", "real"].outputs] == ["given.txt"]
    assert states(records["second", "real"]) == {"run": "ok", "wait": "ok 1", "task": "ok 1"}
    assert states(records["third", "real"]) == {"run": "ok", "wait": "ok 1"}
    assert states(records["fourth", "real"]) == {"run": "bad", "wait": "bad 1"}


def test_a_run_that_hangs_is_ended_and_told(records: Records) -> None:
    record = records["hangs", "real"]
    assert record.problem == "the time limit of 15 s was reached"
    assert states(record) == {"run": "bad", "first": "ok 1", "second": "none 1", "third": "none 0"}
    assert "sleep 1234" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_a_run_that_cannot_begin_is_told(records: Records) -> None:
    record = records["needs", "real"]
    assert record.problem.startswith("Airflow could not run it: ParamValidationError: ")
    assert (record.state, record.tasks) == ("failed", ())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path, version: str) -> Iterator[Callable[..., list[RunRecord]]]:
    def run(dag_id: str, sources: dict[str, str]) -> list[RunRecord]:
        legacy, work = write(tmp_path / "repo", sources), tmp_path / "work"
        return run_legacy(dag_id, [REAL], legacy=legacy, work=work, logical_date=DATE, time_limit=15, engine=environment(version))

    yield run
    assert list((tmp_path / "work").iterdir()) == []


def test_a_dag_that_is_not_there_is_told(folder: Callable[..., list[RunRecord]], tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        folder("hang", {"hangs": HANGS})
    assert str(caught.value) == f"Airflow found no DAG 'hang' in {tmp_path}/repo; it found hangs."


def test_a_file_that_cannot_be_imported_is_told(folder: Callable[..., list[RunRecord]], tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        folder("x", {"x": "from airflow import DAG\nimport no_such_package\n"})
    missing = "ModuleNotFoundError: No module named 'no_such_package'"
    assert str(caught.value) == f"Airflow has no DAG 'x', and could not import {tmp_path}/repo/x.py: {missing}."


def test_stopping_early_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    legacy = write(tmp_path / "repo", {"hangs": HANGS.replace("1234", "4321")})
    runs = run_several(
        [("steering", REAL)], legacy=write(tmp_path / "other", {"steering": STEERING}), work=tmp_path / "work", logical_date=DATE
    )
    runs.close()

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "started" and event["id"] == "second":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_legacy("hangs", [REAL], legacy=legacy, work=tmp_path / "work", logical_date=DATE, on_event=stop)
    assert list((tmp_path / "work").iterdir()) == []
    assert "sleep 4321" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert [pid for pid in _processes.descendants(os.getpid()) if b"_workbook_driver" in Path(f"/proc/{pid}/cmdline").read_bytes()] == []


def test_structure_is_what_airflow_holds(tmp_path: Path, version: str) -> None:
    legacy = write(tmp_path / "repo", SOURCES | {"bad": "import airflow, nothing_such\ndag = 1\n"})
    workflows, errors = structure(legacy=legacy, work=tmp_path, inputs=INPUTS, engine=environment(version))
    assert list(errors) == [f"{tmp_path}/repo/bad.py"]
    assert sorted(workflows) == ["first", "fourth", "hangs", "mapped", "needs", "second", "sensors", "steering", "third", "world"]
    assert workflows["mapped"].task("each").mapping == Mapping(over=(("item", TaskOutput(task="items")),))
    steering = workflows["steering"]
    assert {(edge.source, edge.target, edge.choice) for edge in steering.edges} == {
        ("branch", "left", ("left",)),
        ("branch", "right.inner", ("right.inner",)),
        ("left", "join", None),
        ("right.inner", "join", None),
        ("gate", "behind", None),
        ("behind", "always", None),
    }
    assert (steering.task("gate").steers, steering.task("gate").steers_rules, steering.task("left").retry.retries) == (
        "short_circuit",
        True,
        2,
    )
    assert version.startswith(steering.version)
