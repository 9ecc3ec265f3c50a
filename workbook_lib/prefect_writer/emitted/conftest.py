"""Runs of a flow for its tests: rehearsals, in which tasks do what a script says, and real runs, only with `pytest --real`."""

from __future__ import annotations

import ast
import inspect
import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow, runtime, settings
from prefect.server.api.server import SubprocessASGIServer
from watched_runs import Seen, catches_all, left

FIXTURES = Path(__file__).parents[2] / "legacy" / "fixtures"  # copied into the working folder of a real run, where they are
PAUSE = 0.1  # seconds that a task takes where the order is looked at


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
        seen = Seen(script)
        return seen.run(flow, parameters, monkeypatch), seen.ends()

    return run


@pytest.fixture
def really(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[Any, ...]]:
    """The same with the tasks' own work, but for those in the script; also says what each task returned, and what is left behind."""

    def run(flow: Flow, script: dict[str, Any], **parameters: Any) -> tuple[Any, ...]:
        if FIXTURES.is_dir():
            shutil.copytree(FIXTURES, tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        seen = Seen(script, real=True)
        return seen.run(flow, parameters, monkeypatch), seen.ends(), seen.returned(), dict(left(tmp_path))

    return run


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Call it as `rehearse`: what tasks are declared with: delays before further tries, a time limit, hooks."""

    def run(flow: Flow, script: dict[str, Any]) -> dict[str, Any]:
        seen = Seen(script)
        seen.run(flow, {}, monkeypatch)
        return {run.name: run.declared for run in seen.runs.values() if run.declared}

    return run


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Call it as `rehearse`, and with the tasks after whose end each task starts: those that started before."""

    def run(flow: Flow, script: dict[str, Any], after: dict[str, list[str]]) -> list[str]:
        seen = Seen(script, pause=PAUSE)
        seen.run(flow, {}, monkeypatch)
        pairs = [(run, other) for run in seen.runs.values() for other in seen.runs.values() if other.name in after.get(run.name, ())]
        return sorted({f"{run.name} before the end of {other.name}" for run, other in pairs if run.start < other.end})

    return run


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Call it as `rehearse`: what each task was given, in a run that is due at a moment."""

    def run(flow: Flow, script: dict[str, Any], due: str = "", /, **parameters: Any) -> dict[str, Any]:
        seen = Seen(script)
        with monkeypatch.context() as patch:
            if due:
                patch.setattr(runtime.flow_run, "scheduled_start_time", datetime.fromisoformat(due), raising=False)
            seen.run(flow, parameters, patch)
        return seen.given()

    return run


@pytest.fixture
def swallowing() -> Callable[[Flow], list[str]]:
    """Call it with a flow: the tasks of its file whose code catches every exception and raises none."""

    def read(flow: Flow) -> list[str]:
        file = ast.parse(Path(inspect.getfile(flow.fn)).read_text(encoding="utf-8"))
        decorated = [node for node in file.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
        tasks = [node for node in decorated if ast.unparse(node.decorator_list[0]).split("(")[0] == "task"]
        return [task.name for task in tasks if any(map(catches_all, ast.walk(task)))]

    return read


@pytest.fixture
def deployed() -> Callable[[str], dict[str, Any]]:
    """Call it with an entrypoint: when the deployment's runs start, and how many may go on at once."""

    def read(entrypoint: str) -> dict[str, Any]:
        document = yaml.safe_load((Path(__file__).parents[1] / "prefect.yaml").read_text(encoding="utf-8"))
        found = next(item for item in document["deployments"] if item["entrypoint"] == entrypoint)
        schedules = [{name: value for name, value in item.items() if name != "active"} for item in found["schedules"] or []]
        return {"schedules": schedules} | {name: found[name] for name in ("concurrency_limit",) if name in found}

    return read
