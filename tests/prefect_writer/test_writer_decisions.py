"""Decisions change the flow where they say so, and nowhere else."""

from __future__ import annotations

import pytest
from test_forms import daily_sales, skips
from writer_build import shell, workflow

from workbook_lib.errors import UsageError
from workbook_lib.prefect_writer import write


def flow(made, decisions):
    project = write([made], decisions)
    return project.files[project.flows[made.id].path]


def body(text):
    return text.split("@flow\n", 1)[1].split("\n\n\nif __name__", 1)[0]


def test_the_most_specific_decision_wins():
    made = workflow(shell("a", "echo a"), shell("b", "echo b"), edges="a >> b")
    decisions = {"retries": 1, "workflows": {"example": {"retries": 2, "tasks": {"b": {"retries": 3, "retry_delay_seconds": 5}}}}}
    decorators = [line for line in flow(made, decisions).splitlines() if line.startswith("@task")]
    assert decorators == ["@task(retries=2, retry_delay_seconds=300)", "@task(retries=3, retry_delay_seconds=5)"]


def test_raise_on_failure_uses_finally():
    assert body(flow(daily_sales(), {"workflows": {"daily_sales": {"on_failure": "raise"}}})).splitlines()[-2:] == [
        "    finally:",
        "        cleanup()",
    ]


def test_raise_on_failure_asks_every_task_in_the_rules_form():
    assert body(flow(skips(), {"on_failure": "raise"})).splitlines()[-1] == "    return finish([maybe_run, after_run, anyway_run])"


def test_schedule():
    made = workflow(shell("a", "echo a"))
    assert '      - cron: "5 4 * * *"' in write([made], {"schedule": "5 4 * * *"}).files["prefect.yaml"].splitlines()


@pytest.mark.parametrize("value", ["two", -1, True])
def test_a_decision_that_is_no_number(value):
    with pytest.raises(UsageError, match=r"the decision retries = .* for 'a' of 'example' is not a number from 0 on"):
        flow(workflow(shell("a", "echo a")), {"retries": value})


def test_a_named_schedule_is_written_as_cron_has_it():
    made = workflow(shell("a", "echo a"))
    assert '      - cron: "0 0 1 */3 *"' in write([made], {"schedule": "@quarterly"}).files["prefect.yaml"].splitlines()
