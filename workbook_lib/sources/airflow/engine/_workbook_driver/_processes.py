"""One scenario is one forked process with a time limit; whatever it started dies with it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

GRACE_SECONDS = 2.0


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux), so that none can get away."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def descendants(parent: int) -> list[int]:
    """All living processes below `parent`, nearest first; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found: list[int] = []
    waiting = [parent]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def kill_descendants() -> None:
    """End everything below this process, at once: a polite signal would let the engine write a failure into its database."""
    end = time.monotonic() + GRACE_SECONDS
    while (alive := descendants(os.getpid())) and time.monotonic() < end:
        for pid in alive:
            _kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.01)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _kill_group(pid: int) -> None:
    """End the session that the child leads: all that can be found where there is no /proc."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def run_forked(body: Callable[[int], None], on_line: Callable[[bytes], None], *, time_limit: float, leash: int | None) -> str:
    """Run `body(file number for lines)` in a forked process; "" when it ended, else why it was ended.

    `leash` is a file number that is at its end once the caller is gone; then everything ends.
    """
    receiving, sending = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(body, receiving, sending)
    os.close(sending)
    try:
        return _watch(pid, receiving, on_line, time_limit, leash)
    finally:
        _kill_group(pid)
        kill_descendants()
        os.close(receiving)


def _child(body: Callable[[int], None], receiving: int, sending: int) -> None:
    status = 70
    try:
        os.setsid()
        os.close(receiving)
        body(sending)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _watch(pid: int, receiving: int, on_line: Callable[[bytes], None], time_limit: float, leash: int | None) -> str:
    end = time.monotonic() + time_limit
    rest = b""
    watched = [receiving] + ([leash] if leash is not None else [])
    while True:
        ready, _, _ = select.select(watched, [], [], 0.05)
        if leash is not None and leash in ready and not os.read(leash, 4096):
            kill_descendants()
            os._exit(71)
        if receiving in ready:
            data = os.read(receiving, 65536)
            if not data:
                watched.remove(receiving)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                on_line(line)
            continue
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return "" if code == 0 else f"the engine's process ended with status {code}"
        if time.monotonic() > end:
            return f"the time limit of {time_limit:g} s was reached"
