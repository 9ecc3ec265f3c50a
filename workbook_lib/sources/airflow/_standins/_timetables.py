"""Timetables, and what else a schedule may be, as plain data in the form of `Schedule`.

https://airflow.apache.org/docs/apache-airflow/3.3.2/authoring-and-scheduling/timetable.html
"""

from __future__ import annotations

import importlib
import re
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pendulum

from workbook_lib.sources.airflow._standins import _assets, _tables
from workbook_lib.sources.airflow._standins._state import SESSION
from workbook_lib.sources.tracing._exprs import to_expr
from workbook_lib.sources.tracing._symbols import value_of

relativedelta = importlib.import_module("dateutil.relativedelta").relativedelta  # it has no types


def zone_name(value: Any) -> str:
    """The name of a time zone, as IANA has it where it does; UTC for naive moments."""
    zone = getattr(value, "tzinfo", value)
    for attribute in ("name", "key", "zone"):
        found = getattr(zone, attribute, None)
        if isinstance(found, str) and found:
            return "UTC" if found == "utc" else _fixed(zone.utcoffset(datetime(2000, 1, 1))) if _OFFSET.fullmatch(found) else found
    if isinstance(zone, tzinfo):
        return _fixed(zone.utcoffset(datetime(2000, 1, 1)))
    return str(zone) if isinstance(zone, str) else "UTC"


_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def _fixed(offset: timedelta | None) -> str:
    """IANA has zones for whole hours, with the sign turned round; anything else keeps its offset."""
    minutes = int((offset or timedelta()).total_seconds()) // 60
    if minutes % 60 == 0 and -14 * 60 <= -minutes <= 12 * 60:
        return f"Etc/GMT{-minutes // 60:+d}" if minutes else "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def as_moment(value: Any, zone: str = "UTC") -> Any:
    """A text as the moment that Airflow makes of it; everything else, and a text that is no date, as it is."""
    value = value_of(value)
    if not isinstance(value, str):
        return value
    try:
        return pendulum.parse(value, tz=zone, strict=False)
    except ValueError:
        return value


def timetable_of(given: Any) -> dict[str, Any]:
    """A schedule, with the class of the timetable that this version of Airflow makes of it."""
    found = _classified(given)
    name = str(found.get("timetable", ""))
    if name.endswith(("TriggerTimetable", "CronPartitionTimetable")):
        back = value_of(given.arguments().get("interval", timedelta())) if isinstance(given, _assets.Timetable) else timedelta()
        return {**found, "trigger": True, "back_seconds": back.total_seconds() if isinstance(back, timedelta) else None}
    return {**found, "trigger": False} if name.endswith("DataIntervalTimetable") else found


def _classified(given: Any) -> dict[str, Any]:
    if isinstance(given, _assets.Timetable):
        return {"timetable": type(given).__name__, **_timetable(given)}
    classes = _tables.TIMETABLES["3" if SESSION.is_3 else "2"]
    if given is None:
        return {"kind": "none", "text": "none", "timetable": "NullTimetable"}
    if isinstance(given, str):
        found = _text(given)
        return {**found, "timetable": classes[found["kind"]]}
    if isinstance(given, timedelta):
        return {**_interval(given), "timetable": classes["interval"]}
    if isinstance(given, relativedelta):
        return {"kind": "custom", "text": f"every {given}", "timetable": classes["interval"], "arguments": [["delta", to_expr(given)]]}
    if isinstance(given, (_assets.AssetExpression, list, tuple, set)):
        return {**_by_assets(given), "timetable": classes["assets"]}
    return {"kind": "custom", "text": str(given)[:200]}


def _interval(given: timedelta) -> dict[str, Any]:
    return {"kind": "interval", "text": f"every {given}", "interval_seconds": given.total_seconds()}


def _by_assets(given: Any) -> dict[str, Any]:
    if not isinstance(given, _assets.AssetExpression):
        parts = list(given)
        if not parts or not all(isinstance(item, _assets.AssetExpression) for item in parts):
            return {"kind": "custom" if parts else "none", "text": str(given)[:200] if parts else "none"}
        given = _assets.AssetAll(*parts)
    return {"kind": "assets", "text": given.text(), "assets": given.uris(), "condition": given.condition()}


def _timetable(given: _assets.Timetable) -> dict[str, Any]:
    arguments = [[str(name), to_expr(value)] for name, value in given.arguments().items()]
    more: dict[str, Any] = {"arguments": arguments} if arguments else {}
    name = type(given).__name__
    if isinstance(given, (_assets.NullTimetable, _assets.PartitionedAtRuntime)):
        return {"kind": "none", "text": "none"}
    if isinstance(given, _assets.OnceTimetable):
        return {"kind": "once", "text": "@once"}
    if isinstance(given, _assets.ContinuousTimetable):
        return {"kind": "continuous", "text": "@continuous"}
    if isinstance(given, _assets._Cron):
        kind = {"kind": "custom", "text": f"{name}: {given.cron}"} if isinstance(given, _assets.CronPartitionTimetable) else {}
        written = _text(str(value_of(given.cron)))  # a preset is shown as what it stands for, as Airflow does it
        return {**written, "text": written.get("cron", written["text"]), **kind, "timezone": zone_name(given.timezone), **more}
    if isinstance(given, _assets.MultipleCronTriggerTimetable):
        crons = [str(value_of(cron)) for cron in given.crons]
        plain = [_text(cron)["cron"] for cron in crons]
        return {"kind": "custom", "text": " or ".join(crons), "crons": plain, "timezone": zone_name(given.timezone), **more}
    if isinstance(given, _assets.DeltaDataIntervalTimetable):
        delta = value_of(given.delta)
        if isinstance(delta, timedelta):
            return {**_interval(delta), **more}
        return {"kind": "custom", "text": f"every {delta}", "arguments": [["delta", to_expr(delta)], *arguments]}
    if isinstance(given, _assets.EventsTimetable):
        moments = [moment.isoformat() for moment in map(as_moment, given.event_dates) if isinstance(moment, datetime)]
        return {"kind": "custom", "text": f"at {len(moments)} listed moments", "moments": moments, **more}
    if isinstance(given, _assets.AssetOrTimeSchedule):
        inner, assets = timetable_of(given.timetable), _by_assets(given.assets)
        both = {"kind": "custom", "text": f"{inner['text']} or {assets['text']}", "time": inner, "cron": inner.get("cron")}
        return {**both, **_only(assets, "assets", "condition"), "timezone": inner.get("timezone", "UTC"), **more}
    named = given.__dict__.get("assets", given.__dict__.get("kwargs", {}).get("assets"))
    if isinstance(named, (_assets.AssetExpression, list, tuple)):
        found = _by_assets(named)
        return {"kind": "custom", "text": f"{name}: {found['text']}", **_only(found, "assets", "condition"), **more}
    return {"kind": "custom", "text": name, **more}


def _only(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}


def _text(given: str) -> dict[str, Any]:
    if given in _tables.CRON_PRESETS:
        return {"kind": "cron", "text": given, "cron": _tables.CRON_PRESETS[given]}
    if given in ("@once", "@continuous"):
        return {"kind": given[1:], "text": given}
    if given.lower() in ("none", "@none", ""):
        return {"kind": "none", "text": "none"}
    return {"kind": "cron", "text": given, "cron": given}
