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

    # Without heartbeats: their thread holds each flow back by up to a second at its end.
    with (
        prefect_test_harness(server_startup_timeout=600),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        get_client(sync_client=True) as client,
    ):
        flows = [_flow(entrypoint, number) for number, entrypoint in enumerate(entrypoints)]
        for flow in flows:
            flow.on_running_hooks.append(lambda flow, run, state: seen.append(run.id))

        def ended() -> list[bool]:
            """Of each task run of the last flow run that the server knows of: whether it has ended there."""
            found = client.read_task_runs(flow_run_filter=_of(seen[-1]), limit=200, sort=TaskRunSort.ID_DESC)
            return [run.state is not None and run.state.is_final() for run in found]

        def ran(flow: Any, expected: int | None = None) -> tuple[float, int, int]:
            """Seconds, requests, task runs; returns when the server has written the task runs, of which it hears late."""
            before, began = REQUESTS, time.perf_counter()
            flow(return_state=True)
            seconds, requests = time.perf_counter() - began, REQUESTS - before
            known: list[bool] = []
            for _ in range(200):
                time.sleep(0.5 if expected is not None else 3)
                known, last = ended(), known
                if known and all(known) and (len(known) == expected or (expected is None and known == last)):
                    break
            return seconds, requests, len(known)

        runs = [ran(flow)[2] for flow in flows]
        seconds, requests = [], [sys.maxsize, sys.maxsize]  # the fewest of all runs: none was sent twice
        for number in range(pairs):
            one = {}
            for at in (0, 1) if number % 2 else (1, 0):
                one[at], sent, _ = ran(flows[at], runs[at])
                requests[at] = min(requests[at], sent)
            seconds.append([one[0], one[1]])
    return {"seconds": seconds, "task_runs": runs, "requests": requests}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])))
