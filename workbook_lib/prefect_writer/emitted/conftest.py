"""Runs of a flow for its tests: rehearsals, in which tasks do what a script says, and real runs, only with `pytest --real`."""

from __future__ import annotations

import functools
import inspect
import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow, Task, settings
from prefect.context import TaskRunContext
from prefect.server.api.server import SubprocessASGIServer
from prefect.states import Completed, State

try:
    from shared.trigger_rules import Skip
except ImportError:
    Skip = None

FIXTURES = Path(__file__).parents[2] / "legacy" / "fixtures"  # copied into the working folder of a real run, where they are


def pytest_addoption(parser: pytest.Parser) -> None:
    """Without `--real` no task does its own work."""
    parser.addoption("--real", action="store_true", help="also run the flows with what their tasks really do")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "real: lets the tasks do their own work; only with --real")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Pass over real runs that nobody asked for."""
    for item in items:
        if item.get_closest_marker("real") and not config.getoption("--real"):
            item.add_marker(pytest.mark.skip(reason="the tasks would do their own work: pytest --real"))


@pytest.fixture(scope="session", autouse=True)
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Prefect server of the tests' own, with its database in memory."""
    own = {
        settings.PREFECT_HOME: tmp_path_factory.mktemp("prefect"),
        settings.PREFECT_API_URL: None,
        settings.PREFECT_API_DATABASE_CONNECTION_URL: "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false",
        settings.PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
        settings.PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 300,
        settings.PREFECT_SERVER_ANALYTICS_ENABLED: False,
        settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        settings.PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with settings.temporary_settings(own):
        logging.getLogger("prefect").setLevel(logging.CRITICAL)  # scripted failures are many, and meant
        yield
        SubprocessASGIServer().stop()


@pytest.fixture
def rehearse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Call it with a flow and a script: how the run ended, and per task that ran how it ended."""

    def run(flow: Flow, script: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]]:
        seen = _Seen(script)
        return seen.run(flow, parameters, monkeypatch), seen.ends()

    return run


@pytest.fixture
def really(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[str, dict[str, Any], dict[str, Any]]]:
    """The same with the tasks' own work, but for those in the script; also says what each task returned."""

    def run(flow: Flow, script: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        if FIXTURES.is_dir():
            shutil.copytree(FIXTURES, tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        seen = _Seen(script, real=True)
        return seen.run(flow, parameters, monkeypatch), seen.ends(), seen.returned()

    return run


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Call it as `rehearse`: per task that is tried again or has a time limit, its delays before further tries, and its limit."""

    def run(flow: Flow, script: dict[str, Any]) -> dict[str, Any]:
        seen = _Seen(script)
        seen.run(flow, {}, monkeypatch)
        found = {run.name: (run.delays, run.limit) for run in seen.runs.values()}
        return {name: (delays, limit) for name, (delays, limit) in found.items() if delays or limit}

    return run


@pytest.fixture
def deployed() -> Callable[[str], dict[str, Any]]:
    """Call it with an entrypoint: when the deployment's runs start, and how many may go on at once."""

    def read(entrypoint: str) -> dict[str, Any]:
        document = yaml.safe_load((Path(__file__).parents[1] / "prefect.yaml").read_text(encoding="utf-8"))
        found = next(item for item in document["deployments"] if item["entrypoint"] == entrypoint)
        schedules = [{name: value for name, value in item.items() if name != "active"} for item in found["schedules"] or []]
        return {"schedules": schedules} | {name: found[name] for name in ("concurrency_limit",) if name in found}

    return read


class _Result:
    """What a task returns in a rehearsal where the script does not say it: whole or in part it may be handed on."""

    def __getitem__(self, key: Any) -> _Result:
        return self

    def __bool__(self) -> bool:
        return False

    __iter__ = None


@dataclass
class _Run:
    name: str
    delays: list[float] = field(default_factory=list)
    limit: float | None = None
    tries: list[str] = field(default_factory=list)
    result: Any = None


@dataclass
class _Seen:
    """The task runs of one run of a flow, in which tasks do as the script says."""

    script: dict[str, Any]
    real: bool = False
    runs: dict[Any, _Run] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)

    def run(self, flow: Flow, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
        """Run the flow once, without delays before retries."""
        for work in {id(value): value for value in vars(sys.modules[flow.fn.__module__]).values() if isinstance(value, Task)}.values():
            monkeypatch.setattr(work, "fn", self.watched(work.fn, work.retry_delay_seconds))
            monkeypatch.setattr(work, "retry_delay_seconds", 0)
        return "success" if flow(**parameters, return_state=True).is_completed() else "failed"

    def ends(self) -> dict[str, Any]:
        """Per task how it ended, such as "success" or "failed (3 tries)"; a list where it ran more than once."""
        found: dict[str, list[str]] = {}
        for run in self.runs.values():
            tries = f" ({len(run.tries)} tries)" if len(run.tries) > 1 else ""
            found.setdefault(run.name, []).append(run.tries[-1] + tries)
        return {name: ends[0] if len(ends) == 1 else sorted(ends) for name, ends in found.items()}

    def returned(self) -> dict[str, Any]:
        """Per task what it returned, as JSON has it; a sorted list where it ran more than once."""
        found: dict[str, list[Any]] = {}
        for run in self.runs.values():
            found.setdefault(run.name, []).append(json.loads(json.dumps(run.result, default=_as_json)))
        return {name: values[0] if len(values) == 1 else sorted(values, key=repr) for name, values in found.items()}

    def watched(self, body: Callable[..., Any], delay: Any) -> Callable[..., Any]:
        """The body of a task, scripted or its own; each try is noted, and the delays that it was declared with."""

        @functools.wraps(body)
        def watched(*args: Any, **kwargs: Any) -> Any:
            context = TaskRunContext.get()
            name = context.task.name if context.task.task_run_name is None else context.task_run.name
            delays = _delays(context.task.retries or 0, context.task.retry_delay_seconds or delay)
            run = self.runs.setdefault(context.task_run.id, _Run(name, delays, context.task.timeout_seconds))
            try:
                if self.real and name not in self.script:
                    run.result = body(*args, **kwargs)
                else:
                    run.result = self.scripted(context.task_run.id, run)
            except BaseException as error:
                run.tries.append("skipped" if Skip is not None and isinstance(error, Skip) else "failed")
                raise
            skipped = isinstance(run.result, State) and run.result.name == "Skipped"
            run.tries.append("skipped" if skipped else "success")
            return run.result

        watched.__signature__ = inspect.signature(body)
        return watched

    def scripted(self, run_id: Any, run: _Run) -> Any:
        """What the script lets the task do at this try."""
        does = self.script.get(run.name, {})
        if isinstance(does, dict) and "in_one" in does:
            does = does["in_one"] if self.chosen.setdefault(run.name, run_id) == run_id else does.get("others", {})
        if does == "fail" or (isinstance(does, dict) and len(run.tries) < does.get("fails", 0)):
            raise RuntimeError("scripted to fail")
        if does == "skip":
            if Skip is not None:
                raise Skip("scripted to skip")
            return Completed(name="Skipped")
        return does.get("returns", _Result())


def _delays(retries: int, delay: Any) -> list[float]:
    """The delay before each further try; of a list that is too short the last one holds."""
    listed = [*delay] if isinstance(delay, list | tuple) else [delay or 0]
    return (listed + listed[-1:] * retries)[:retries]


def _as_json(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)
