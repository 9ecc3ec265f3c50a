"""Asking the Prefect server about runs of other flows, and starting them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.deployments import run_deployment
from shared.trigger_rules import Skip

MOST_RUNS = 200  # what the server gives at once; of a flow's runs the newest are looked at
STATES = {
    "COMPLETED": "success", "FAILED": "failed", "CRASHED": "failed", "CANCELLED": "failed",
    "CANCELLING": "running", "RUNNING": "running", "PAUSED": "running",
    "PENDING": "queued", "SCHEDULED": "scheduled",
}  # fmt: skip
NAMES = {"Skipped": "skipped", "UpstreamFailed": "upstream_failed", "NotReady": "upstream_failed", "AwaitingRetry": "up_for_retry"}


def run_has(
    flow_name: str,
    logical_dates: date | Sequence[date],
    behind: timedelta = timedelta(),
    tasks: Sequence[str] = (),
    group: str | None = None,
    *,
    succeeds_on: Sequence[str] = ("success",),
    fails_on: Sequence[str] = (),
    skips_on: Sequence[str] = (),
) -> bool:
    """Whether the runs of another flow for these dates have ended well: as a whole, or the tasks named, or those of a task group.

    A run says by its parameter which date it stands for; one that was scheduled stands for the time `behind` its schedule. A state
    in `fails_on` fails, and one in `skips_on` skips the task that asks.
    """
    dates = [logical_dates] if isinstance(logical_dates, date) else list(logical_dates)
    with get_client(sync_client=True) as client:
        runs = _runs(client, flow_name, dates, behind)
        states = [list(_states(client, run, tasks, group)) for run in runs.values()]
    found = [state for of_run in states for state in of_run]
    if any(state in fails_on for state in found):
        raise RuntimeError(f"the flow {flow_name!r} has ended badly: {', '.join(sorted(set(found)))}")
    if any(state in skips_on for state in found):
        raise Skip(f"the flow {flow_name!r} is in a state to skip on: {', '.join(sorted(set(found)))}")
    wanted = len(tasks) or 1
    return len(runs) == len(dates) and all(len(of_run) >= wanted and all(state in succeeds_on for state in of_run) for of_run in states)


def _runs(client: SyncPrefectClient, flow_name: str, dates: Sequence[date], behind: timedelta) -> dict[date, FlowRun]:
    """The newest run for each of the dates."""
    runs = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[flow_name])), sort=FlowRunSort.START_TIME_DESC, limit=MOST_RUNS
    )
    found: dict[date, FlowRun] = {}
    for run in runs:
        for wanted in dates:
            if wanted not in found and _stands_for(run, type(wanted), behind) == wanted:
                found[wanted] = run
    return found


def _states(client: SyncPrefectClient, run: FlowRun, tasks: Sequence[str], group: str | None) -> Iterator[str]:
    """The states of a run's tasks by the legacy engine's names, or of the run as a whole."""
    if not tasks and group is None:
        yield _state(run.state)
        return
    for task_run in _task_runs(client, run):
        given = {task_run.name, task_run.name.rpartition("-")[0]}  # Prefect adds a few letters to a name that it was not given
        if given & set(tasks) or (group is not None and task_run.name.startswith(f"{group}.")):
            yield _state(task_run.state)
    if group is not None and (run.state is None or not run.state.is_final()):
        yield "running"  # some of the group's tasks may have no run yet


def _task_runs(client: SyncPrefectClient, run: FlowRun) -> Iterator[TaskRun]:
    """The task runs of a flow run, page by page."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
    for page in itertools.count():
        found = client.read_task_runs(flow_run_filter=wanted, sort=TaskRunSort.ID_DESC, limit=MOST_RUNS, offset=page * MOST_RUNS)
        yield from found
        if len(found) < MOST_RUNS:
            return


def _state(state: State | None) -> str:
    return NAMES.get(state.name or "") or STATES[state.type.value] if state is not None else "scheduled"


def _stands_for(run: FlowRun, kind: type[date], behind: timedelta) -> date | None:
    given = run.parameters.get("day") or run.parameters.get("logical_date")
    if given:
        return kind.fromisoformat(given)
    if run.expected_start_time is None:
        return None
    moment = run.expected_start_time - behind
    return moment if issubclass(kind, datetime) else moment.date()


def run_to_its_end(deployment: str, parameters: Mapping[str, Any] | None = None, every: float = 60) -> None:
    """Start a run of a deployment and wait for it; fail when it does not complete."""
    run = run_deployment(deployment, parameters=dict(parameters or {}), poll_interval=every, as_subflow=False)
    if run.state is None or not run.state.is_completed():
        raise RuntimeError(f"the run of {deployment!r} ended as {run.state.name if run.state else 'nothing'}")
