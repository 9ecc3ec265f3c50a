"""What a worker may do: compute, read its inputs, write into its scratch folder. Nothing else.

The layers (`_layers.py`) are put around the worker one after the other, in the order in which they do not refuse each other. What each
stops is said in docs/safety.md, and tried one by one in tests/sources/tracing.
"""

from __future__ import annotations

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


def enclose(job: dict[str, Any], scratch: str, answer: int, report: int, output: int) -> None:
    """All layers of the job. `answer` and `report` are the only descriptors that stay open; `output` limits what a file may hold.

    Raises where a layer that this machine offers cannot be put in place: nothing runs half enclosed.
    """
    layers = frozenset(job["layers"])
    _close_others(answer, report)
    if "environment" in layers:
        os.environ.clear()
        posix.environ.clear()
        os.environ.update({"LANG": "C.UTF-8", "PATH": "/nonexistent"})
    os.environ.update({"HOME": scratch, "TMPDIR": scratch})
    tempfile.tempdir = scratch
    os.chdir(scratch)
    if "limits" in layers:
        _limit(job["seconds"], job["memory"], output)
    _report.watch(report, job["seconds"] if "limits" in layers else None)
    guarded = frozenset({answer, report})
    readable = [*_readable_places(), *job["readable"]]
    libraries = tuple(f"{part}/" for part in (*sys.path, _LIBRARY) if part)
    mine = (job["file"], *(f"{folder.rstrip('/')}/" for folder in (*job["roots"], *job["readable"])))
    if "landlock" in layers.difference(MISSING):
        _landlock.restrict(readable, [scratch, os.devnull])
    if "seccomp" in layers.difference(MISSING):
        _seccomp.restrict()
    tell_of_hook, tell = (copy["teller"](report, mine, libraries) for copy in (_HOOK, _TOLD))  # while `os.write` is the real one
    if "stand_ins" in layers:
        _stand_ins.install(tell, guarded)
    else:
        _loading.INERT_STDLIB = frozenset()
    if "hook" in layers:
        _stand_ins.hear()
        _HOOK["install"](scratch, readable, guarded, tell_of_hook)


def prepare() -> None:
    """In the server: make once what the enclosures of all workers share."""
    _readable_places()
    _streams()
    _landlock.prepare()
    _seccomp.prepare()


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


def _close_others(*keep: int) -> None:
    """Leave open only `keep`; the three standard streams go to the sink."""
    sink = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(sink, stream)
    kept = sorted(keep)
    for low, high in zip([3, *(fd + 1 for fd in kept)], [*kept, 4096], strict=True):
        os.closerange(low, high)
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
