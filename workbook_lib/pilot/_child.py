"""The process in which a project's flows run. It takes orders as JSON lines on one pipe and reports on another, never on stdout."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import importlib.util
import inspect
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any


def main(argv: list[str]) -> None:
    """Serve orders from file descriptor `argv[0]`, report on `argv[1]`; `argv[2]` is the project folder."""
    orders, reports, project = int(argv[0]), int(argv[1]), Path(argv[2])
    for descriptor in (orders, reports):
        os.set_inheritable(descriptor, False)
    _end_with_parent()
    _guard(int(argv[3]), reports, orders)
    with os.fdopen(reports, "w", encoding="utf-8") as out, os.fdopen(orders, encoding="utf-8") as lines:
        Child(out, project).serve(lines)


def _end_with_parent() -> None:
    """On Linux the kernel ends this process with its parent, also when that one is killed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _guard(life: int, reports: int, orders: int) -> None:
    """Fork a process that ends the whole group once the parent's end of the `life` pipe is closed, on every system."""
    if os.fork():
        os.close(life)
        return
    for descriptor in (reports, orders, 0, 1, 2):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.read(life, 1)
    os.killpg(0, signal.SIGKILL)


class Child:
    """Runs flows one after the other; the project's modules are imported afresh for each."""

    def __init__(self, out: IO[str], project: Path) -> None:
        self.out, self.project, self.lock = out, project.resolve(), threading.Lock()
        self.variables: dict[str, Any] | None = None  # as the server has them
        sys.path.insert(0, str(self.project))

    def report(self, message: dict[str, Any]) -> None:
        """Send one report."""
        line = json.dumps(message, ensure_ascii=True)
        with self.lock:
            self.out.write(line + "\n")
            self.out.flush()

    def serve(self, lines: IO[str]) -> None:
        """Take orders until the pipe is closed."""
        try:
            from workbook_lib.pilot import _instrument, _started

            _instrument.install()
            _started.install(self.project)
        except Exception as error:
            self.report({"kind": "error", "what": "prefect", "message": f"{type(error).__name__}: {error}"})
            return
        _instrument.STAGE.project = str(self.project) + os.sep
        self.report({"kind": "ready", "version": __import__("prefect").__version__})
        for line in lines:
            try:
                self.run(json.loads(line))
            except Exception as error:
                self.report({"kind": "error", "what": "pilot", "message": "".join(traceback.format_exception(error))[-4000:]})

    def run(self, order: dict[str, Any]) -> None:
        """Run one flow as ordered and report how each task run and the flow ended."""
        from prefect.exceptions import ParameterBindError, SignatureMismatchError
        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        from workbook_lib.model.run import Scenario
        from workbook_lib.pilot import _ends, _script
        from workbook_lib.pilot._instrument import STAGE
        from workbook_lib.pilot._observer import Observer

        os.chdir(order["folder"])
        scenario = Scenario.model_validate(order["scenario"])
        if scenario.kind == "real" or order["variables"] != self.variables:  # bodies may change them, rehearsals do not run bodies
            _set_variables(order["variables"])
            self.variables = order["variables"] if scenario.kind == "rehearsal" else None
        if scenario.kind == "real":
            _set_limits(order["limits"])
            _set_connections(order["connections"])
            STAGE.told.clear()
            self.run_awaited(order["awaited"])
        STAGE.real_delays = order["real_delays"]
        observer = Observer(self.report)
        try:
            flow = self.load(order["file"], order["name"])
        except BaseException as error:
            where = _ends.place(error, self.project)
            self.report({"kind": "error", "what": "import", "message": f"{type(error).__name__}: {error}"} | where)
            return
        ids: dict[str, str] = order["ids"]
        mapped: set[str] = set(order["mapped"])
        deciding: set[str] = set(order["deciding"])

        def script(label: str, index: int) -> Any:
            task_id = ids.get(label, "")
            return task_id, scenario.outcome(task_id, index if task_id in mapped else -1), task_id in deciding

        _script.USED.clear()
        STAGE.script = script if scenario.kind == "rehearsal" else None
        STAGE.observer = observer
        try:
            with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
                ended = _call(flow, _parameters(flow, order))
        except (ParameterBindError, SignatureMismatchError) as error:
            self.report({"kind": "error", "what": "parameters", "message": str(error), "needs": _needs(flow, order)})
            return
        finally:
            STAGE.observer = STAGE.script = None
        end = _ends.flow_end(ended, observer, self.project) | {"used": _script.USED[:3]}
        self.report({"kind": "end", "runs": _runs(observer, order["return_values"]), "flow": end})

    def run_awaited(self, orders: list[dict[str, Any]]) -> None:
        """Run the flows that are waited for, unobserved; one that cannot run is waited for in vain.

        As in the legacy engine they share a working folder, with the fixtures that this run has too.
        """
        from workbook_lib.pilot._started import aside

        if not orders:
            return
        here = Path.cwd()
        with tempfile.TemporaryDirectory() as above:
            folder = shutil.copytree(here, Path(above) / "awaited", symlinks=True)
            try:
                for order in orders:
                    os.chdir(folder)
                    with aside(), contextlib.suppress(Exception):
                        flow = self.load(order["file"], order["name"])
                        _call(flow, _parameters(flow, order))
            finally:
                os.chdir(here)
        time.sleep(RECORDED)

    def load(self, file: str, name: str) -> Any:
        """The flow object, from modules imported afresh."""
        from prefect import Flow

        for module_name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", None) or ()), None)
            if path and str(path).startswith(str(self.project) + os.sep):
                del sys.modules[module_name]
        importlib.invalidate_caches()
        parts = Path(file).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            module = importlib.import_module(".".join(parts))
        else:
            spec = importlib.util.spec_from_file_location("migrated_flow", self.project / file)
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules["migrated_flow"] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        found = getattr(module, name, None)
        if not isinstance(found, Flow):
            flows = sorted(key for key, value in vars(module).items() if isinstance(value, Flow))
            raise LookupError(f"{file} has no flow named {name!r}; its flows: {', '.join(flows) or 'none'}")
        return found


def _parameters(flow: Any, order: dict[str, Any]) -> dict[str, Any]:
    """The flow's arguments: those given, and the logical date in the type that the project's table names."""
    given = dict(order["params"])
    when, spec = order["logical_date"], order["logical_date_parameter"]
    if when and spec and spec.get("parameter") not in given:
        moment = datetime.fromisoformat(when)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        kinds: dict[str, date | str] = {"date": moment.date(), "datetime": moment, "str": when}
        given[spec["parameter"]] = kinds[spec.get("type", "date")]
    return given


def _needs(flow: Any, order: dict[str, Any]) -> list[str]:
    """Parameters without a default that nobody gave."""
    given = set(_parameters(flow, order))
    parameters = inspect.signature(flow.fn).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind < one.VAR_POSITIONAL and one.name not in given]


def _call(flow: Any, parameters: dict[str, Any]) -> Any:
    result = flow(**parameters, return_state=True)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    return result


def _set_variables(variables: dict[str, Any]) -> None:
    from prefect.variables import Variable

    for name, value in variables.items():
        Variable.set(name, value, overwrite=True)


def _set_connections(connections: dict[str, Any]) -> None:
    """Keep connections as the Secret blocks that a project asks for."""
    from prefect.blocks.system import Secret

    for name, value in connections.items():
        Secret(value=value).save(name, overwrite=True)


RECORDED = 2.0  # seconds after which the server knows of task runs that have ended
SLOTS = 128  # of a pool here, as of Airflow's default pool; one run alone waits for nobody else's


def _set_limits(names: list[str]) -> None:
    """Make the global concurrency limits that stand for pools: `strict` asks for them."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for name in names:
            client.upsert_global_concurrency_limit_by_name(name, SLOTS)


def _runs(observer: Any, return_values: dict[str, str]) -> list[dict[str, Any]]:
    from prefect import State

    from workbook_lib.model.run import result_of
    from workbook_lib.pilot._script import Token

    found = []
    for run in sorted(observer.seen.values(), key=lambda run: run.order):
        value = run.value
        if isinstance(value, State):
            value = value.data if value.is_completed() and value.name != "Skipped" else None
        inner = return_values.get(run.label)
        if inner is not None and isinstance(value, dict):
            value = value.get(inner)
        result = result_of(None if isinstance(value, Token) or not run.has_value else value)
        found.append(
            {
                "label": run.label,
                "type": run.state_type,
                "name": run.state_name,
                "message": run.message[:200],
                "bodies": run.bodies,
                "start": run.start,
                "end": run.end,
                "result": result,
                "log": run.log,
                "updates": run.updates,
            }
        )
    return found
