"""Asking the Prefect server about runs of other flows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort


def has_completed(flow_name: str, logical_date: date, behind: timedelta) -> bool:
    """Whether a run of another flow for `logical_date` has completed.

    A run says by its parameter which date it stands for; one that was scheduled stands for the time `behind` its schedule.
    """
    completed = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED]))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow_name])),
            flow_run_filter=FlowRunFilter(state=completed),
            sort=FlowRunSort.START_TIME_DESC,
            limit=200,
        )
    return any(_stands_for(run, type(logical_date), behind) == logical_date for run in runs)


def _stands_for(run: FlowRun, kind: type[date], behind: timedelta) -> date | None:
    given = run.parameters.get("day") or run.parameters.get("logical_date")
    if given:
        return kind.fromisoformat(given)
    if run.expected_start_time is None:
        return None
    moment = run.expected_start_time - behind
    return moment if kind is datetime else moment.date()
