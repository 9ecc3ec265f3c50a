"""Runs of a project's flows, each as one RunRecord."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from workbook_lib.errors import PilotError, ProjectError, UsageError
from workbook_lib.model import _lengths
from workbook_lib.model.action import Wait
from workbook_lib.model.evaluate import fill
from workbook_lib.model.left_behind import outputs
from workbook_lib.model.run import REAL, RunRecord, Scenario, State
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import _project, _server
from workbook_lib.pilot._collect import state_of, task_runs
from workbook_lib.pilot._process import Child, ChildDied, TimeOver

REHEARSAL_DATE = "2024-01-01T00:00:00+00:00"  # where nobody gave one: a rehearsal's course does not depend on it
START_LIMIT = 120.0  # seconds for Prefect to be imported


@dataclass(frozen=True)
class Event:
    """A task instance changed: for showing a run while it goes on. `time` is ISO 8601 UTC."""

    task: str
    map_index: int
    state: Literal["pending", "running", "retrying", "success", "failed", "skipped", "upstream_failed"]
    attempt: int
    time: str


OnEvent = Callable[[Event], None]


def run(
    root: Path | str,
    workflow: Workflow,
    scenario: Scenario = REAL,
    *,
    params: Mapping[str, Any] | None = None,
    logical_date: str | None = None,
    time_limit: float = 600.0,
    real_delays: bool = False,
    on_event: OnEvent | None = None,
    stop: threading.Event | None = None,
) -> RunRecord:
    """Run the workflow's flow once: for real, or as a rehearsal with scripted task bodies.

    PilotStopped when `stop` is set or the time limit (seconds) is over; ProjectError when the project cannot be used.
    """
    with Session(root) as session:
        return session.run(
            workflow, scenario, params=params, logical_date=logical_date, time_limit=time_limit, real_delays=real_delays,
            on_event=on_event, stop=stop,
        )  # fmt: skip


def run_many(
    root: Path | str,
    workflow: Workflow,
    scenarios: Iterable[Scenario],
    *,
    params: Mapping[str, Any] | None = None,
    logical_date: str | None = None,
    time_limit: float = 600.0,
    real_delays: bool = False,
    on_event: OnEvent | None = None,
    stop: threading.Event | None = None,
    on_record: Callable[[RunRecord], None] | None = None,
) -> tuple[RunRecord, ...]:
    """Run many scenarios in one child process, which saves the seconds that Prefect's import takes. `time_limit` holds for each.

    A scenario that the time limit ended, or whose process died, gives a record with a `problem`; the others go on.
    """
    records = []
    with Session(root) as session:
        for scenario in scenarios:
            try:
                record = session.run(
                    workflow, scenario, params=params, logical_date=logical_date, time_limit=time_limit, real_delays=real_delays,
                    on_event=on_event, stop=stop,
                )  # fmt: skip
            except (TimeOver, ChildDied) as error:
                record = session.unfinished(workflow, scenario, str(error), params=params, logical_date=logical_date)
            records.append(record)
            if on_record is not None:
                on_record(record)
    return tuple(records)


class Session:
    """A child process that runs flows of one migration folder, one after the other, also of several workflows."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).resolve()
        self._child: Child | None = None
        self._version = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the child process; the server stays for as long as this process uses it."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def run(
        self,
        workflow: Workflow,
        scenario: Scenario = REAL,
        *,
        params: Mapping[str, Any] | None = None,
        logical_date: str | None = None,
        time_limit: float = 600.0,
        real_delays: bool = False,
        on_event: OnEvent | None = None,
        stop: threading.Event | None = None,
    ) -> RunRecord:
        """As the function `run`, in this session's process. After an error the next run gets a new process."""
        entry = _project.entry(self.root, workflow.id)
        variables = _project.variables(self.root)
        if scenario.kind == "rehearsal" and entry.logical_date:
            logical_date = logical_date or REHEARSAL_DATE
        with self._folder() as folder:
            mapped = sorted(task.id for task in workflow.tasks if _lengths.mapping_of(workflow, task) is not None)
            order = {
                "folder": str(folder),
                "file": entry.file,
                "name": entry.name,
                "params": dict(params or {}),
                "logical_date": logical_date,
                "logical_date_parameter": dict(entry.logical_date),
                "scenario": scenario.model_dump(mode="json"),
                "variables": variables,
                "limits": _project.limits(self.root),
                "connections": _project.connections(self.root) if scenario.kind == "real" else {},
                "awaited": _awaited(self.root, workflow, logical_date) if scenario.kind == "real" else [],
                "real_delays": real_delays,
                "ids": entry.ids,
                "return_values": {entry.tasks.get(task_id, task_id): key for task_id, key in entry.return_values.items()},
                "mapped": mapped,
                "deciding": sorted({task.id for task in workflow.tasks if task.steers} | _lengths.deciders(workflow)),
            }
            try:
                child = self._ready(stop)
                child.order(order)
                told = _Told(entry.ids, set(mapped), on_event)
                report = child.reports(told, deadline=time.monotonic() + time_limit, limit=time_limit, stop=stop)
                if report["kind"] == "error":
                    raise self._error(report, workflow, entry)
            except BaseException:  # also Ctrl-C: whatever the flow does, it ends here
                self.close()
                raise
            runs = fill(workflow, task_runs(report["runs"], entry.ids, set(mapped), real=scenario.kind == "real"))
            flow = report["flow"]
            return RunRecord(
                engine="prefect",
                version=self._version,
                workflow=workflow.id,
                logical_date=logical_date or "",
                inputs={"params": dict(params or {})},
                scenario=scenario.name,
                state=State.SUCCESS if state_of(flow["type"], flow["name"], 1) is not State.FAILED else State.FAILED,
                tasks=runs,
                outputs=outputs(folder),
                problem="; ".join(flow["used"]) or flow["problem"],
            )

    def unfinished(
        self, workflow: Workflow, scenario: Scenario, problem: str, *, params: Mapping[str, Any] | None, logical_date: str | None
    ) -> RunRecord:
        """The record of a run that did not come to its own end; it says nothing about tasks."""
        return RunRecord(
            engine="prefect", version=self._version, workflow=workflow.id, logical_date=logical_date or "",
            inputs={"params": dict(params or {})}, scenario=scenario.name, state=State.FAILED, problem=problem,
        )  # fmt: skip

    def _ready(self, stop: threading.Event | None) -> Child:
        server = _server.keep(self.root)
        if self._child is None or not self._child.alive:
            self._child = Child(self.root, server.url, _project.environment(self.root))
            report = self._child.reports(
                lambda report: report["kind"] in ("ready", "error"), deadline=time.monotonic() + START_LIMIT, limit=START_LIMIT, stop=stop
            )
            if report["kind"] == "error":
                raise PilotError(f"Prefect cannot be used here: {report['message']}", advice="Install the pinned dependencies again.")
            self._version = report["version"]
        return self._child

    def _error(self, report: dict[str, Any], workflow: Workflow, entry: _project.Entry) -> Exception:
        if report["what"] == "import":
            return ProjectError(
                f"the flow of workflow {workflow.id!r} does not import: {report['message']}",
                file=report.get("file") or str(self.root / "project" / entry.file),
                line=report.get("line"),
                advice="Correct that line and run again.",
            )
        if report["what"] == "parameters":
            problem = f"needs a value for: {', '.join(report['needs'])}" if report["needs"] else f"was called wrongly: {report['message']}"
            return UsageError(
                f"the flow of workflow {workflow.id!r} {problem}",
                advice="Give it as a run parameter, or give the logical date if that is what it takes.",
            )
        return PilotError(f"the run of workflow {workflow.id!r} failed outside of its flow: {report['message'].strip().splitlines()[-1]}")

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """A fresh copy of the declared fixtures, removed afterwards."""
        folder = self.root / ".workbook" / "runs" / f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        fixtures = self.root / "legacy" / "fixtures"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            if fixtures.is_dir():
                shutil.copytree(fixtures, folder, symlinks=True)
            else:
                folder.mkdir()
        except (OSError, shutil.Error) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise PilotError(
                f"the run's folder cannot be made: {getattr(error, 'strerror', None) or error}",
                file=str(folder),
                advice="Free disk space or make the migration folder writable, then run again.",
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _awaited(root: Path, workflow: Workflow, logical_date: str | None) -> list[dict[str, Any]]:
    """The flows of the project that the workflow's tasks wait for, with the dates they ask for: they run first, as in the legacy engine.

    A date that a function works out is taken to be the same.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for task in workflow.tasks:
        action = task.action
        if not isinstance(action, Wait) or action.workflow in (None, workflow.id) or logical_date is None:
            continue
        with contextlib.suppress(ProjectError):
            entry = _project.entry(root, str(action.workflow))
            date = (datetime.fromisoformat(logical_date) - timedelta(seconds=action.behind_seconds)).isoformat()
            spec = dict(entry.logical_date)
            order = {"file": entry.file, "name": entry.name, "params": {}, "logical_date": date, "logical_date_parameter": spec}
            found.setdefault((entry.file, date), order)
    return list(found.values())


class _Told:
    """Turns reports into events, and knows the last one."""

    def __init__(self, ids: Mapping[str, str], mapped: set[str], on_event: OnEvent | None) -> None:
        self.ids, self.mapped, self.on_event = ids, mapped, on_event

    def __call__(self, report: dict[str, Any]) -> bool:
        if report["kind"] == "state" and self.on_event is not None:
            task_id = self.ids.get(report["label"], report["label"])
            index = report["index"] if task_id in self.mapped else (report["index"] or -1)
            self.on_event(Event(task_id, index, _shown(report), report["attempt"], report["time"]))
        return report["kind"] in ("end", "error")


_SHOWN: dict[str, Any] = {"PENDING": "pending", "SCHEDULED": "retrying", "RUNNING": "running"}


def _shown(report: dict[str, Any]) -> Any:
    if report["name"] == "Retrying" and not report["attempt"]:
        return "retrying"
    if report["name"] == "NotReady" or report["type"] not in _SHOWN:
        return str(state_of(report["type"], report["name"], report["attempt"]))
    return _SHOWN[report["type"]]
