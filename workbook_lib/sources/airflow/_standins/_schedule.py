"""A DAG's schedule as plain data."""

from __future__ import annotations

import ast
from datetime import timedelta
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION, report
from workbook_lib.sources.airflow._standins._timetables import as_moment, timetable_of, zone_name
from workbook_lib.sources.tracing._entries import STATE, Decision
from workbook_lib.sources.tracing._shown import outcomes
from workbook_lib.sources.tracing._stack import SOURCES, call_at
from workbook_lib.sources.tracing._symbols import entry_of, name_inputs, value_of

_ARGUMENTS = ("schedule", "schedule_interval", "timetable")


def dag_zone(dag: Any) -> str:
    """The time zone of a DAG: that of its start date, also of the one in `default_args`."""
    given, default = value_of(dag.start_date), value_of(dag.default_args.get("start_date"))
    start = given if getattr(given, "tzinfo", None) or not default else default
    return zone_name(as_moment(start)) if start is not None else "UTC"


def schedule_of(dag: Any) -> dict[str, Any]:
    """As `Schedule`."""
    given = dag.given_schedule
    zone = dag_zone(dag)
    if given is NOTSET:
        given = None if SESSION.is_3 else timedelta(days=1)
    decision = _decided(dag)
    entry = entry_of(given)
    inputs = () if entry is None or entry.known else entry.inputs
    arms = "" if entry is None else " or ".join(outcomes(entry.expr))
    if decision is not None or inputs:
        source = next((dag.sources[name] for name in _ARGUMENTS if name in dag.sources), "")
        names = name_inputs(inputs or (decision.inputs if decision else ()))
        report(
            "airflow.schedule_unknown", "warning", f"the schedule of {dag.dag_id!r} depends on {names}" + (f": {arms}" if arms else ""),
            advice="Supply the value (--variables, --connections, --env) and read again.", file=dag.origin["file"], line=dag.origin["line"],
            workflow=dag.dag_id,
        )  # fmt: skip
        return {"kind": "unknown", "text": source[:300] or "unknown", "timezone": zone}
    return {"timezone": zone, **timetable_of(value_of(given))}


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
