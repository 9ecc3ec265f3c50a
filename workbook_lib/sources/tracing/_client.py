"""Talks to the server of the workers from the library's side; what comes back is checked before anybody uses it.

Nothing here imports pydantic: the server starts, and gets its first jobs, before the library is loaded.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, NoReturn

from workbook_lib.errors import EngineError
from workbook_lib.sources.tracing._layers import LAYERS

if TYPE_CHECKING:
    from workbook_lib.findings import Finding
    from workbook_lib.model._base import Json

SERVER = Path(__file__).with_name("_server.py")
MOST_WORKERS = 8
AHEAD = 32  # jobs a worker that are given out before their turn
HELD = 64 * 1024 * 1024  # bytes of answers that wait for their turn before no more jobs are given out
_CHUNK = 4096
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}  # of the server: nothing of the user's own


@dataclass(frozen=True)
class Job:
    """One file to trace. `roots` are looked up for sibling modules; `readable` is what the worker may read besides Python itself.

    `folders` are places by names that only the room knows. `layers` are switched off by tests alone, which show what each is good for.
    """

    file: str
    shown: str
    roots: tuple[str, ...] = ()
    base: str = ""
    readable: tuple[str, ...] = ()
    seconds: float = 10.0
    memory: int = 1 << 30
    version: str | None = None
    variables: dict[str, Json] = field(default_factory=dict)
    connections: dict[str, Json] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = LAYERS


_COMMON = ("seconds", "memory", "version", "variables", "connections", "environment", "layers")  # a reading's own, as a rule
_OWN = ("file", "shown", "roots", "base", "readable", "folders")


@dataclass(frozen=True)
class Reply:
    """What the server said: an answer of the worker, still unchecked, or how it failed (a key of `_FAILURES`), at which line.

    `blocked` are the attempts that were refused, with `what`, `detail`, `file` and `line`, told at once; `missing` the layers that this
    machine does not offer; `looked` what the file looked at, as a `Watch` tells it.
    """

    answer: Json = None
    failure: str | None = None
    detail: str = ""
    line: int = 1
    blocked: tuple[dict[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    looked: list[list[str]] | None = None

    @property
    def landlock(self) -> bool:
        """Whether Landlock held."""
        return "landlock" not in self.missing


_FAILURES = {
    "timeout": (
        "tracing.timeout",
        "the file did not finish within {seconds:g} s, and was stopped",
        "Move slow work from module level into a task.",
    ),
    "disk": (
        "tracing.disk",
        "the file writes more than reading allows into its scratch folder, and was stopped",
        "Move the writing of files from module level into a task.",
    ),
    "too_large": ("tracing.too_large", "what the file defines is too large to read", "Split the file."),
    "memory": (
        "tracing.memory",
        "the file needs more than {memory} MB of memory while it is read",
        "Move heavy work from module level into a task.",
    ),
    "signal": (
        "tracing.crashed",
        "the file made the interpreter crash ({detail})",
        "Read its module level for native code or very deep recursion.",
    ),
    "exited": (
        "tracing.exited",
        "the file ended the interpreter with status {detail} while it was read",
        "Remove os._exit from module level.",
    ),
    "garbled": (
        "tracing.garbled",
        "the answer for the file does not have the agreed form",
        "Read its module level: it seems to tamper with the reader.",
    ),
    "internal": ("tracing.internal", "the reader failed on this file: {detail}", "Please report it with the file."),
}


def failure_finding(reply: Reply, job: Job) -> Finding:
    """The finding for a file whose worker gave no answer."""
    from workbook_lib.findings import Finding, Severity

    code, message, advice = _FAILURES[reply.failure or "garbled"]
    text = message.format(seconds=job.seconds, memory=job.memory >> 20, detail=reply.detail)
    return Finding(code=code, severity=Severity.ERROR, message=text, file=job.shown, line=reply.line, advice=advice)


def _writable(value: Any) -> Any:
    """The same without halves of characters (lone surrogates), which no file can hold: they are told by their numbers."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {_writable(name): _writable(one) for name, one in value.items()}
    return value


def _checked(said: bytes) -> Reply:
    """What a worker said, when it has the agreed form."""
    garbled = Reply(failure="garbled")
    try:
        document = json.loads(said)
        if b"\\ud" in said:
            document = _writable(document)
    except (ValueError, RecursionError):
        return garbled
    if not isinstance(document, dict) or not document.keys() <= {"answer", "failure", "detail", "looked"}:
        return garbled
    reply = Reply(**document)
    if reply.failure is not None and (not isinstance(reply.failure, str) or reply.failure not in _FAILURES):
        return garbled
    if not isinstance(reply.detail, str) or len(reply.detail) > 2000 or not (reply.looked is None or _triples(reply.looked)):
        return garbled
    return reply


def _triples(value: object) -> bool:
    if not isinstance(value, list):
        return False
    return all(isinstance(row, list) and len(row) == 3 and all(isinstance(word, str) for word in row) for row in value)


def _worker_count() -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(available, MOST_WORKERS))


class Tracer:
    """A running server; a context manager. Jobs are worked on side by side; answers come in the order of the jobs."""

    def __init__(self, room: str, workers: int | None = None) -> None:
        self._room = room
        self._workers = workers or _worker_count()
        self._process: subprocess.Popen[bytes] | None = None
        self._forget()

    def _forget(self) -> None:
        self._number = 0  # of the job sent last
        self._given = deque[int]()  # the numbers of jobs whose answers are still to be taken
        self._common = ""  # what the server takes for common to the jobs
        self._unsent = bytearray()
        self._unread = bytearray()
        self._answers: dict[int, tuple[Reply, int]] = {}  # by number, with their sizes in bytes

    def __enter__(self) -> Tracer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def trace(self, job: Job) -> Reply:
        """Run one file; how it failed is in the reply. EngineError when the server itself cannot run."""
        return next(self.trace_all([job]))

    def trace_all(self, jobs: Iterable[Job]) -> Iterator[Reply]:
        """Run files, some at a time, each taken from `jobs` only when there is room for it."""
        try:
            for job in jobs:
                self.give(job)
                while self.full:
                    yield self.take()
            while self._given:
                yield self.take()
        finally:
            if self._given:  # nobody will ask for these answers
                self.close()

    def start(self) -> None:
        """Have the server ready, or on its way."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = _started(self._room, self._workers)

    def give(self, job: Job) -> None:
        """Hand over a job; this does not wait."""
        self.start()
        self._number += 1
        self._given.append(self._number)
        common = json.dumps({"common": {name: getattr(job, name) for name in _COMMON}})
        if common != self._common:
            self._common = common
            self._unsent += common.encode() + b"\n"
        own = {name: getattr(job, name) for name in _OWN} | {"number": self._number}
        self._unsent += json.dumps(own).encode() + b"\n"
        self._write()

    @property
    def full(self) -> bool:
        """Whether an answer should be taken before the next job is given."""
        return len(self._given) >= AHEAD * self._workers or sum(size for _, size in self._answers.values()) > HELD

    def take(self) -> Reply:
        """The answer to the oldest job given and not yet taken."""
        number = self._given[0]
        while number not in self._answers:
            self._exchange()
        self._given.popleft()
        return self._answers.pop(number)[0]

    def _write(self) -> None:
        assert self._process is not None
        try:
            del self._unsent[: os.write(_number_of(self._process.stdin), self._unsent[:_CHUNK])]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._died()

    def _exchange(self) -> None:
        """Wait until the server speaks or listens; take what it says."""
        assert self._process is not None
        source, sink = _number_of(self._process.stdout), _number_of(self._process.stdin)
        readable, writable, _ = select.select([source], [sink] if self._unsent else [], [])
        if writable:
            self._write()
        if not readable:
            return
        data = os.read(source, _CHUNK * 64)
        if not data:
            self._died()
        self._unread += data
        while (end := self._unread.find(b"\n")) >= 0:
            header = json.loads(self._unread[:end])
            number, size, header["blocked"] = header.pop("number"), header.pop("size"), tuple(header["blocked"])
            if len(self._unread) < end + 1 + size:
                return
            said = bytes(self._unread[end + 1 : end + 1 + size])
            del self._unread[: end + 1 + size]
            self._answers[number] = (replace(_checked(said), **header) if size else Reply(**header), size)

    def _died(self) -> NoReturn:
        process = self._process
        said = process.stderr.read().decode(errors="replace").strip().splitlines() if process and process.stderr else []
        self.close()
        raise EngineError(
            f"the reader's worker process ended: {said[-1] if said else 'without a word'}.",
            advice="Check the installation with `workbook --version`.",
        )

    def close(self) -> None:
        """End the server."""
        process, self._process = self._process, None
        self._forget()
        if process is None:
            return
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _number_of(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return stream.fileno()


def _started(room: str, workers: int) -> subprocess.Popen[bytes]:
    options = ["-B"] if sys.dont_write_bytecode else []
    if sys.pycache_prefix:
        options += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    process = subprocess.Popen(
        [sys.executable, "-E", "-s", "-P", "-X", "utf8", *options, str(SERVER), room, str(workers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    os.set_blocking(_number_of(process.stdin), False)
    return process
