"""What a worker may do: compute, read its inputs, write into its scratch folder. Nothing else.

The layers (`_layers.py`) are put around the worker one after the other, in the order in which they do not refuse each other. What each
stops is said in docs/safety.md, and tried one by one in tests/sources/tracing.
"""

from __future__ import annotations

import fcntl
import os
import posix
import resource
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from workbook_lib.sources.tracing import _audit, _landlock, _layers, _loading, _report, _seccomp, _stand_ins
from workbook_lib.sources.tracing._audit import BlockedError

__all__ = ["BlockedError", "enclose"]

# Copies of the code of the audit hook: one for the hook, one for the stand-ins, whose functions a file can look into.
_HOOK, _TOLD = _audit.sealed(), _audit.sealed()
_LIBRARY = str(Path(__file__).resolve().parents[2])
MISSING = _layers.missing()  # asked once, before there are workers


# The descriptors by which a worker answers, the same in each. In the server nothing that matters lies there (`reserve`).
ANSWER, REPORT = 3, 4
_CHANNELS = frozenset({ANSWER, REPORT})


def rules(job: dict[str, Any], scratch: str) -> Any:
    """In the server: the rules of Landlock for a worker, made beforehand; None where there shall be or are none."""
    if "landlock" not in job["layers"] or "landlock" in MISSING:
        return None
    return _landlock.rules([*_readable_places(), *job["readable"]], [scratch, os.devnull])


def enclose(job: dict[str, Any], scratch: str, rules: Any, output: int) -> None:
    """All layers of the job. Of the open files only ANSWER and REPORT stay; `output` limits what a file may hold.

    Raises where a layer that this machine offers cannot be put in place: nothing runs half enclosed.
    """
    layers = frozenset(job["layers"])
    if "environment" in layers:
        os.environ.clear()
        posix.environ.clear()
        os.environ.update({"LANG": "C.UTF-8", "PATH": "/nonexistent"})
    os.environ.update({"HOME": scratch, "TMPDIR": scratch})
    tempfile.tempdir = scratch
    os.chdir(scratch)
    if rules is not None:
        rules.restrict()
    _close_others()
    if "limits" in layers:
        _limit(job["seconds"], job["memory"], output)
    _report.watch(REPORT, job["seconds"] if "limits" in layers else None)
    libraries = tuple(f"{part}/" for part in (*sys.path, _LIBRARY) if part)
    mine = (job["file"], *(f"{folder.rstrip('/')}/" for folder in (*job["roots"], *job["readable"])))
    if "seccomp" in layers.difference(MISSING):
        _seccomp.restrict()
    tell_of_hook, tell = (copy["teller"](REPORT, mine, libraries) for copy in (_HOOK, _TOLD))  # while `os.write` is the real one
    if "stand_ins" in layers:
        _stand_ins.install(tell, _CHANNELS)
    else:
        _loading.INERT_STDLIB = frozenset()
    if "hook" in layers:
        _stand_ins.hear(_CHANNELS)
        _HOOK["install"](scratch, job["readable"], _readable_places(), _CHANNELS, tell_of_hook)


def prepare() -> None:
    """In the server: make once what the enclosures of all workers share."""
    _readable_places()
    _streams()
    _landlock.prepare()
    _seccomp.prepare()
    _stand_ins.prepare(_CHANNELS)


def reserve(*streams: int) -> tuple[int, ...]:
    """In the server, first of all: have its open `streams` elsewhere, and nothing but the sink where workers have their channels."""
    moved = tuple(fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, REPORT + 1) for stream in streams)
    sink = os.open(os.devnull, os.O_RDWR)
    for number in (*streams, *_CHANNELS):
        os.dup2(sink, number)
    if sink not in _CHANNELS:
        os.close(sink)
    return moved


def _limit(seconds: float, memory: int, output: int) -> None:
    """Limits that the kernel enforces; `memory` and `output` in bytes."""
    for name, value in (
        (resource.RLIMIT_CPU, int(seconds) + 2),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(name)
        top = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (top, top))


def _close_others() -> None:
    """Leave open the two channels and the three standard streams, which go to the sink, as in the server the first two do."""
    os.dup2(0, 2)
    os.closerange(REPORT + 1, 4096)
    sys.stdin, sys.stdout, sys.stderr = _streams()


@lru_cache(maxsize=1)
def _streams() -> tuple[TextIO, TextIO, TextIO]:
    """Of the descriptors 0 to 2, whatever these are; the server itself uses none of them in this way."""
    return open(0, closefd=False), open(1, "w", closefd=False), open(2, "w", closefd=False)


@lru_cache(maxsize=1)
def _readable_places() -> list[str]:
    """Folders that Python itself reads: its libraries, time zones, the system's libraries; by their real names, none within another."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(part for part in sys.path if part)}
    places |= {"/usr/share/zoneinfo", "/etc/localtime", "/usr/lib", "/lib", "/lib64", "/usr/lib64", "/dev/urandom", "/etc/mime.types"}
    real = sorted({os.path.realpath(place) for place in (*places, "/etc/ld.so.cache")})
    return [place for place in real if not any(place.startswith(f"{other}/") for other in real)]
