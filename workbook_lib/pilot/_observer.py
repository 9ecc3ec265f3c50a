"""What the child notes about every task run while a flow runs. Thread-safe; reports go out as soon as they are known."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LOG_TAIL = 2_000  # characters kept per task run


@dataclass
class Seen:
    """One task run. `label` is what it is matched by: its own name, or the task's where it was given none."""

    order: int
    label: str | None = None
    state_type: str = "PENDING"
    state_name: str = "Pending"
    bodies: int = 0
    depth: int = 0
    start: str | None = None
    end: str | None = None
    value: Any = None
    has_value: bool = False
    log: str = ""
    message: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)  # of assets, told as events


@dataclass
class Observer:
    """All task runs of one flow run, by the id of the task run."""

    report: Callable[[dict[str, Any]], None]
    seen: dict[str, Seen] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    raised: list[BaseException] = field(default_factory=list)  # by bodies, or the reason of a task run's failure

    def created(self, run_id: object, label: str | None = None) -> Seen:
        """The task run, noted in the order in which runs are created."""
        with self.lock:
            found = self.seen.get(str(run_id))
            if found is None:
                found = self.seen[str(run_id)] = Seen(order=len(self.seen))
            if label is not None:
                found.label = label
            return found

    def state(self, run_id: object, label: str | None, state_type: str, state_name: str, message: str = "") -> None:
        """A task run entered a state."""
        with self.lock:
            run = self.created(run_id, label)
            run.state_type, run.state_name, run.message = state_type, state_name, message
            self._tell(run)

    def begin(self, run_id: object, label: str) -> Seen:
        """A body starts; a body called by another task's body belongs to that one."""
        with self.lock:
            run = self.created(run_id, label)
            run.depth += 1
            if run.depth == 1:
                run.bodies += 1
                run.start, run.end, run.has_value, run.value = _now(), None, False, None
                self._tell(run)
            return run

    def end(self, run: Seen, value: Any = None, *, returned: bool) -> None:
        """A body ended, with a value or an exception."""
        with self.lock:
            run.depth -= 1
            if run.depth == 0:
                run.end = _now()
                run.value, run.has_value = value, returned

    def failure(self, error: BaseException) -> None:
        """A task's own failure, which the flow may end with."""
        with self.lock:
            self.raised.append(error)

    def index(self, run: Seen) -> int:
        """How many runs of the same label were created before."""
        with self.lock:
            return sum(1 for other in self.seen.values() if other.label == run.label and other.order < run.order)

    def update(self, run_id: object, asset: str, extra: Any) -> None:
        """A task run, or a hook of it, told that an asset was updated."""
        with self.lock:
            self.created(run_id).updates.append({"asset": asset, "extra": extra})

    def log(self, run_id: object, text: str) -> None:
        """Keep the end of what a task run printed or logged."""
        with self.lock:
            run = self.created(run_id)
            run.log = (run.log + text[-LOG_TAIL:])[-LOG_TAIL:]

    def _tell(self, run: Seen) -> None:
        if run.label is not None:
            self.report(
                {
                    "kind": "state",
                    "label": run.label,
                    "index": self.index(run),
                    "type": run.state_type,
                    "name": run.state_name,
                    "attempt": run.bodies,
                    "time": _now(),
                }
            )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def failure_of(state: Any) -> BaseException | None:
    """The exception behind a failed or crashed state; None when there is none."""
    if not (state.is_failed() or state.is_crashed()):
        return None
    error = getattr(state.data, "result", state.data)  # a kept result comes in a record
    return error if isinstance(error, BaseException) else None


class Printed:
    """Stands in for standard output and error: passes everything on, and keeps the end of what belongs to a task run."""

    def __init__(self, stream: Any, note: Callable[[str], None]) -> None:
        self._stream, self._note = stream, note

    def write(self, text: str) -> int:
        """Pass on and note."""
        self._note(text)
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install_streams(note: Callable[[str], None]) -> None:
    """Watch what is printed from here on."""
    sys.stdout, sys.stderr = Printed(sys.stdout, note), Printed(sys.stderr, note)
