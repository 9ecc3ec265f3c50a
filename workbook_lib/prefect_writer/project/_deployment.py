"""`prefect.yaml`: one deployment per workflow, with the legacy schedule (https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbook_lib.model import cron
from workbook_lib.model.workflow import AssetCondition, Schedule, Workflow
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.python._names import deployment_name
from workbook_lib.prefect_writer.tasks._hooks import UPDATED

if TYPE_CHECKING:
    from workbook_lib.prefect_writer.project._project import FlowInfo


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
    entries = _entries(schedule, workflow.start_date)
    lines = ["    schedules:", *entries] if entries else []
    triggers = _triggers(schedule.condition) if schedule.condition is not None and _known(schedule.condition) else []
    if triggers:
        lines += ["    triggers:", *(line for trigger in triggers for line in _entry(trigger | {"enabled": False}))]
    if lines:
        return lines
    if schedule.kind == "none":
        return ["    schedules: []"]
    return [f"    schedules: []  # the legacy schedule has no counterpart here: {schedule.kind} {_one_line(schedule.text)}"]


def _entries(schedule: Schedule, start: str | None) -> list[str]:
    """The schedules of the deployment: one, several where there are several cron expressions, none where it goes by no clock."""
    zone = [f"        timezone: {_text(schedule.timezone)}"]
    if schedule.kind == "interval" and schedule.interval_seconds:
        anchor = [f"        anchor_date: {_text(start)}"] if start else []
        return [f"      - interval: {schedule.interval_seconds:g}", *anchor, *zone, "        active: false"]
    crons = [schedule.cron] if schedule.kind == "cron" and schedule.cron else list(schedule.crons)
    entries = [line for text in crons for line in (f"      - cron: {_text(cron.fields(text))}", *zone, "        active: false")]
    return entries + (_entries(schedule.time, start) if schedule.time is not None else [])


def _known(condition: AssetCondition) -> bool:
    """Whether every asset of a condition is known by name; an alias stands for assets that only runs name."""
    if condition.kind in ("all", "any"):
        return bool(condition.parts) and all(map(_known, condition.parts))
    return condition.kind == "asset" and bool(condition.uri or condition.name)


def _triggers(condition: AssetCondition) -> list[dict[str, Any]]:
    """What starts the deployment: several triggers where any of them does (https://docs.prefect.io/v3/concepts/event-triggers)."""
    if condition.kind == "any":
        return [trigger for part in condition.parts for trigger in _triggers(part)]
    return [_trigger(condition)]


def _trigger(condition: AssetCondition) -> dict[str, Any]:
    if condition.kind == "asset":
        return {"match": {"prefect.resource.id": pattern(condition.uri or condition.name or "")}, "expect": [UPDATED]}
    if len(condition.parts) == 1:
        return _trigger(condition.parts[0])
    return {"type": "compound", "require": condition.kind, "triggers": [_trigger(part) for part in condition.parts]}


def _entry(trigger: dict[str, Any]) -> list[str]:
    """One trigger as an item of a YAML list."""
    first, *rest = [f"{name}: {_flow(value)}" for name, value in trigger.items()]
    return [f"      - {first}", *(f"        {line}" for line in rest)]


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def pattern(text: str) -> str:
    """What matches exactly this text where Prefect takes a pattern; no `!` stands in front and no braces in pairs.

    https://docs.prefect.io/v3/concepts/event-triggers; a single character in brackets stands for itself:
    https://docs.python.org/3/library/fnmatch.html. No address starts with a space, by which a first `!` gets its brackets.
    """
    escaped = re.sub(r"[*?[]", r"[\g<0>]", text).replace("{{", "{[{]").replace("}}", "}[}]")
    return f"[ !]{escaped[1:]}" if escaped.startswith("!") else escaped


def matched(written: str) -> str | None:
    """The one text that a `pattern` matches; None where it is another kind of pattern."""
    text = re.sub(r"\[ ?(.)\]", r"\1", written)
    return text if pattern(text) == written else None


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
