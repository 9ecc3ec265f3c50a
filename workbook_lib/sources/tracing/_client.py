"""Talks to the server of the workers from the library's side; what comes back is checked before anybody uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Literal

from pydantic import Field

from workbook_lib.errors import EngineError
from workbook_lib.findings import Finding, Severity
from workbook_lib.model._base import Frozen, Json

SERVER = Path(__file__).with_name("_server.py")


class Job(Frozen):
    """One file to trace. `roots` are looked up for sibling modules; `readable` is what the worker may read besides Python itself."""

    file: str
    shown: str
    roots: tuple[str, ...] = ()
    base: str = ""
    readable: tuple[str, ...] = ()
    seconds: float = 10.0
    memory: int = 1 << 30
    version: str | None = None
    variables: dict[str, Json] = Field(default_factory=dict)
    connections: dict[str, Json] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)


class Reply(Frozen):
    """What the server said: an answer of the worker, still unchecked, or how it failed."""

    answer: Json = None
    failure: Literal["timeout", "too_large", "memory", "signal", "exited", "garbled", "internal"] | None = None
    detail: str = Field(default="", max_length=2000)
    landlock: bool = False


_FAILURES = {
    "timeout": (
        "tracing.timeout",
        "the file did not finish within {seconds:g} s, and was stopped",
        "Move slow work from module level into a task.",
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
    code, message, advice = _FAILURES[reply.failure or "garbled"]
    text = message.format(seconds=job.seconds, memory=job.memory >> 20, detail=reply.detail)
    return Finding(code=code, severity=Severity.ERROR, message=text, file=job.shown, line=1, advice=advice)


class Tracer:
    """A running server; a context manager. One job at a time, in order."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Tracer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-P", "-X", "utf8", "-B", str(SERVER), self._room],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        return self._process

    def trace(self, job: Job) -> Reply:
        """Run one file; how it failed is in the reply. EngineError when the server itself cannot run."""
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(job.model_dump(mode="json")).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            said = process.stderr.read().decode(errors="replace").strip().splitlines() if process.stderr else []
            self.close()
            raise EngineError(
                f"the reader's worker process ended: {said[-1] if said else 'without a word'}.",
                advice="Check the installation with `workbook --version`.",
            )
        try:
            return Reply.model_validate_json(line)
        except ValueError:
            return Reply(failure="garbled")

    def close(self) -> None:
        """End the server."""
        process, self._process = self._process, None
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
