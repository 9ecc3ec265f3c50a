"""Rehearsals: a flow is run with the bodies of its tasks replaced by scripted outcomes, and says which tasks ran and how they ended."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prefect import Flow, Task, settings
from prefect.context import TaskRunContext
from prefect.server.api.server import SubprocessASGIServer
from prefect.states import Completed

try:
    from shared.trigger_rules import Skip
except ImportError:
    Skip = None


@pytest.fixture(scope="session", autouse=True)
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server of the tests' own, with its database in memory."""
    own = {
        settings.PREFECT_HOME: tmp_path_factory.mktemp("prefect"),
        settings.PREFECT_API_URL: None,
        settings.PREFECT_API_DATABASE_CONNECTION_URL: "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false",
        settings.PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
        settings.PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 120,
        settings.PREFECT_SERVER_ANALYTICS_ENABLED: False,
        settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        settings.PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with settings.temporary_settings(own):
        logging.getLogger("prefect").setLevel(logging.CRITICAL)  # scripted failures are many, and meant
        yield
        SubprocessASGIServer().stop()


@pytest.fixture
def rehearse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, dict[str, list[tuple[str, int]]]]]:
    """Call it with a flow and a script; it returns how the flow ended, and per task that ran its ends and numbers of attempts."""

    def run(flow: Flow, script: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, list[tuple[str, int]]]]:
        runs: dict[Any, list[str]] = {}
        names: dict[Any, str] = {}
        chosen: dict[str, Any] = {}
        for work in _tasks_of(flow):
            monkeypatch.setattr(work, "fn", _scripted(work.fn, script, runs, names, chosen))
            monkeypatch.setattr(work, "retry_delay_seconds", 0)
        state = flow(**parameters, return_state=True)
        ends: dict[str, list[tuple[str, int]]] = {}
        for run_id, attempts in runs.items():
            ends.setdefault(names[run_id], []).append((attempts[-1], len(attempts)))
        return "success" if state.is_completed() else "failed", {name: sorted(pairs) for name, pairs in ends.items()}

    return run


def _tasks_of(flow: Flow) -> list[Task]:
    module = sys.modules[flow.fn.__module__]
    return list({id(value): value for value in vars(module).values() if isinstance(value, Task)}.values())


def _scripted(
    body: Callable[..., Any], script: dict[str, Any], runs: dict[Any, list[str]], names: dict[Any, str], chosen: dict[str, Any]
) -> Callable[..., Any]:
    @functools.wraps(body)
    def scripted(*args: Any, **kwargs: Any) -> Any:
        context = TaskRunContext.get()
        run_id = context.task_run.id
        name = context.task.name if context.task.task_run_name is None else context.task_run.name
        names[run_id] = name
        attempts = runs.setdefault(run_id, [])
        outcome = script.get(name, {})
        if isinstance(outcome, dict) and "in_one" in outcome:
            outcome = outcome["in_one"] if chosen.setdefault(name, run_id) == run_id else outcome.get("others", {})
        if outcome == "fail" or len(attempts) < (outcome.get("fails", 0) if isinstance(outcome, dict) else 0):
            attempts.append("failed")
            raise RuntimeError("scripted to fail")
        if outcome == "skip":
            attempts.append("skipped")
            if Skip is not None:
                raise Skip("scripted to skip")
            return Completed(name="Skipped")
        attempts.append("success")
        return outcome.get("returns") if isinstance(outcome, dict) else None

    scripted.__signature__ = inspect.signature(body)
    return scripted
