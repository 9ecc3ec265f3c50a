"""Run scenarios of a workflow with the real Airflow: start the driver under its interpreter, turn its answers into records."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from workbook_lib.errors import EngineError
from workbook_lib.model.left_behind import outputs
from workbook_lib.model.run import RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources.airflow.engine._environment import DEFAULT, EngineEnvironment, environment, serving
from workbook_lib.sources.airflow.engine._secrets import hide
from workbook_lib.sources.airflow.engine._structure import workflow_of

Event = dict[str, Any]
# How the engine fails an attempt before its body, by the error, and why.
REFUSED = {"AirflowInactiveAssetInInletOrOutletException": "an asset among its inlets or outlets is not active"}
LOAD_SECONDS = 420.0  # importing Airflow, migrating the first database and importing the DAG files
# Only this package is found through the folder that is put on the path, and only while it is imported.
BOOT = "import sys; sys.path.insert(0, {folder!r}); from _workbook_driver._main import main; sys.path.remove({folder!r}); main()"


def run_legacy(
    workflow: Workflow | str,
    scenarios: Sequence[Scenario],
    *,
    legacy: Path,
    work: Path,
    inputs: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    logical_date: str,
    real_delays: bool = False,
    time_limit: float = 120.0,
    on_event: Callable[[Event], None] | None = None,
    engine: EngineEnvironment | None = None,
) -> list[RunRecord]:
    """One record per scenario, in their order, of a DAG (or its id) whose files lie in the folder `legacy`; see `run_several`."""
    pairs = [(workflow, scenario) for scenario in scenarios]
    return list(
        run_several(
            pairs,
            legacy=legacy,
            work=work,
            inputs=inputs,
            params=params,
            logical_date=logical_date,
            real_delays=real_delays,
            time_limit=time_limit,
            on_event=on_event,
            engine=engine,
        )
    )


def run_several(
    runs: Sequence[tuple[Workflow | str, Scenario]],
    *,
    legacy: Path,
    work: Path,
    inputs: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    logical_date: str,
    real_delays: bool = False,
    time_limit: float = 120.0,
    on_event: Callable[[Event], None] | None = None,
    engine: EngineEnvironment | None = None,
) -> Generator[RunRecord, None, None]:
    """Run pairs of a DAG (or its id) and a scenario one after the other; yield each record as soon as it is there.

    Without `engine` each is run by the Airflow of the workflow's own major version. The DAG files are imported once. Each run is a
    process of its own with a fresh metadata database, an empty home, no network, and a fresh copy of `legacy/fixtures` as working folder;
    `time_limit` (seconds) holds for each. `inputs` has `variables`, `connections` (as Airflow exports them) and `env`. A run that did not
    come to its end has a `problem`. EngineError when nothing could be run.
    """
    versions = [DEFAULT if isinstance(workflow, str) else serving(workflow.version) for workflow, _ in runs]
    engines = {version: engine or environment(version) for version in versions}
    parts = groupby(zip(versions, runs, strict=True), key=lambda entry: engines[entry[0]])
    for one, part in parts:
        yield from _run_in(
            one,
            [run for _, run in part],
            legacy=legacy,
            work=work,
            inputs=inputs,
            params=params,
            logical_date=logical_date,
            real_delays=real_delays,
            time_limit=time_limit,
            on_event=on_event,
        )


def _run_in(
    engine: EngineEnvironment,
    runs: Sequence[tuple[Workflow | str, Scenario]],
    *,
    legacy: Path,
    work: Path,
    inputs: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    logical_date: str,
    real_delays: bool,
    time_limit: float,
    on_event: Callable[[Event], None] | None,
) -> Generator[RunRecord, None, None]:
    named = [(workflow if isinstance(workflow, str) else workflow.id, scenario) for workflow, scenario in runs]
    given, values = dict(inputs or {}), dict(params or {})
    work.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="airflow-", dir=work.resolve()))
    version, done = engine.version, 0
    try:
        job = _job(named, home, legacy.resolve(), engine, given, values, logical_date)
        job |= {"real_delays": real_delays, "time_limit": time_limit}
        for event in _answers(job, home, engine, given, each=time_limit):
            if event["event"] == "loaded":
                version = event["version"]
                _check_loaded([dag_id for dag_id, _ in named], event, home / "dags", legacy)
            if event["event"] == "record":
                done += 1
                record = _record(event, version=version, logical_date=logical_date, params=values, inputs=given)
                shutil.rmtree(Path(event["folder"]).parent, ignore_errors=True)
                yield record
            elif on_event is not None:
                on_event(event)
        if done < len(named):
            raise EngineError(f"Airflow ended before the scenario {named[done][1].name!r} of {named[done][0]!r}.{_tail(home)}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def structure(
    *, legacy: Path, work: Path, inputs: Mapping[str, Any] | None = None, engine: EngineEnvironment | None = None
) -> tuple[dict[str, Workflow], dict[str, str]]:
    """All DAGs of a folder as Airflow itself reads them (structure only), by id; and the files it could not import, with the error."""
    engine = engine or environment()
    version = engine.version
    given = dict(inputs or {})
    work.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="airflow-", dir=work.resolve()))
    found: dict[str, Workflow] = {}
    errors: dict[str, str] = {}
    try:
        job = _job([], home, legacy.resolve(), engine, given, {}, "2024-01-01T00:00:00+00:00") | {"describe": None}
        job |= {"real_delays": False, "time_limit": 0}
        for event in _answers(job, home, engine, given, each=60.0):
            if event["event"] == "loaded":
                version = event["version"]
                errors = {name.replace(str(home / "dags"), str(legacy)): message for name, message in event["errors"].items()}
            elif event["event"] == "described":
                found[event["workflow"]] = workflow_of(event["structure"], version)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return found, errors


def _job(
    runs: list[tuple[str, Scenario]],
    home: Path,
    legacy: Path,
    engine: EngineEnvironment,
    inputs: Event,
    params: Event,
    logical_date: str,
) -> Event:
    dags = home / "dags"
    shutil.copytree(legacy, dags, ignore=lambda folder, names: {"fixtures"} if Path(folder) == legacy else {"__pycache__"} & set(names))
    fixtures = legacy / "fixtures"
    roots = [dags, *(dags / name for name in ("dags", "plugins") if (dags / name).is_dir())]
    return {
        "dags": str(dags),
        "paths": [str(root) for root in roots],
        "home": str(home),
        "template": str(engine.template),
        "version": engine.version,
        "runs": [[dag_id, scenario.model_dump(mode="json")] for dag_id, scenario in runs],
        "describe": [],
        "params": params,
        "inputs": {name: inputs.get(name, {}) for name in ("variables", "connections")},
        "logical_date": logical_date,
        "fixtures": str(fixtures) if fixtures.is_dir() else None,
        "log": str(home / "log"),
    }


def _environment(home: Path, engine: EngineEnvironment, inputs: Event) -> dict[str, str]:
    """The variables of the engine's process: nothing of the caller's, the user's own `env` last."""
    empty = home / "home"
    empty.mkdir()
    (home / "tmp").mkdir()
    nowhere = "http://127.0.0.1:9"
    plugins = home / "dags" / "plugins"
    return {
        "PATH": os.pathsep.join([str(engine.python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(empty),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "PIP_RETRIES": "0",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor" if engine.major == "2" else "LocalExecutor",  # none is used; one has to exist
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "platform.node",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'none.db'}",
        "AIRFLOW__SMTP__SMTP_HOST": "127.0.0.1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    } | {str(name): str(value) for name, value in inputs.get("env", {}).items()}


def _answers(job: Event, home: Path, engine: EngineEnvironment, inputs: Event, *, each: float) -> Iterator[Event]:
    """The driver's events as they come. Its standard input stays open as a leash: it ends when this process does."""
    boot = BOOT.format(folder=str(Path(__file__).parent))
    with (home / "log").open("ab") as log:
        driver = subprocess.Popen(
            [str(engine.python), "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home,
            env=_environment(home, engine, inputs),
            start_new_session=True,
        )
    assert driver.stdin is not None
    assert driver.stdout is not None
    try:
        _send(driver.stdin.fileno(), json.dumps(job).encode() + b"\n")
        yield from _events(driver, home, LOAD_SECONDS, each)
    finally:
        driver.stdin.close()  # the driver then ends everything it started
        try:
            driver.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
        driver.stdout.close()


def _send(number: int, text: bytes) -> None:
    """Write all of it; a driver that is gone already shows by its silence."""
    with contextlib.suppress(BrokenPipeError):
        while text:
            text = text[os.write(number, text) :]


def _events(driver: subprocess.Popen[bytes], home: Path, limit: float, each: float) -> Iterator[Event]:
    assert driver.stdout is not None
    number, rest, end = driver.stdout.fileno(), b"", time.monotonic() + limit
    while True:
        ready, _, _ = select.select([number], [], [], 1.0)
        if not ready:
            if time.monotonic() > end:
                raise EngineError(f"Airflow did not answer in {limit:g} s.{_tail(home)}")
            continue
        data = os.read(number, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "failed":
                raise EngineError(f"Airflow failed: {event['message']}")
            yield event
            end = time.monotonic() + each + 90.0  # what a scenario may take, and the time to clean up behind it


def _check_loaded(wanted: list[str], event: Event, copied: Path, legacy: Path) -> None:
    missing = next((dag_id for dag_id in wanted if dag_id not in event["dags"]), None)
    if missing is None:
        return
    errors = [f"{name.replace(str(copied), str(legacy))}: {message}" for name, message in sorted(event["errors"].items())]
    if errors:
        raise EngineError(f"Airflow has no DAG {missing!r}, and could not import {'; '.join(errors[:3])}.")
    raise EngineError(f"Airflow found no DAG {missing!r} in {legacy}; it found {', '.join(event['dags'][:10]) or 'none'}.")


def _record(event: Event, *, version: str, logical_date: str, params: Event, inputs: Event) -> RunRecord:
    return RunRecord(
        engine="airflow",
        version=version,
        workflow=event["workflow"],
        logical_date=logical_date,
        inputs={"params": params} if params else {},
        scenario=event["scenario"],
        state=State.SUCCESS if event["state"] == "success" else State.FAILED,
        tasks=tuple(_task(entry, inputs, real=event["kind"] == "real") for entry in event["tasks"]),
        outputs=outputs(Path(event["folder"])) if event["kind"] == "real" else (),
        problem=event["problem"] or ("" if event["state"] in ("success", "failed") else f"the run was left {event['state']}"),
    )


def _task(entry: Event, inputs: Event, *, real: bool) -> TaskRun:
    known = {str(state) for state in State}
    return TaskRun(
        id=entry["id"],
        map_index=entry["map_index"],
        state=State(entry["state"]) if entry["state"] in known else State.NOT_RUN,
        attempts=entry["attempts"],
        start=entry["start"] if entry["attempts"] else None,
        end=entry["end"] if entry["attempts"] else None,
        result=entry["result"],
        log_tail=hide(entry["error"], inputs),
        updates=tuple(entry.get("updates", ())) if real else None,
        refused=REFUSED.get(entry["error"].partition(":")[0], "") if real else "",
    )


def _tail(home: Path) -> str:
    lines = (home / "log").read_text(errors="replace").strip().splitlines() if (home / "log").exists() else []
    return f" Its last line: {lines[-1][:300]}" if lines else ""
