"""Compares a workflow's schedule with that of its deployment in `prefect.yaml`.

The form of a deployment: https://docs.prefect.io/v3/how-to-guides/deployments/prefect-yaml and .../create-schedules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from workbook_lib.errors import ProjectError
from workbook_lib.model import cron
from workbook_lib.model._base import Json
from workbook_lib.model.workflow import Schedule, Workflow
from workbook_lib.validation import _events
from workbook_lib.validation._rows import AspectResult, Judgement, TaskVerdict

UNLIKE = {
    "once": "Prefect has no schedule that runs once",
    "continuous": "Prefect has no continuous schedule",
    "assets": "it runs when assets change that only runs name",
    "custom": "its timetable is code of its own",
    "unknown": "it is decided by something that was not known when reading",
}


def deployment(project: Path, workflow_id: str) -> Mapping[str, Any] | None:
    """The entry of `prefect.yaml` whose entrypoint is the workflow's flow; None when there is none. ProjectError on a broken file.

    Of several such entries the schedules of all.
    """
    table, listing = project / "pyproject.toml", project / "prefect.yaml"
    if not table.is_file() or not listing.is_file():
        return None
    try:
        data = tomllib.loads(_text(table))
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"not TOML: {error}", file=str(table)) from error
    try:
        document = yaml.safe_load(_text(listing)) or {}
    except yaml.YAMLError as error:
        raise ProjectError(f"not YAML: {' '.join(str(error).split())}", file=str(listing)) from error
    if not isinstance(document, dict):
        raise ProjectError("not a mapping with `deployments`", file=str(listing))
    flows: Any = data
    for name in ("tool", "migration", "workflows"):
        flows = flows.get(name, {}) if isinstance(flows, dict) else None
    if not isinstance(flows, dict):
        raise ProjectError("[tool.migration.workflows] is not a table", file=str(table))
    entry = flows.get(workflow_id)
    entrypoint = entry.get("entrypoint") if isinstance(entry, dict) else None
    listed = document.get("deployments")
    several = listed if isinstance(listed, list) else []
    found = [item for item in several if isinstance(item, dict) and item.get("entrypoint") == entrypoint]
    if not entrypoint or not found:
        return None
    if len(found) == 1:
        return found[0]
    schedules = [dict(entry) | ({"active": False} if item.get("paused") else {}) for item in found for entry in _entries(item)]
    limits = [item.get("concurrency_limit") for item in found]
    return {"entrypoint": entrypoint, "schedules": schedules, "concurrency_limit": sum(limits) if all(map(_whole, limits)) else None}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot be read: {error}", file=str(path)) from error


def compare_schedule(workflow: Workflow, deployed: Mapping[str, Any] | None) -> list[AspectResult]:
    """One row (id ""), and another when either side limits how many runs go on at once.

    A paused deployment with the same schedule is equal, with a remark: it is switched on when hands change. `deployed` is the
    deployment's entry, None when `prefect.yaml` has none for the flow.
    """
    legacy = workflow.schedule
    wanted, awaited = _wanted(legacy), _events.wanted(legacy.condition)
    if deployed is None:
        return [_row(Judgement.NOT_COMPARABLE, "prefect.yaml has no deployment for this flow", wanted, None)]
    entries, triggers = _entries(deployed), deployed.get("triggers")
    paused = bool(deployed.get("paused"))
    active = [] if paused else [entry for entry in entries if entry.get("active", True)]
    found: Json = [_found(entry) for entry in (active or entries)]
    shown: Json = found[0] if len(found) == 1 else found or None
    if entries and not active:
        shown = {"paused": True, "schedules": found}
    times = _times(legacy)
    if times is None or (awaited is None and (legacy.kind == "assets" or legacy.condition is not None)):
        return [_row(Judgement.NOT_COMPARABLE, UNLIKE[legacy.kind], wanted, shown), *_at_once(workflow, deployed)]
    remark = ""
    enabled = [] if paused else _events.enabled(triggers)
    on = bool(active) or any(enabled)
    if not times and awaited is None:
        same, reason = not on, "the legacy workflow has no schedule, the deployment has one"
    elif _events.found(triggers) != awaited:
        same, reason = False, "the deployment has no triggers" if not triggers else "what the deployment's triggers wait for differs"
    elif times and not entries:
        same, reason = False, "the deployment has no schedule"
    elif on and awaited is not None and not all(enabled):
        same, reason = False, "some of the deployment's triggers are switched off"
    elif not on:
        same, reason = _alike(found, times), "the deployment is paused, and its schedule differs"
        remark = "paused: the deployment has the same schedule, but does not run by it yet"
    else:
        same, reason = _alike(found, times), _difference(times, active, found)
    if awaited is not None:
        wanted = {"assets": awaited, "times": times}
        shown = {"assets": _events.found(triggers), "times": found}
    verdict = Judgement.EQUAL if same else Judgement.DIFFERENT
    return [_row(verdict, remark if same else reason, wanted, shown), *_at_once(workflow, deployed)]


def _at_once(workflow: Workflow, deployed: Mapping[str, Any]) -> list[AspectResult]:
    """How many runs may go on at once; None where the system's own default holds."""
    wanted, given = workflow.limits.active_runs or None, deployed.get("concurrency_limit")
    found = given.get("limit") if isinstance(given, Mapping) else given
    if wanted is None and found is None:
        return []
    reason = "" if found == wanted else "the numbers of runs that may go on at once differ"
    verdict = Judgement.EQUAL if found == wanted else Judgement.DIFFERENT
    return [_row(verdict, reason, {"active_runs": wanted}, {"concurrency_limit": found})]


def _times(schedule: Schedule) -> list[Json] | None:
    """The clock times of a schedule, one entry for each schedule of a deployment; None where no clock and no asset tells."""
    if schedule.kind in ("none", "assets"):
        return []
    if schedule.kind in ("cron", "interval"):
        return [_wanted(schedule)]
    if schedule.crons:
        return [{"cron": cron.fields(text), "timezone": schedule.timezone} for text in schedule.crons]
    return _times(schedule.time) if schedule.time is not None else None


def _alike(found: Json, times: list[Json]) -> bool:
    return sorted(map(str, found)) == sorted(map(str, times))


def _wanted(schedule: Schedule) -> Json:
    if schedule.kind == "cron":
        return {"cron": cron.fields(schedule.cron or ""), "timezone": schedule.timezone}
    if schedule.kind == "interval":
        return {"interval": schedule.interval_seconds}
    return None if schedule.kind == "none" else {schedule.kind: schedule.text}


def _entries(deployed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = deployed.get("schedules")
    if given is None:
        given = deployed.get("schedule")
    several = given if isinstance(given, list) else [given]
    return [entry for entry in several if isinstance(entry, Mapping) and entry]


def _found(entry: Mapping[str, Any]) -> Json:
    if entry.get("cron") is not None:
        return {"cron": cron.fields(str(entry["cron"])), "timezone": str(entry.get("timezone") or "UTC")}
    if entry.get("interval") is not None:
        try:
            return {"interval": TypeAdapter(timedelta).validate_python(entry["interval"]).total_seconds()}
        except ValidationError:
            return {"interval": str(entry["interval"])}
    return {str(key): str(value) for key, value in entry.items()}


def _difference(times: list[Json], active: list[Mapping[str, Any]], found: Json) -> str:
    if len(active) != len(times):
        return f"the deployment has {len(active) or 'no'} schedule{'' if len(active) == 1 else 's'}"
    if len(times) == 1 and "cron" in times[0] and times[0]["cron"] == found[0].get("cron"):
        return "the time zones differ"
    return "the schedules differ"


def _row(verdict: Judgement, reason: str, legacy: Json, pilot: Json) -> AspectResult:
    return TaskVerdict(id="", aspect="schedule", verdict=verdict, legacy=legacy, pilot=pilot, reason=reason)
