"""The assets that start a workflow, and the triggers of a deployment, in one form.

Triggers of deployments: https://docs.prefect.io/v3/how-to-guides/automations/creating-deployment-triggers; assets in Airflow's schedules:
https://airflow.apache.org/docs/apache-airflow/3.3.2/authoring-and-scheduling/asset-scheduling.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbook_lib.model._base import Json
from workbook_lib.model.workflow import AssetCondition
from workbook_lib.prefect_writer import UPDATED, matched


def wanted(condition: AssetCondition | None) -> Json:
    """The condition as nested {"all"|"any": [...]} of asset names; None where an alias or an unknown asset takes part."""
    if condition is None:
        return None
    if condition.kind == "asset":
        return condition.uri or condition.name or None
    parts = [wanted(part) for part in condition.parts]
    if condition.kind == "alias" or not parts or None in parts:
        return None
    return _joined(condition.kind, parts)


def found(triggers: Any) -> Json:
    """What the triggers of a deployment wait for, in the same form: any of them starts it. None without triggers.

    A trigger that waits for something else than updates of assets shows as it is written, so that it is equal to nothing.
    """
    listed = triggers if isinstance(triggers, list) else [triggers] if triggers else []
    return _joined("any", [_trigger(trigger) for trigger in listed]) if listed else None


def enabled(triggers: Any) -> list[bool]:
    """Which of the triggers would start runs already."""
    listed = triggers if isinstance(triggers, list) else [triggers] if triggers else []
    return [isinstance(trigger, Mapping) and trigger.get("enabled", True) is not False for trigger in listed]


PLAIN = frozenset({"match", "expect", "enabled", "name", "description", "type", "posture", "threshold"})


def _trigger(trigger: Any) -> Json:
    if not isinstance(trigger, Mapping):
        return {"unknown": str(trigger)}
    require, parts = trigger.get("require"), trigger.get("triggers")
    if trigger.get("type") == "compound" and require in ("all", "any") and isinstance(parts, list) and parts and not trigger.get("within"):
        return _joined(str(require), [_trigger(part) for part in parts])
    match = trigger.get("match")
    plain = not set(trigger) - PLAIN and trigger.get("posture", "Reactive") == "Reactive" and trigger.get("threshold", 1) == 1
    if plain and isinstance(match, Mapping) and list(match) == ["prefect.resource.id"] and trigger.get("expect") == [UPDATED]:
        name = matched(str(match["prefect.resource.id"]))
        if name is not None:
            return name
    return {"unknown": str({name: value for name, value in trigger.items() if name != "enabled"})}


def _joined(kind: str, parts: Iterable[Json]) -> Json:
    """Nested conditions of one kind in one list, each part once, in a stable order; a single part stands for itself."""
    flat: list[Json] = []
    for part in parts:
        flat += part[kind] if isinstance(part, dict) and kind in part else [part]
    once = [part for number, part in enumerate(flat) if part not in flat[:number]]
    return once[0] if len(once) == 1 else {kind: sorted(once, key=str)}
