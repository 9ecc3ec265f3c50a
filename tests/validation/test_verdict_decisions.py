"""A decision explains exactly what it brings about."""

from __future__ import annotations

from typing import Any

import pytest

from workbook_lib.validation import Judgement, TaskVerdict
from workbook_lib.validation._decisions import explain


def row(aspect: str, task: str, legacy: Any, pilot: Any) -> TaskVerdict:
    return TaskVerdict(id=task, aspect=aspect, verdict=Judgement.DIFFERENT, legacy=legacy, pilot=pilot, reason="why", scenario="s")


RUN = row("states", "", {"state": "success"}, {"state": "failed"})
BACK = row("states", "", {"state": "failed"}, {"state": "success"})
TASK = row("states", "t", {"state": "success", "attempts": 1}, {"state": "failed", "attempts": 1})
FEWER = row("structure", "t", {"retries": 2}, {"retries": 0})
ATTEMPTS = row("states", "t", {"state": "failed", "attempts": 3}, {"state": "failed", "attempts": 1})
DELAY = row("structure", "t", {"retry_delay_seconds": [300.0, 300.0]}, {"retry_delay_seconds": [10]})
TIMEOUT = row("structure", "t", {"timeout_seconds": None}, {"timeout_seconds": 60})
PAUSED = row("schedule", "", {"cron": "0 6 * * *", "timezone": "UTC"}, {"paused": True, "schedules": []})
CRON = row("schedule", "", {"cron": "0 6 * * *", "timezone": "UTC"}, {"cron": "0 7 * * *", "timezone": "UTC"})
GONE = row("schedule", "", {"cron": "0 6 * * *", "timezone": "UTC"}, None)
RESULT = row("results", "t", {"json": 1}, {"json": 2})
LOST = row("outputs", "", {"path": "x", "digest": "1"}, None)


def workflow(**keys: Any) -> dict[str, Any]:
    return {"workflows": {"w": keys}}


def task(**keys: Any) -> dict[str, Any]:
    return workflow(tasks={"t": keys})


@pytest.mark.parametrize(
    ("found", "decisions", "decision"),
    [
        (RUN, {"on_failure": "raise"}, "on_failure = 'raise' (repository)"),
        (RUN, workflow(on_failure="raise"), "on_failure = 'raise' (workflow w)"),
        (RUN, {"on_failure": "raise"} | workflow(on_failure="keep"), ""),
        (RUN, {"on_failure": "keep"}, ""),
        (RUN, {"workflows": {"v": {"on_failure": "raise"}}}, ""),
        (BACK, {"on_failure": "raise"}, ""),
        (TASK, {"on_failure": "raise"}, ""),
        (FEWER, task(retries=0), "retries = 0 (task t)"),
        (FEWER, task(retries=1), ""),
        (FEWER, {"retries": 0} | task(retries=1), ""),
        (ATTEMPTS, task(retries=0), "retries = 0 (task t)"),
        (ATTEMPTS, task(retries=1), ""),
        (TASK, task(retries=0), ""),
        (DELAY, task(retry_delay_seconds=10), "retry_delay_seconds = 10 (task t)"),
        (DELAY, task(retry_delay_seconds=11), ""),
        (TIMEOUT, task(timeout_seconds=60), "timeout_seconds = 60 (task t)"),
        (PAUSED, workflow(schedule="paused"), "schedule = 'paused' (workflow w)"),
        (CRON, workflow(schedule="paused"), ""),
        (CRON, workflow(schedule="0 7 * * *"), "schedule = '0 7 * * *' (workflow w)"),
        (GONE, workflow(schedule="none"), "schedule = 'none' (workflow w)"),
        (CRON, workflow(schedule="none"), ""),
        (RESULT, task(accept={"results": "rounded"}), "accept.results (task t): rounded"),
        (RESULT, task(accept={"states": "rounded"}), ""),
        (RESULT, task(accept={"results": ""}), ""),
        (RESULT, workflow(accept={"results": "all of them"}), ""),
        (LOST, workflow(accept={"outputs": "not needed"}), "accept.outputs (workflow w): not needed"),
        (RESULT, {"workflows": 1}, ""),
        (RESULT, {}, ""),
    ],
)
def test_explained(found: TaskVerdict, decisions: dict[str, Any], decision: str) -> None:
    judged = explain(found, decisions, "w")
    expected = (Judgement.EXPLAINED, f"decided: {decision}; why") if decision else (Judgement.DIFFERENT, "why")
    assert (judged.verdict, judged.reason, judged.decision) == (*expected, decision)


@pytest.mark.parametrize("judgement", [Judgement.EQUAL, Judgement.NOT_COMPARABLE])
def test_only_differences_are_explained(judgement: Judgement) -> None:
    found = RUN.model_copy(update={"verdict": judgement})
    assert explain(found, {"on_failure": "raise"}, "w") == found
