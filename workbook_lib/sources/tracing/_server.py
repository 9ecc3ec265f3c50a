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
import signal
import sys
import tempfile
import time
import types
from collections import deque
from pathlib import Path
from typing import Any

ANSWER_LIMIT = 32 * 1024 * 1024
HELD = 64 * 1024 * 1024  # bytes of answers that wait for the client before no more workers are started
REPORT_TIME = 0.5  # seconds in which a worker that is out of time may tell by itself where it was
UNLIMITED = 60.0  # seconds for a worker without limits
LOOK = 0.25  # seconds between two looks into the scratch folders of workers
GRACE = 1.0  # seconds in which a worker that closed its pipe without an answer may end by itself
# Imported once here instead of once per worker: what many DAG files import, and what the enclosure replaces or would refuse to be imported
# (asyncio makes code objects). Each costs every reading time and memory.
WARM = (
    "asyncio", "csv", "dataclasses", "datetime", "decimal", "enum", "hashlib", "logging.handlers", "pathlib", "pprint", "random", "shutil",
    "subprocess", "tempfile", "textwrap", "typing", "urllib.request", "uuid", "zoneinfo",
)  # fmt: skip
_LIBRARY = Path(__file__).resolve().parents[2]


def _bare_packages(room: str) -> None:
    for name in ("", "sources", "sources.tracing", f"sources.{room}"):
        dotted = f"workbook_lib.{name}".rstrip(".")
        module = types.ModuleType(dotted)
        module.__path__ = [str(_LIBRARY.joinpath(*name.split(".")))] if name else [str(_LIBRARY)]
        sys.modules[dotted] = module


def _tracing(name: str) -> Any:
    return sys.modules[f"workbook_lib.sources.tracing.{name}"]


def _work(job: dict[str, Any], tracer: Any, worker: Worker, rules: Any, answer: int, report: int) -> None:
    """In the forked worker: enclose, trace, answer, end."""
    from workbook_lib.sources.tracing import _sandbox, _watching

    write, leave, encode, token, status = os.write, os._exit, json.JSONEncoder().encode, worker.token, 1
    try:
        os.setsid()
        os.dup2(answer, _sandbox.ANSWER)
        os.dup2(report, _sandbox.REPORT)
        _sandbox.enclose(job, worker.scratch, rules, ANSWER_LIMIT)
        watch = _watching.Watch(job["readable"])
        data = encode({"answer": tracer.trace(job), "looked": watch.looked()}).encode()
        if len(data) > ANSWER_LIMIT:
            data = encode({"failure": "too_large"}).encode()
        status = 0
    except MemoryError:
        data, status = encode({"failure": "memory"}).encode(), 0
    except BaseException as error:
        data = encode({"failure": "internal", "detail": f"{type(error).__name__}: {error}"[:500]}).encode()
    try:
        view = memoryview(token + data)
        while view:
            view = view[write(_sandbox.ANSWER, view) :]
    finally:
        leave(status)  # never back into the server's own code


class Worker:
    """One job in a process of its own, seen from the server."""

    def __init__(self, job: dict[str, Any], tracer: Any) -> None:
        self.number = job["number"]
        self.chunks: list[bytes] = []
        self.size = 0
        self.silent = False  # its pipe is closed, and it said nothing
        self.failure: str | None = None  # why it was made to crash
        self.file = job["file"]
        self.token = os.urandom(16).hex().encode()  # an answer that does not begin with it was not written by the reader
        self.scratch = tempfile.mkdtemp(prefix="workbook-trace-")
        self.pipe, answer = os.pipe()
        self.report, report = _tracing("_report").channel()
        self.deadline = time.monotonic() + (job["seconds"] + REPORT_TIME if "limits" in job["layers"] else UNLIMITED)
        self.next_look = time.monotonic() + LOOK
        rules = _tracing("_sandbox").rules(job, self.scratch)
        self.pid = os.fork()
        if self.pid == 0:
            _work(job, tracer, self, rules, answer, report)
        os.close(answer)
        os.close(report)
        if rules is not None:
            rules.close()

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
        now = time.monotonic()
        if now > self.next_look and self.failure is None:
            self.next_look = now + LOOK
            if _tracing("_scratch").overfull(self.scratch):
                self._crash("disk")
        if now < self.deadline:
            return None
        if self.silent or self.failure:
            return self.end()
        self._crash("timeout")
        return None

    def _crash(self, failure: str) -> None:
        """Have it tell its line, and end; it gets a moment for that."""
        self.failure, self.deadline = failure, time.monotonic() + GRACE
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGABRT)

    def end(self, failure: str | None = None) -> bytes:
        """Kill whatever is left of it, and answer: how it failed, or what it said."""
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        return self._over(os.waitpid(self.pid, 0)[1], failure)

    def _over(self, status: int, failure: str | None = None) -> bytes:
        failure = failure or self.failure
        os.close(self.pipe)
        _tracing("_scratch").remove(self.scratch)
        told = _tracing("_report").collect(self.report, self.file)
        os.close(self.report)
        told["missing"] = _tracing("_sandbox").MISSING
        over, said = told.pop("over"), b"".join(self.chunks)
        if failure is None and said and not said.startswith(self.token):
            failure = "garbled"
        if failure is None and said:
            said = said[len(self.token) :]
            return json.dumps({"number": self.number, "size": len(said)} | told).encode() + b"\n" + said
        ended = {"failure": failure} if failure else {"failure": "timeout"} if over else _ended(status)
        return json.dumps({"number": self.number, "size": 0} | told | ended).encode() + b"\n"


def _unenclosed(job: dict[str, Any], tracer: Any) -> bytes:
    """The answer of a job without any layer, run by the server itself: what tests of harm compare with."""
    said = json.dumps({"answer": tracer.trace(job)}).encode()
    return json.dumps({"number": job["number"], "size": len(said), "blocked": []}).encode() + b"\n" + said


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
        while self.jobs and len(self.workers) < self.slots and len(self.unsent) < HELD:
            job = self.jobs.popleft()
            if "process" in job["layers"]:
                self.workers.append(Worker(job, self.tracer))
            else:
                self.unsent += _unenclosed(job, self.tracer)
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
        return min(left, 0.01) if any(worker.silent for worker in self.workers) else min(left, LOOK)


def main(room: str, slots: int) -> None:
    """Import what workers need, then serve."""
    gc.disable()  # all that is made here stays
    _bare_packages(room)
    for name in ("_sandbox", "_report", "_scratch", "_watching"):
        importlib.import_module(f"workbook_lib.sources.tracing.{name}")
    source, sink = _tracing("_sandbox").reserve(0, 1)
    tracer = importlib.import_module(f"workbook_lib.sources.{room}._standins")
    for name in WARM:
        importlib.import_module(name)
    sys.dont_write_bytecode = True  # workers may not write
    _tracing("_sandbox").prepare()
    tracer.prepare()
    _tracing("_loading").hide_foreign_modules(frozenset())  # each worker would do it, one by one
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # workers live for milliseconds
    gc.enable()
    Server(tracer, slots).serve(source, sink)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
