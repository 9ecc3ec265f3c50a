"""`prefect.yaml`: one deployment per workflow, with the legacy schedule (https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbook_lib.model import cron
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer._names import deployment_name
from workbook_lib.prefect_writer._plan import Plan

if TYPE_CHECKING:
    from workbook_lib.prefect_writer._project import FlowInfo


def _text(value: str) -> str:
    """A YAML string in double quotes; Prefect's own `{{ }}` inside it is taken apart, so that it stays text."""
    quoted = json.dumps(value.replace("{{", "{ {").replace("}}", "} }"), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted)


def deployments(workflows: Sequence[Workflow], flows: Mapping[str, FlowInfo], plans: Mapping[str, Plan]) -> str:
    """The file; schedules come paused, so that nothing runs twice while the legacy system still does."""
    lines = [
        "# One deployment per migrated workflow. Schedules are inactive until you hand over: set `active: true` then.",
        "name: migrated-flows",
        "",
    ]
    lines += ["definitions:", "  work_pool: &work_pool", "    name: local", "", "deployments:"]
    for workflow in workflows:
        lines += [f"  - name: {_text(deployment_name(workflow.id))}", f"    entrypoint: {flows[workflow.id].entrypoint}"]
        lines.append("    work_pool: *work_pool")
        if workflow.description:
            lines.append(f"    description: {_text(workflow.description)}")
        if workflow.tags:
            lines.append(f"    tags: [{', '.join(_text(tag) for tag in workflow.tags)}]")
        if workflow.limits.active_runs:
            lines.append(f"    concurrency_limit: {workflow.limits.active_runs}")
        lines += _schedules(plans[workflow.id].workflow)
    return "\n".join(lines) + "\n"


def _schedules(workflow: Workflow) -> list[str]:
    schedule = workflow.schedule  # as decided
    zone = [f"        timezone: {_text(schedule.timezone)}"]
    if schedule.kind == "cron" and schedule.cron:
        return ["    schedules:", f"      - cron: {_text(cron.fields(schedule.cron))}", *zone, "        active: false"]
    if schedule.kind == "interval" and schedule.interval_seconds:
        anchor = [f"        anchor_date: {_text(workflow.start_date)}"] if workflow.start_date else []
        return ["    schedules:", f"      - interval: {schedule.interval_seconds:g}", *anchor, *zone, "        active: false"]
    if schedule.kind == "none":
        return ["    schedules: []"]
    return [f"    schedules: []  # the legacy schedule has no counterpart here: {schedule.kind} {_one_line(schedule.text)}"]


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
