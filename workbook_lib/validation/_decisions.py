"""Which differences a decision of the user's explains.

A decision is a key of `decisions.toml` at the place where it holds (repository, workflow, task; the most specific wins). Each key
explains exactly what it brings about, nothing else. `accept` explains anything, one aspect of one task at a time, in the user's words:

```toml
[workflows.daily_sales.tasks.cleanup.accept]
results = "the old output held the path of a temporary folder"
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workbook_lib.validation._rows import Judgement, TaskVerdict

Explains = Callable[[TaskVerdict, Any], bool]


def _run_fails(row: TaskVerdict, value: Any) -> bool:
    """`on_failure = "raise"`: the run fails with any of its tasks, where Airflow asks its leaves only."""
    if value != "raise" or row.id or row.aspect not in ("states", "structure"):
        return False
    return (_state(row.legacy), _state(row.pilot)) == ("success", "failed")


def _retries(row: TaskVerdict, value: Any) -> bool:
    """`retries = N`: the flow retries N times; bodies start more or less often, but end in the same state."""
    if not row.id or not isinstance(row.pilot, dict) or not isinstance(row.legacy, dict):
        return False
    if row.aspect == "structure" and "retries" in row.pilot:
        return bool(row.pilot["retries"] == value)
    if row.aspect not in ("states", "structure") or not isinstance(value, int):
        return False
    return _state(row.legacy) == _state(row.pilot) == "failed" and bool(row.pilot.get("attempts") == value + 1)


def _state(value: Any) -> Any:
    return value.get("state") if isinstance(value, Mapping) else None


def _setting(name: str) -> Explains:
    def explains(row: TaskVerdict, value: Any) -> bool:
        pilot = row.pilot if row.aspect == "structure" and row.id and isinstance(row.pilot, dict) else {}
        return name in pilot and pilot[name] in (value, [value])

    return explains


def _schedule(row: TaskVerdict, value: Any) -> bool:
    """`schedule = "paused" | "none" | a cron text`: what the deployment has on purpose."""
    if row.aspect != "schedule":
        return False
    pilot = row.pilot
    if value == "none":
        return pilot is None
    return isinstance(pilot, dict) and (pilot.get("paused") is True if value == "paused" else pilot.get("cron") == value)


EFFECTS: dict[str, Explains] = {
    "on_failure": _run_fails,
    "retries": _retries,
    "retry_delay_seconds": _setting("retry_delay_seconds"),
    "timeout_seconds": _setting("timeout_seconds"),
    "schedule": _schedule,
}


def explain(row: TaskVerdict, decisions: Mapping[str, Any], workflow: str) -> TaskVerdict:
    """The row, made "explained" when it is different and a decision brings that difference about."""
    if row.verdict is not Judgement.DIFFERENT:
        return row
    for place, table in _places(decisions, workflow, row.id):
        accepted = table.get("accept")
        if isinstance(accepted, Mapping) and accepted.get(row.aspect) and (place.startswith("task ") or not row.id):
            return _explained(row, f"accept.{row.aspect} ({place}): {accepted[row.aspect]}")
    for key, explains in EFFECTS.items():
        place, value = next(((p, t[key]) for p, t in _places(decisions, workflow, row.id) if key in t), ("", None))
        if place and explains(row, value):
            return _explained(row, f"{key} = {value!r} ({place})")
    return row


def _explained(row: TaskVerdict, decision: str) -> TaskVerdict:
    return row.model_copy(update={"verdict": Judgement.EXPLAINED, "reason": f"decided: {decision}; {row.reason}", "decision": decision})


def _places(decisions: Mapping[str, Any], workflow: str, task: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The tables that hold for a row, the most specific first."""
    found: list[tuple[str, Mapping[str, Any]]] = [("repository", decisions)]
    flow = _table(_table(decisions, "workflows"), workflow)
    found.insert(0, (f"workflow {workflow}", flow))
    if task:
        found.insert(0, (f"task {task}", _table(_table(flow, "tasks"), task)))
    return found


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, Mapping) else {}
