"""A scenario as it comes in the job, and the outcome that it holds for one task instance (as `workbook_lib.model.run.Scenario`)."""

from __future__ import annotations

from typing import Any

DEFAULT: dict[str, Any] = {"does": "succeed", "value": None, "arms": None, "fails": 0, "map_index": None}


def outcome(scenario: dict[str, Any], task_id: str, map_index: int) -> dict[str, Any]:
    """The outcome of one task instance; one that names the map index goes before one that holds for all."""
    found = DEFAULT
    for name, entry in scenario.get("outcomes", ()):
        if name == task_id and entry.get("map_index") in (None, map_index):
            found = DEFAULT | entry
            if entry.get("map_index") == map_index:
                break
    return found


def chosen(entry: dict[str, Any]) -> Any:
    """What a branching task returns: the id of its one arm, the list of its arms, or the scripted value."""
    arms = entry["arms"]
    if arms is None:
        return entry["value"]
    return arms[0] if len(arms) == 1 else list(arms)


def fails(entry: dict[str, Any], attempt: int) -> bool:
    """Whether that attempt (from 1) fails."""
    return bool(entry["does"] == "fail" or (entry["does"] == "recover" and attempt <= entry["fails"]))
