"""Updates of assets: noted by the tasks that make them, told as events once these have succeeded.

Triggers in `prefect.yaml` wait for these events, and tasks read them. How long a server keeps them is its setting
`PREFECT_EVENTS_RETENTION_PERIOD`; it takes a moment until it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TaskRun
from prefect.events import emit_event
from prefect.events.filters import EventFilter, EventNameFilter, EventOrder, EventRelatedFilter, EventResourceFilter

UPDATED = "asset.updated"
# By task run: the number of its attempt, and what that one has noted.
NOTED: dict[str, tuple[int, list[Update]]] = {}


@dataclass(frozen=True)
class Update:
    """One update of an asset, and what was said of it."""

    asset: str
    extra: dict[str, Any] = field(default_factory=dict)
    alias: str | None = None
    timestamp: datetime | None = None


def updated(asset: str, extra: Mapping[str, Any] | None = None, *, alias: str | None = None) -> None:
    """Note that the running task updates an asset, which only the run names where there is an `alias`."""
    run, attempt = str(runtime.task_run.id), runtime.task_run.run_count
    number, noted = NOTED.get(run, (attempt, []))
    earlier = noted if number == attempt else []  # what a failed attempt has noted is not told
    NOTED[run] = attempt, [*earlier, Update(asset, dict(extra or {}), alias)]


def announce(run: TaskRun, *assets: str) -> None:
    """Tell of the assets that a task has updated, each with what was noted of it, and of those behind aliases."""
    attempt, noted = NOTED.pop(str(run.id), (run.run_count, []))
    noted = noted if attempt == run.run_count else []
    for asset in assets:
        extra: dict[str, Any] = {}
        for update in noted:
            extra |= update.extra if update.asset == asset and update.alias is None else {}
        emit_event(UPDATED, resource={"prefect.resource.id": asset}, payload=extra)
    told: list[Update] = []
    for update in noted:
        if update.alias is not None and update not in told:
            told.append(update)
            related = [{"prefect.resource.id": update.alias, "prefect.resource.role": "alias"}]
            emit_event(UPDATED, resource={"prefect.resource.id": update.asset}, related=related, payload=update.extra)


def updates_of(asset: str | None = None, *, alias: str | None = None) -> list[Update]:
    """What was told of an asset, or through an alias, the oldest first."""
    wanted = EventFilter(
        event=EventNameFilter(name=[UPDATED]),
        resource=EventResourceFilter(id=[asset]) if asset is not None else None,
        related=EventRelatedFilter(resources_in_roles=[(alias, "alias")]) if alias is not None else None,
        order=EventOrder.ASC,
    )
    with get_client(sync_client=True) as client:
        page = client.read_events(wanted, limit=50)  # more the server refuses
        events = list(page.events)
        while page.next_page is not None:
            page = client.read_events_page(str(page.next_page))
            events += page.events
    return [Update(event.resource.id, dict(event.payload), alias, event.occurred) for event in events]
