"""The driver's parts that need no Airflow: outcomes, results, the clock, the network guard, processes and their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.model.run import Outcome, Scenario
from workbook_lib.model.run import result_of as model_result_of
from workbook_lib.sources.airflow import engine
from workbook_lib.sources.airflow.engine._workbook_driver import _clock, _network, _plain, _scenario

ENGINE = Path(engine.__file__).parent


class Something:
    """A value without a stable form."""


VALUES: list[Any] = [
    None,
    True,
    0,
    1.5,
    "text",
    "ä" * 30_000,
    [1, [2, None]],
    (1, 2),
    {3, 1, 2},
    {"b": 1, 2: {"c": (4,)}},
    date(2024, 1, 1),
    datetime(2024, 1, 1, 6, tzinfo=UTC),
    float("nan"),
    Something(),
    [Something()],
    b"bytes",
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_result_has_the_form_that_the_model_gives_it(value: Any) -> None:
    assert _plain.result_of(value) == model_result_of(value)


SCENARIO = Scenario(
    name="some",
    outcomes=(
        ("all", Outcome(does="fail")),
        ("one", Outcome(value=[1])),
        ("one", Outcome(does="skip", map_index=2)),
        ("late", Outcome(does="recover", fails=2, map_index=0)),
        ("late", Outcome(value="others")),
    ),
)


@pytest.mark.parametrize("task", ["all", "one", "late", "unnamed"])
@pytest.mark.parametrize("index", [-1, 0, 2])
def test_an_outcome_is_the_one_that_the_model_finds(task: str, index: int) -> None:
    found = _scenario.outcome(SCENARIO.model_dump(mode="json"), task, index)
    assert found == SCENARIO.outcome(task, index).model_dump(mode="json")


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (Outcome(arms=("a",)), "a"),
        (Outcome(arms=("a", "b")), ["a", "b"]),
        (Outcome(arms=()), []),
        (Outcome(value="c"), "c"),
    ],
)
def test_a_branch_returns_its_arms(outcome: Outcome, answer: Any) -> None:
    assert _scenario.chosen(outcome.model_dump(mode="json")) == answer


@pytest.mark.parametrize(
    ("outcome", "failing"),
    [
        (Outcome(), [False, False, False]),
        (Outcome(does="fail"), [True, True, True]),
        (Outcome(does="recover", fails=2), [True, True, False]),
    ],
)
def test_an_attempt_fails_as_the_outcome_says(outcome: Outcome, failing: list[bool]) -> None:
    assert [_scenario.fails(outcome.model_dump(mode="json"), attempt) for attempt in (1, 2, 3)] == failing


def test_skipped_seconds_count_on_the_clock_but_are_not_waited_for() -> None:
    clock = _clock.Hurry(0.001)
    really, before = time.monotonic(), clock.monotonic()
    for _ in range(10):
        clock.sleep(360)
    assert 3600 <= clock.monotonic() - before < 3605
    assert time.monotonic() - really < 2
    assert clock.time() == pytest.approx(time.time(), abs=1)


def test_a_clock_that_does_not_count_only_hurries() -> None:
    clock = _clock.Hurry(0.001, counts=False)
    before = clock.monotonic()
    clock.sleep(360)
    assert clock.monotonic() - before < 2


@pytest.mark.parametrize(
    ("host", "local"),
    [
        (None, True),
        ("", True),
        ("localhost", True),
        ("127.0.0.1", True),
        (b"127.0.0.1", True),
        ("::1", True),
        ("example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_only_this_machine_is_local(host: Any, local: bool) -> None:
    assert _network.is_local(host) is local


def driver_code(body: str, *, leash: int = -1, limit: float = 20) -> str:
    """A program that runs `body(lines)` as the driver runs a scenario, and prints what it heard as JSON."""
    indented = "\n".join("    " + line for line in body.splitlines())
    return f"""
import json, os, subprocess, sys, time
sys.path.insert(0, {str(ENGINE)!r})
from _workbook_driver import _processes
def body(lines):
{indented}
heard = []
_processes.adopt_orphans()
problem = _processes.run_forked(body, heard.append, time_limit={limit}, leash={None if leash < 0 else leash})
print(json.dumps([problem, [line.decode() for line in heard], _processes.descendants(os.getpid())]))
"""


def run_driver_code(code: str) -> tuple[str, list[str], list[int]]:
    done = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    problem, lines, left = json.loads(done.stdout)
    return problem, lines, left


def test_lines_of_the_forked_process_are_heard() -> None:
    assert run_driver_code(driver_code('os.write(lines, b"one\\ntw"); time.sleep(0.2); os.write(lines, b"o\\n")')) == (
        "",
        ["one", "two"],
        [],
    )


def test_a_process_that_raises_is_a_problem() -> None:
    problem, lines, left = run_driver_code(driver_code("raise ValueError"))
    assert (problem, lines, left) == ("the engine's process ended with status 70", [], [])


@pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc")
def test_at_the_time_limit_everything_below_dies_even_in_a_session_of_its_own() -> None:
    body = 'subprocess.Popen(["sleep", "500"], start_new_session=True)\nos.write(lines, b"started\\n")\ntime.sleep(500)'
    assert run_driver_code(driver_code(body, limit=1)) == ("the time limit of 1 s was reached", ["started"], [])


@pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc")
def test_what_a_run_leaves_running_dies_with_it() -> None:
    assert run_driver_code(driver_code('subprocess.Popen(["sleep", "500"], start_new_session=True)')) == ("", [], [])


@pytest.mark.skipif(sys.platform != "linux", reason="descendants are found through /proc")
def test_when_the_caller_is_gone_everything_ends() -> None:
    code = driver_code('os.write(lines, b"started\\n")\nprint(os.getpid(), flush=True)\ntime.sleep(500)', leash=0)
    driver = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert driver.stdin is not None
    assert driver.stdout is not None
    child = int(driver.stdout.readline())
    driver.stdin.close()
    assert driver.wait(timeout=20) == 71
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    driver.stdout.close()
