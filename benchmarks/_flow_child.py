"""Runs pairs of flows in turn, in one process against one server: `python _flow_child.py PROJECT PAIRS FILE:FLOW FILE:FLOW`.

Prints `{"seconds": [[first, second], ...], "task_runs": [n, n], "requests": [n, n]}`; the first run of each is not counted.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import time
from typing import Any

import httpx

REQUESTS = 0


def _count(kind: type) -> None:
    """Count every request that a client of this class sends."""
    send = kind.send  # type: ignore[attr-defined]

    async def sent(self: Any, *args: Any, **kwargs: Any) -> Any:
        global REQUESTS
        REQUESTS += 1
        return await send(self, *args, **kwargs)

    def sent_at_once(self: Any, *args: Any, **kwargs: Any) -> Any:
        global REQUESTS
        REQUESTS += 1
        return send(self, *args, **kwargs)

    kind.send = sent if kind is httpx.AsyncClient else sent_at_once  # type: ignore[attr-defined]


def _flow(entrypoint: str, number: int) -> Any:
    path, name = entrypoint.rsplit(":", 1)
    spec = importlib.util.spec_from_file_location(f"flow_{number}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, name)


def _of(run: Any) -> Any:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    return FlowRunFilter(id=FlowRunFilterId(any_=[run]))


def main(project: str, pairs: int, entrypoints: list[str]) -> dict[str, Any]:
    """What was measured."""
    os.chdir(project)
    sys.path.insert(0, project)
    for kind in (httpx.AsyncClient, httpx.Client):
        _count(kind)
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import TaskRunSort
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    logging.disable(logging.CRITICAL)
    seen: list[Any] = []

    def ran(flow: Any) -> tuple[float, int]:
        before, began = REQUESTS, time.perf_counter()
        flow(return_state=True)
        return time.perf_counter() - began, REQUESTS - before

    # Without heartbeats: their thread holds each flow back by up to a second at its end.
    with prefect_test_harness(server_startup_timeout=600), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        flows = [_flow(entrypoint, number) for number, entrypoint in enumerate(entrypoints)]
        for flow in flows:
            flow.on_running_hooks.append(lambda flow, run, state: seen.append(run.id))
        [ran(flow) for flow in flows]
        with get_client(sync_client=True) as client:
            runs: list[int] = []
            for _ in range(60):  # task runs reach the server as events, later than the flow ends
                before, runs = (
                    runs,
                    [len(client.read_task_runs(flow_run_filter=_of(run), limit=200, sort=TaskRunSort.ID_DESC)) for run in seen],
                )
                if runs == before and all(runs):
                    break
                time.sleep(3)
        seconds, requests = [], [sys.maxsize, sys.maxsize]  # the fewest of all runs: none was sent twice
        for number in range(pairs):
            one = {}
            for at in (0, 1) if number % 2 else (1, 0):
                one[at], sent = ran(flows[at])
                requests[at] = min(requests[at], sent)
            seconds.append([one[0], one[1]])
    return {"seconds": seconds, "task_runs": runs, "requests": requests}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
