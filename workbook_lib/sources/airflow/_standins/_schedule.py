"""A DAG's schedule as plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from workbook_lib.sources.airflow._standins._assets import Timetable
from workbook_lib.sources.airflow._standins._deciding import ARGUMENTS, arms_of, decision_for
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION, report
from workbook_lib.sources.airflow._standins._timetables import as_moment, timetable_of, zone_name
from workbook_lib.sources.tracing._entries import Entry, decides
from workbook_lib.sources.tracing._shown import outcomes
from workbook_lib.sources.tracing._symbols import entries_in, inputs_of, name_inputs, value_of


def dag_zone(dag: Any) -> str:
    """The time zone of a DAG: that of its start date, else of the one in `default_args`; Airflow 2 passes over a naive one."""
    given, default = value_of(dag.start_date), value_of(dag.default_args.get("start_date"))
    start = default if default and (given is None or not (SESSION.is_3 or getattr(given, "tzinfo", None))) else given
    return zone_name(as_moment(start)) if start is not None else "UTC"


def schedule_of(dag: Any) -> dict[str, Any]:
    """As `Schedule`."""
    given = dag.given_schedule
    zone = dag_zone(dag)
    if given is NOTSET:
        given = None if SESSION.is_3 else timedelta(days=1)
    entries = [entry for entry in _entries(given) if not entry.known]
    inputs = inputs_of(entries)
    decision = decision_for(dag) if not entries else None
    if decision is not None or inputs:
        arms = " or ".join(outcomes(entries[0].expr) if entries else arms_of(decision) if decision else ())
        source = next((dag.sources[name] for name in ARGUMENTS if name in dag.sources), "")
        inputs = inputs or (decision.inputs if decision else ())
        names = name_inputs(inputs)
        decides(inputs, f"the schedule of {dag.dag_id!r} ({dag.origin['file']}:{dag.origin['line']})")
        report(
            "airflow.schedule_unknown", "warning", f"the schedule of {dag.dag_id!r} depends on {names}" + (f": {arms}" if arms else ""),
            advice="Supply the value (--inputs, --variables ...) and read again.", file=dag.origin["file"], line=dag.origin["line"],
            workflow=dag.dag_id,
        )  # fmt: skip
        return {"kind": "unknown", "text": source[:300] or "unknown", "timezone": zone}
    return {"timezone": zone, **timetable_of(value_of(given))}


def _entries(given: Any) -> list[Entry]:
    """The unknown values in a schedule, also in what a timetable was given."""
    inside = list(vars(given).values()) if isinstance(given, Timetable) else given
    return list(entries_in(inside))
