"""Options of tasks and flows: what cannot be read is said; what decides nothing is let through."""

from __future__ import annotations

import pytest
from flow_bodies import read_body, states

from workbook_lib.model.run import Scenario
from workbook_lib.prefect_reader import FlowProgram, read_source

_ALL = Scenario(name="all succeed")

HEAD = """\
import functools, os, sys
from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.client.orchestration import get_client
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff
from prefect_dask import DaskTaskRunner

def tell(*ended):
    get_run_logger().warning("%s of %s", ended, runtime.flow_run.id)

def cancel(task, run, state):
    with get_client(sync_client=True) as client:
        client.set_task_run_state(run.id, state)

def rename(task, run, state):
    state.name = "Skipped"

def leave(task, run, state):
    os._exit(1)

def indirect(task, run, state):
    leave(task, run, state)

@task
def mail(): ...

def start(task, run, state):
    mail()

def again(task, run, state):
    task.with_options(retries=1)()

def once_more(task, run, state):
    task()

def names(task, run, state):
    print(run.name if task.task_run_name else task.name, state.message)
"""


def program(options: str = "", flow: str = "", more: str = "", body: str = "a()", top: str = "") -> FlowProgram:
    text = f"{HEAD}\n{top}@task({options})\ndef a(x=None): ...\n{more}\n@flow({flow})\ndef f():\n    {body}\n"
    return read_source(text, flow_name="f", task_names={"a": "a"})


def reasons(read: FlowProgram) -> list[str]:
    assert {item.reason for item in read.unfollowed} == {item.reason for item in read.simulate(_ALL).unfollowed}
    return [item.reason for item in read.unfollowed]


BODY = "the task a: whether its body runs cannot be read from its "
AGAIN = "the task a: how often it is tried again cannot be read from its "
DELAY = "the task a: how long it waits before it is tried again cannot be read from its "
STOP = "the task a: when it is stopped cannot be read from its timeout_seconds"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("retries=int(os.environ['N'])", AGAIN + "retries"),
        ("retries=3 if os.name else 2", AGAIN + "retries"),
        ("retries=-1", AGAIN + "retries"),
        ("retries='2'", AGAIN + "retries"),
        ("retries=2, retry_condition_fn=tell", AGAIN + "retry_condition_fn"),
        ("retries=2, retry_delay_seconds=float(os.environ['S'])", DELAY + "retry_delay_seconds"),
        ("retries=2, retry_delay_seconds=[1, os.environ['S']]", DELAY + "retry_delay_seconds"),
        ("retries=2, retry_delay_seconds=(1, 2)", DELAY + "retry_delay_seconds"),  # Prefect: TypeError
        ("retries=2, retry_delay_seconds=lambda n: [1] * n", DELAY + "retry_delay_seconds"),
        ("retries=2, retry_delay_seconds=exponential_backoff(os.environ['S'])", DELAY + "retry_delay_seconds"),
        ("retries=60, retry_delay_seconds=[1] * 51", DELAY + "retry_delay_seconds"),  # Prefect: ValueError
        ("retries=2, retry_jitter_factor=0.5", DELAY + "retry_jitter_factor"),
        ("timeout_seconds=os.environ['S']", STOP),
        ("timeout_seconds=60 * LIMIT", STOP),
        ("cache_policy=INPUTS", BODY + "cache_policy"),
        ("cache_policy=INPUTS if os.name else NO_CACHE", BODY + "cache_policy"),
        ("cache_key_fn=tell", BODY + "cache_key_fn"),
        ("persist_result=True", BODY + "persist_result"),
        ("persist_result=os.environ['P']", BODY + "persist_result"),
        ("result_storage='s3/x'", BODY + "result_storage"),
        ("result_storage_key='x', cache_policy=NO_CACHE", BODY + "result_storage_key"),
        ("cache_result_in_memory=False", "the task a: whether its result can be read cannot be read from its cache_result_in_memory"),
        ("name=os.environ['NAME']", "the task a: what its runs are called cannot be read from its name"),
        ("on_commit=[tell]", "the task a: what happens when a transaction is committed cannot be read from its on_commit"),
        ("on_failure=[cancel]", "the task a has a hook in on_failure that uses prefect.client.orchestration.get_client"),
        ("on_failure=[rename]", "the task a has a hook in on_failure that changes state.name"),
        ("on_completion=[indirect]", "the task a has a hook in on_completion that uses os._exit"),
        ("on_running=[start]", "the task a has a hook in on_running that uses the task mail"),
        ("on_running=[again]", "the task a has a hook in on_running that uses task.with_options"),
        ("on_running=[once_more]", "the task a has a hook in on_running that calls task"),
        ("on_failure=[sys.exit]", "the task a has a hook in on_failure that is no function of the project (sys.exit)"),
        ("on_failure=HOOKS", "the task a has a hook in on_failure that only a run knows"),
        ("**options()", "the options of the task a are unpacked from a value that only a run knows"),
        ("shiny=True", "what shiny does to the task a is not known to the reader"),
    ],
)
def test_options_of_a_task_that_are_not_followed(options: str, reason: str) -> None:
    assert reasons(program(options)) == [reason]


@pytest.mark.parametrize(
    "options",
    [
        "description='x', tags=['t'], version='1', log_prints=True, cache_expiration=None",
        "cache_policy=NO_CACHE",
        "cache_policy=NO_CACHE, persist_result=True",
        "cache_policy=None, persist_result=True",
        "persist_result=False, retry_condition_fn=tell",
        "retries=True, retry_delay_seconds=1.5, retry_jitter_factor=0, timeout_seconds=0",
        "on_failure=[tell], on_completion=[tell, lambda *ended: print(ended)], on_running=None",
        "on_failure=[names]",
    ],
)
def test_options_of_a_task_that_decide_nothing(options: str) -> None:
    assert reasons(program(options)) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("retries=1", "the flow itself is tried again when it fails"),
        ("timeout_seconds=os.environ['S']", "the flow f: when it is stopped cannot be read from its timeout_seconds"),
        ("task_runner=DaskTaskRunner()", "the flow f: how its tasks are started cannot be read from its task_runner"),
        ("persist_result=True", "the flow f: whether the bodies of its tasks run cannot be read from its persist_result"),
        ("on_failure=[cancel]", "the flow f has a hook in on_failure that uses prefect.client.orchestration.get_client"),
        ("on_running=[rename]", "the flow f has a hook in on_running that changes state.name"),
        ("**options()", "the options of the flow f are unpacked from a value that only a run knows"),
    ],
)
def test_options_of_a_flow_that_are_not_followed(options: str, reason: str) -> None:
    assert reasons(program(flow=options)) == [reason]


@pytest.mark.parametrize("runner", ["ThreadPoolTaskRunner", "ThreadPoolTaskRunner(max_workers=3)", "None"])
def test_options_of_a_flow_that_decide_nothing(runner: str) -> None:
    assert reasons(program(flow=f"name='x', timeout_seconds=60, on_failure=[tell], task_runner={runner}")) == []


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("@a.on_failure\ndef late(task, run, state):\n    leave(1, 2, 3)\n", "the task a has a hook in on_failure that uses os._exit"),
        ("a.on_completion(rename)", "the task a has a hook in on_completion that changes state.name"),
        ("a.retries = int(os.environ['N'])", AGAIN + "retries"),
        ("a.fn = print", "what fn does to the task a is not known to the reader"),
    ],
)
def test_what_is_changed_behind_a_task(more: str, reason: str) -> None:
    assert reasons(program(more=more)) == [reason]


def test_a_decorator_around_a_task_or_a_helper_is_not_followed() -> None:
    around = "@functools.cache\n"
    assert reasons(program(top=around)) == ["what @functools.cache does to the task a is not known to the reader"]
    helper = f"{around}def helper():\n    a()\n"
    assert reasons(program(more=helper, body="helper()")) == ["what @functools.cache does to the function helper is not followed"]


def test_with_options_replaces_and_keeps_as_prefect_does() -> None:
    made = "retries=2, retry_delay_seconds=exponential_backoff(10), timeout_seconds=60"
    task = program(made, body="a.with_options(retries=4, timeout_seconds=None, name=None)()").tasks["a"]
    assert (task.retries, task.delays, task.timeout) == (4, (10.0, 20.0), 60.0)
    task = program(made, body="a.with_options(retry_delay_seconds=None, timeout_seconds=0)()").tasks["a"]
    assert (task.retries, task.delays, task.timeout) == (2, (), None)
    assert reasons(program(made, top="LIMIT = os.cpu_count()\n", body="a.with_options(timeout_seconds=LIMIT)()")) == [STOP]


@pytest.mark.parametrize("value", ["os.name", "os.name is None", "runtime.flow_run.id"])
def test_a_name_from_outside_is_neither_true_nor_false(value: str) -> None:
    assert reasons(program(body=f"a() if {value} else None"))[:1] == ["what happens next depends on a value that only a run knows"]
    assert reasons(program("retries=N", top=f"N = 2 if {value} else 0\n")) == [AGAIN + "retries"]


def test_what_an_import_guard_binds_is_either() -> None:
    guard = "try:\n    import fast\n    N = 3\nexcept ImportError:\n    N = 1\n"
    assert reasons(program("retries=N", top=guard)) == [AGAIN + "retries"]
    assert reasons(program("retries=N", top=guard.replace("N = 1", "N = 3"))) == []


def test_a_rule_with_unknown_arguments_or_a_plain_future_is_not_followed() -> None:
    unpacked = read_body("submit(a, **full)", parameters="full=None").unfollowed
    assert [item.reason for item in unpacked] == ["keyword arguments are unpacked from a value that only a run knows"]
    # The emitted rules look up the round of each upstream run, and know only those that they started: a KeyError in the task's body.
    plain = read_body("x = a.submit()\nreturn finish([submit(b, after=[x])])").unfollowed
    assert [item.reason for item in plain] == ["submit() is given a run of a, which was not started by it, and fails then"]


@pytest.mark.parametrize(
    ("body", "script", "expected"),
    [
        ("a()\na()", "", "a+ a1+ | success"),
        ("a()\na()\na()", "a:fail", "a! | failed"),
        ("a.submit()\na.submit()\na.submit()", "a:fail", "a! a1! a2! | success"),
        ("c.map([1])\nc.map([1, 2])", "c@1:fail", "c0+ c1! c2+ | success"),
        # A mapping that was never expanded is -1 only when its run is the task's only one.
        ('x = submit(a)\nreturn finish([submit_each(c, over={"x": x})])', "a=[]", "a+ c~ | success"),
        ('x = submit(a)\nreturn finish([submit_each(c, over={"x": x}), submit_each(c, over={"x": [1]})])', "a=[]", "a+ c0~ c1+ | success"),
        ('x = submit(a)\nreturn finish([submit_each(c, over={"x": [1]}), submit_each(c, over={"x": x})])', "a:fail", "a! c0+ c1x | failed"),
    ],
)
def test_runs_of_one_task_are_numbered_as_a_pilot_numbers_them(body: str, script: str, expected: str) -> None:
    assert states(read_body(body), script) == expected
