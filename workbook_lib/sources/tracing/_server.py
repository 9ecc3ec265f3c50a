"""The warm, single-threaded parent of the workers, a process of its own: one job a line in, one answer a line out.

Started as a script, so that no package's `__init__` (and nothing heavy behind it) is imported: see `_bare_packages`.
"""

from __future__ import annotations

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
from pathlib import Path
from typing import Any

ANSWER_LIMIT = 32 * 1024 * 1024
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


def _collect(pipe: int, deadline: float) -> tuple[bytes, str | None]:
    """What the worker wrote, and how it failed otherwise: timeout or too_large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return b"", "timeout"
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return b"".join(chunks), None
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_LIMIT + 1024:
            return b"", "too_large"


def _ended(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return {"failure": "timeout"}
        return {"failure": "signal", "detail": signal.Signals(number).name}
    return {"failure": "exited", "detail": str(os.WEXITSTATUS(status))}


def _ends_itself(pid: int) -> int | None:
    """The exit status of a worker that closed its pipe without an answer, if it ends within a second."""
    for _ in range(100):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    return None


def handle(job: dict[str, Any], tracer: Any) -> dict[str, Any]:
    """Run one job in a worker of its own."""
    scratch = tempfile.mkdtemp(prefix="workbook-trace-")
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work(job, tracer, scratch, writer)
    os.close(writer)
    status = None
    try:
        data, failure = _collect(reader, started + job["seconds"])
        if not data and failure is None:
            status = _ends_itself(pid)
    finally:
        os.close(reader)
        for kill in (os.killpg, os.kill) if status is None else ():
            try:
                kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if status is None:
            _, status = os.waitpid(pid, 0)
        shutil.rmtree(scratch, ignore_errors=True)
    if failure:
        return {"failure": failure}
    if not data:
        return _ended(status)
    try:
        answer = json.loads(data)
    except ValueError:
        return {"failure": "garbled"}
    return answer if isinstance(answer, dict) else {"failure": "garbled"}


def main(room: str) -> None:
    """Answer jobs until the input ends."""
    _bare_packages(room)
    importlib.import_module("workbook_lib.sources.tracing._sandbox")
    tracer = importlib.import_module(f"workbook_lib.sources.{room}._standins")
    for name in WARM:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        out.write(json.dumps(handle(json.loads(line), tracer)).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
