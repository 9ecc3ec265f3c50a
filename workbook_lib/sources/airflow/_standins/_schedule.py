"""A DAG's schedule as plain data."""

from __future__ import annotations

import ast
from datetime import timedelta
from typing import Any

from workbook_lib.sources.airflow._standins import _assets, _tables
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION, report
from workbook_lib.sources.tracing._entries import STATE, Decision
from workbook_lib.sources.tracing._stack import SOURCES, call_at
from workbook_lib.sources.tracing._symbols import entry_of, name_inputs, value_of

_ARGUMENTS = ("schedule", "schedule_interval", "timetable")


def zone_name(value: Any) -> str:
    """An IANA name of a time zone; UTC for naive moments."""
    zone = getattr(value, "tzinfo", value)
    for attribute in ("name", "key", "zone"):
        found = getattr(zone, attribute, None)
        if isinstance(found, str) and found:
            return "UTC" if found in ("utc", "+00:00") else found
    return str(zone) if isinstance(zone, str) else "UTC"


def schedule_of(dag: Any) -> dict[str, Any]:
    """As `Schedule`."""
    given = dag.given_schedule
    start = dag.start_date if dag.start_date is not None else dag.default_args.get("start_date")
    zone = zone_name(start) if hasattr(start, "tzinfo") else "UTC"
    if given is NOTSET:
        given = None if SESSION.is_3 else timedelta(days=1)
    decision = _decided(dag)
    entry = entry_of(given)
    inputs = () if entry is None or entry.known else entry.inputs
    if decision is not None or inputs:
        source = next((dag.sources[name] for name in _ARGUMENTS if name in dag.sources), "")
        names = name_inputs(inputs or (decision.inputs if decision else ()))
        report(
            "airflow.schedule_unknown", "warning", f"the schedule of {dag.dag_id!r} depends on {names}",
            advice="Supply the value (--variables, --connections, --env) and read again.", file=dag.origin["file"], line=dag.origin["line"],
            workflow=dag.dag_id,
        )  # fmt: skip
        return {"kind": "unknown", "text": source[:300] or "unknown", "timezone": zone}
    return {"timezone": zone, **_plain(value_of(given))}


def _plain(given: Any) -> dict[str, Any]:
    if given is None or isinstance(given, _assets.NullTimetable):
        return {"kind": "none", "text": "none"}
    if isinstance(given, str):
        return _text(given)
    if isinstance(given, timedelta):
        return {"kind": "interval", "text": f"every {given}", "interval_seconds": given.total_seconds()}
    if isinstance(given, _assets.OnceTimetable):
        return {"kind": "once", "text": "@once"}
    if isinstance(given, _assets.ContinuousTimetable):
        return {"kind": "continuous", "text": "@continuous"}
    if isinstance(given, _assets._Cron):
        found = _text(str(value_of(given.cron)))
        return {**found, "timezone": zone_name(given.timezone)}
    if isinstance(given, _assets.DeltaDataIntervalTimetable) and isinstance(given.delta, timedelta):
        return _plain(given.delta)
    if isinstance(given, _assets.AssetOrTimeSchedule):
        inner, assets = _plain(given.timetable), _plain(given.assets)
        text = f"{inner['text']} or {assets['text']}"
        return {
            "kind": "custom",
            "text": text,
            "cron": inner.get("cron"),
            "assets": assets.get("assets", ()),
            "timezone": inner.get("timezone", "UTC"),
        }
    if isinstance(given, _assets.AssetExpression):
        return {"kind": "assets", "text": given.text(), "assets": given.uris()}
    if isinstance(given, (list, tuple, set)) and given and all(isinstance(item, _assets.AssetExpression) for item in given):
        return {
            "kind": "assets",
            "text": " & ".join(item.text() for item in given),
            "assets": [uri for item in given for uri in item.uris()],
        }
    if isinstance(given, (list, tuple)) and not given:
        return {"kind": "none", "text": "none"}
    if isinstance(given, _assets.Timetable) and isinstance(given.__dict__.get("kwargs", {}).get("assets"), _assets.AssetExpression):
        assets = given.kwargs["assets"]
        return {"kind": "custom", "text": f"{type(given).__name__}: {assets.text()}", "assets": assets.uris()}
    return {"kind": "custom", "text": type(given).__name__ if isinstance(given, _assets.Timetable) else str(given)[:200]}


def _text(given: str) -> dict[str, Any]:
    if given in _tables.CRON_PRESETS:
        return {"kind": "cron", "text": given, "cron": _tables.CRON_PRESETS[given]}
    if given in ("@once", "@continuous"):
        return {"kind": given[1:], "text": given}
    if given.lower() in ("none", "@none", ""):
        return {"kind": "none", "text": "none"}
    return {"kind": "cron", "text": given, "cron": given}


def _decided(dag: Any) -> Decision | None:
    """A decision on an assumed value on the lines where the schedule is written, or where the name given for it is assigned."""
    found = call_at(dag.place) if STATE.decisions else None
    if found is None:
        return None
    values = [keyword.value for keyword in found[0].keywords if keyword.arg in _ARGUMENTS]
    spans = [(dag.place[0], node.lineno, node.end_lineno or node.lineno) for node in values]
    names = {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
    for node in ast.walk(SOURCES[dag.place[0]][1]):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, (ast.IfExp, ast.BoolOp, ast.Compare, ast.Subscript)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id in names for target in targets):
                spans.append((dag.place[0], node.lineno, node.end_lineno or node.lineno))
        if isinstance(node, ast.If):
            assigned = {t.id for part in ast.walk(node) if isinstance(part, ast.Assign) for t in part.targets if isinstance(t, ast.Name)}
            if assigned & names:
                spans.append((dag.place[0], node.lineno, node.test.end_lineno or node.lineno))
    for decision in STATE.decisions:
        if any(decision.file == file and first <= (decision.line or 0) <= last for file, first, last in spans):
            return decision
    return None
