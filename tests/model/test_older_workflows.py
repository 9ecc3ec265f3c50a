"""Workflows that were stored before a field was added still load, and mean what they meant."""

from __future__ import annotations

import json
from typing import Any

from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import RetryPolicy, RunParameter, Schedule, Task, Workflow

LATER = {
    "schedule": ("timetable", "condition", "time", "crons", "moments", "arguments", "trigger", "back_seconds"),
    "retry": ("multiplier", "policy"),
    "limits": ("consecutive_failed_runs",),
}


def older(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it was stored before these fields were there."""
    del document["timezone"]
    for name in LATER["schedule"]:
        del document["schedule"][name]
    for name in LATER["limits"]:
        del document["limits"][name]
    for task in document["tasks"]:
        for name in LATER["retry"]:
            del task["retry"][name]
    for parameter in document["parameters"]:
        del parameter["declared"]
    return document


def test_a_workflow_of_before() -> None:
    now = Workflow(
        id="w",
        system="airflow",
        version="2.11",
        origin=Origin(file="w.py", line=1),
        schedule=Schedule(kind="cron", cron="0 1 * * *", text="0 1 * * *", timezone="Europe/Rome"),
        parameters=(RunParameter(name="p"),),
        tasks=(Task(id="t", operator="EmptyOperator", action=Nothing(), retry=RetryPolicy(retries=2, exponential=True)),),
    )
    stored = older(json.loads(now.to_json()))
    assert Workflow.from_json(stored) == now
    assert Workflow.from_json(stored).schedule.trigger is None
