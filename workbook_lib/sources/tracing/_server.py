"""The warm, single-threaded parent of the workers, a process of its own: jobs in, answers out, several workers at a time.

In: one JSON document a line, `{"common": {...}}` with what the jobs that follow share, or a job with its `number`. Out, in the order in
which workers end: a line `{"number", "size"}`, or `{"number", "failure", "detail"}`; behind it `size` bytes, a worker's own words.

Started as a script, so that no package's `__init__` (and nothing heavy behind it) is imported: see `_bare_packages`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import types
from collections import deque
from pathlib import Path
from typing import Any

ANSWER_LIMIT = 32 * 1024 * 1024
GRACE = 1.0  # seconds in which a worker that closed its pipe without an answer may end by itself
# Imported once here instead of once per worker: what the sandbox replaces, and what DAG files commonly import.
WARM = (
    "asyncio", "concurrent.futures", "csv", "dataclasses", "datetime", "decimal", "email.message", "enum",
    "hashlib", "logging.handlers", "pathlib", "pprint", "random", "shutil", "sqlite3", "subprocess",
    "tempfile", "textwrap", "typing", "unittest.mock", "urllib.request", "uuid", "zoneinfo",
)  # fmt: skip
_LIBRARY = Path(__file__).resolve().parents[2]


def _bare_packages(room: str) -> None:
    for name in ("", "sources", "sources.tracing", f"sources.{room}"):
        dotted = f"workbook_lib.{name}".rstrip(".")
        module = types.ModuleType(dotted)
        module.__path__ = [str(_LIBRARY.joinpath(*name.split(".")))] if name else [str(_LIBRARY)]
        sys.modules[dotted] = module


def _work(job: dict[str, Any], tracer: Any, scratch: str, pipe: int) -> None:
    """In the forked worker: enclose, trace, answer, end."""
    from workbook_lib.sources.tracing import _sandbox

    status = 1
    try:
        os.setsid()
        _sandbox.close_others(pipe)
        os.environ.clear()
        os.environ.update({"HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", "PATH": "/nonexistent"})
        tempfile.tempdir = scratch
        os.chdir(scratch)
        _sandbox.limit(job["seconds"], job["memory"], ANSWER_LIMIT)
        landlocked = _sandbox.enclose(job["readable"], scratch)
        answer = tracer.trace(job)
        data = json.dumps({"answer": answer, "landlock": landlocked}, ensure_ascii=True).encode()
        if len(data) > ANSWER_LIMIT:
            data = json.dumps({"failure": "too_large", "landlock": landlocked}).encode()
        status = 0
    except MemoryError:
        data, status = json.dumps({"failure": "memory"}).encode(), 0
    except BaseException as error:
        data = json.dumps({"failure": "internal", "detail": f"{type(error).__name__}: {error}"[:500]}).encode()
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(pipe, view) :]
    finally:
        os._exit(status)  # never back into the server's own code


class Worker:
    """One job in a process of its own, seen from the server."""

    def __init__(self, job: dict[str, Any], tracer: Any) -> None:
        self.number = job["number"]
        self.chunks: list[bytes] = []
        self.size = 0
        self.silent = False  # its pipe is closed, and it said nothing
        self.scratch = tempfile.mkdtemp(prefix="workbook-trace-")
        self.pipe, writer = os.pipe()
        self.deadline = time.monotonic() + job["seconds"]
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _work(job, tracer, self.scratch, writer)
        os.close(writer)

    def hear(self) -> bytes | None:
        """Take what it wrote; its answer to the client once there is one."""
        chunk = os.read(self.pipe, 1 << 16)
        if chunk:
            self.chunks.append(chunk)
            self.size += len(chunk)
            return self.end("too_large") if self.size > ANSWER_LIMIT + 1024 else None
        if self.chunks:
            return self.end()
        self.silent, self.deadline = True, time.monotonic() + GRACE
        return None

    def look(self) -> bytes | None:
        """Its answer when it is over without words: out of time, or ended by itself."""
        if self.silent:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return self._over(status)
        if time.monotonic() < self.deadline:
            return None
        return self.end(None if self.silent else "timeout")

    def end(self, failure: str | None = None) -> bytes:
        """Kill whatever is left of it, and answer: how it failed, or what it said."""
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        return self._over(os.waitpid(self.pid, 0)[1], failure)

    def _over(self, status: int, failure: str | None = None) -> bytes:
        os.close(self.pipe)
        shutil.rmtree(self.scratch, ignore_errors=True)
        said = b"".join(self.chunks)
        if failure is None and said:
            return json.dumps({"number": self.number, "size": len(said)}).encode() + b"\n" + said
        ended = {"failure": failure} if failure else _ended(status)
        return json.dumps({"number": self.number, "size": 0} | ended).encode() + b"\n"


def _ended(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return {"failure": "timeout"}
        return {"failure": "signal", "detail": signal.Signals(number).name}
    return {"failure": "exited", "detail": str(os.WEXITSTATUS(status))}


class Server:
    """The loop: never waits for one worker, for the client's next job or for the client to listen, but for whichever comes first."""

    def __init__(self, tracer: Any, slots: int) -> None:
        self.tracer = tracer
        self.slots = slots
        self.common: dict[str, Any] = {}
        self.jobs: deque[dict[str, Any]] = deque()
        self.workers: list[Worker] = []
        self.unread = b""
        self.unsent = bytearray()

    def serve(self, source: int, sink: int) -> None:
        """Answer jobs until the input ends; what still runs then is wanted by nobody."""
        os.set_blocking(sink, False)
        try:
            while self._round(source, sink):
                pass
        except BrokenPipeError:
            pass
        finally:
            for worker in self.workers:
                worker.end()

    def _round(self, source: int, sink: int) -> bool:
        while self.jobs and len(self.workers) < self.slots:
            self.workers.append(Worker(self.jobs.popleft(), self.tracer))
        pipes = {worker.pipe: worker for worker in self.workers if not worker.silent}
        readable, writable, _ = select.select([source, *pipes], [sink] if self.unsent else [], [], self._patience())
        if source in readable and not self._take(os.read(source, 1 << 16)):
            return False
        for worker in list(self.workers):
            answer = worker.hear() if worker.pipe in readable and not worker.silent else worker.look()
            if answer is not None:
                self.workers.remove(worker)
                self.unsent += answer
                writable = [sink]  # most likely free: saves a round
        if writable:
            with contextlib.suppress(BlockingIOError):
                del self.unsent[: os.write(sink, self.unsent[: 1 << 20])]
        return True

    def _take(self, data: bytes) -> bool:
        *lines, self.unread = (self.unread + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "common" in message:
                self.common = message["common"]
            else:
                self.jobs.append(self.common | message)
        return bool(data)

    def _patience(self) -> float | None:
        if not self.workers:
            return None
        left: float = max(min(worker.deadline for worker in self.workers) - time.monotonic(), 0)
        return min(left, 0.01) if any(worker.silent for worker in self.workers) else left


def main(room: str, slots: int) -> None:
    """Import what workers need, then serve."""
    _bare_packages(room)
    importlib.import_module("workbook_lib.sources.tracing._sandbox")
    tracer = importlib.import_module(f"workbook_lib.sources.{room}._standins")
    for name in WARM:
        importlib.import_module(name)
    sys.dont_write_bytecode = True  # workers may not write
    gc.collect()
    gc.freeze()
    Server(tracer, slots).serve(0, 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
