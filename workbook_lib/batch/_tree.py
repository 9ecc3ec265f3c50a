"""Ending a process with all that it started, also what went into sessions of its own, as kernels and pilots do."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # https://man7.org/linux/man-pages/man2/pr_set_child_subreaper.2const.html
_PATIENCE = 10.0  # seconds until what does not end is left to the system


def adopt_orphans() -> None:
    """Make this process the parent of its orphaned descendants, so that `end` finds them. Only Linux has it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(pid: int, spare: Collection[int] = (), itself: bool = True) -> None:
    """End the descendants of `pid` but those in `spare`, and in the end the process itself: it holds still first and starts no more."""
    try:
        top = psutil.Process(pid)
        if itself:
            top.suspend()
    except psutil.Error:
        return
    deadline = time.monotonic() + _PATIENCE
    while (left := _living(top, spare)) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)
    if itself:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _living(top: psutil.Process, spare: Collection[int]) -> list[psutil.Process]:
    """The descendants, without those to spare and without theirs."""
    found: list[psutil.Process] = []
    try:
        waiting = top.children()
    except psutil.Error:
        return []
    while waiting:
        process = waiting.pop()
        if process.pid in spare:
            continue
        with contextlib.suppress(psutil.Error):
            waiting += process.children()
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def servers(root: Path) -> set[int]:
    """The process of the migration's Prefect server, which others may be using."""
    found: set[int] = set()
    for place in (root / ".workbook").glob("server*/server.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.add(int(json.loads(place.read_text(encoding="utf-8"))["pid"]))
    return found
