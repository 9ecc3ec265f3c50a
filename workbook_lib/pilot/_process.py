"""Starts the child process, hands it orders, reads its reports, and really ends it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from workbook_lib.errors import PilotError, PilotStopped
from workbook_lib.pilot import _settings

_TAIL = 8_000  # characters kept of what the process prints
_GRACE = 2.0  # seconds between asking the process to end and ending it
_LIMIT = 64_000_000  # bytes of one report: more is not a report


class TimeOver(PilotStopped):
    """The time limit ended the run."""


class ChildDied(PilotError):
    """The child process ended by itself before the run did."""


class Child:
    """One child process in a session of its own. Leave it through `close`, in whatever way the run ended."""

    def __init__(self, root: Path, api: str, more: Mapping[str, str]) -> None:
        orders_in, orders = os.pipe()
        reports, reports_out = os.pipe()
        life_in, life = os.pipe()
        environment = _settings.environment(root, _settings.CHILD | {"PREFECT_API_URL": api} | dict(more))
        try:
            self._process = subprocess.Popen(
                _settings.command("_child", str(orders_in), str(reports_out), str(root / "project"), str(life_in)),
                env=environment, cwd=_settings.home(root), pass_fds=(orders_in, reports_out, life_in), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        except OSError as error:
            for descriptor in (orders, reports, life):
                os.close(descriptor)
            raise PilotError(f"the process for the run could not be started: {error}") from error
        finally:
            for descriptor in (orders_in, reports_out, life_in):
                os.close(descriptor)
        self._orders, self._reports, self._life = orders, reports, life
        self._buffer, self._closed = b"", False
        self._tail, self._tail_lock = b"", threading.Lock()
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

    @property
    def alive(self) -> bool:
        """Whether orders can be given."""
        return not self._closed and self._process.poll() is None

    def order(self, order: dict[str, Any]) -> None:
        """Hand over one order."""
        data = (json.dumps(order) + "\n").encode()
        try:
            while data:
                data = data[os.write(self._orders, data) :]
        except BrokenPipeError:
            raise ChildDied(self._death()) from None

    def reports(
        self, until: Callable[[dict[str, Any]], bool], *, deadline: float, limit: float, stop: threading.Event | None
    ) -> dict[str, Any]:
        """Read reports until one satisfies `until`, and return that one. PilotStopped at the deadline and on `stop`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reports, selectors.EVENT_READ)
            while True:
                while b"\n" in self._buffer:
                    line, _, self._buffer = self._buffer.partition(b"\n")
                    report: dict[str, Any] = json.loads(line)
                    if until(report):
                        return report
                if stop is not None and stop.is_set():
                    raise PilotStopped("the run was stopped", advice="Nothing of it goes on; run it again when you like.")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeOver(
                        f"the run took longer than its time limit of {limit:g} s and was ended",
                        advice="Give a longer time limit, or look for what waits in the flow.",
                    )
                if selector.select(min(left, 0.1)):
                    chunk = os.read(self._reports, 1 << 16)
                    if not chunk:
                        raise ChildDied(self._death())
                    self._buffer += chunk
                    if len(self._buffer) > _LIMIT:
                        raise PilotError("the run reported more than can be kept")

    def output(self) -> str:
        """The end of what the process printed."""
        with self._tail_lock:
            return self._tail.decode(errors="replace")

    def close(self) -> None:
        """End the process and everything in its group: asked first, then at once."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            os.close(self._orders)
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        self._signal(signal.SIGKILL)  # also what the flow left running in the group, and the guard
        self._process.wait()
        for descriptor in (self._reports, self._life):
            os.close(descriptor)
        self._drain.join(1.0)
        if self._process.stdout is not None and not self._drain.is_alive():
            self._process.stdout.close()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read_output(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stream.fileno(), 1 << 16):
                with self._tail_lock:
                    self._tail = (self._tail + chunk)[-_TAIL:]

    def _death(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        time.sleep(0.05)
        status = self._process.poll()
        how = f"was ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
        last = " | ".join([line.strip() for line in self.output().splitlines() if line.strip()][-3:])
        return f"the flow's process {how} before the run ended; its last words: {last or 'none'}"
