"""What a worker may do: compute, read its inputs, write into its scratch folder. Nothing else.

Three layers, each of which holds alone against carelessness: stand-ins for the usual ways out (they record the attempt and let the
file go on), an audit hook, and where the kernel offers it Landlock. Limits on time, memory, files and output come from the kernel.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.tracing import _landlock
from workbook_lib.sources.tracing._entries import user_line
from workbook_lib.sources.tracing._inert import Inert

# https://docs.python.org/3/library/audit_events.html
_REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "pty.", "ctypes.",
    "os.kill", "signal.pthread_kill", "gc.get_", "sys._current_frames", "sys.setprofile", "sys.settrace", "urllib.", "ftplib.", "smtplib.",
    "http.client.", "poplib.", "imaplib.", "telnetlib.", "nntplib.", "webbrowser.",
    "os.setxattr", "os.removexattr", "syslog.", "fcntl.ioctl",
    "resource.",
)  # fmt: skip
_PATHS = {
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.chmod": 1, "os.chown": 1, "os.link": 2, "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1, "shutil.rmtree": 1, "shutil.move": 2, "shutil.chown": 1, "sqlite3.connect": 1, "os.mkfifo": 1, "os.mknod": 1,
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class BlockedError(PermissionError):
    """The traced file tried something that reading does not do."""


BLOCKED: list[dict[str, Any]] = []


def _record(what: str, detail: Any) -> None:
    file, line = user_line(3)
    if len(BLOCKED) < 100:
        BLOCKED.append({"what": what, "detail": str(detail)[:200], "file": file, "line": line})


def limit(seconds: float, memory: int, output: int) -> None:
    """Limits that the kernel enforces; `memory` and `output` in bytes."""
    whole = int(seconds) + 1
    for name, value in (
        (resource.RLIMIT_CPU, whole),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(name)
        top = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (top, top))


def install_hook(scratch: str) -> None:
    """Refuse, from now on and for good, whatever reading does not need. The sink `/dev/null` may be written."""
    inside = os.path.realpath(scratch) + os.sep
    real = os.path.realpath
    fspath, startswith = os.fspath, str.startswith

    def allowed(path: Any) -> bool:
        if isinstance(path, int):
            return True
        try:
            text = fspath(path)
            text = text.decode() if isinstance(text, bytes) else text
        except (TypeError, UnicodeDecodeError):
            return False
        return text in ("/dev/null", ":memory:") or startswith(real(text) + os.sep, inside)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(path, int):
                return
            writes = bool(flags & _WRITING) if isinstance(flags, int) else any(c in (mode or "") for c in "wax+")
            if writes and not allowed(path):
                _record("write", path)
                raise BlockedError(f"writing {path!r} is refused while reading")
        elif event in _PATHS:
            if not all(allowed(path) for path in args[: _PATHS[event]]):
                _record(event, args[0])
                raise BlockedError(f"{event} of {args[0]!r} is refused while reading")
        elif startswith(event, _REFUSED):
            _record(event, args[:1])
            raise BlockedError(f"{event} is refused while reading")

    sys.addaudithook(hook)


def soften() -> None:
    """Let the usual careless calls of a file return something inert instead of failing; each is recorded."""
    import shutil
    import subprocess
    import time
    import urllib.request

    def recorder(what: str) -> Callable[..., Any]:
        def attempt(*args: Any, **kwargs: Any) -> Any:
            _record(what, args[0] if args else "")
            return Inert(f"{what}(...)")

        return attempt

    for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"):
        setattr(subprocess, name, recorder(f"subprocess.{name}"))
    for name in ("system", "popen"):
        setattr(os, name, recorder(f"os.{name}"))
    urllib.request.urlopen = recorder("urllib.request.urlopen")
    shutil.which = lambda cmd, mode=0, path=None: f"/usr/bin/{cmd}"  # type: ignore[assignment]  # not this machine's programs
    time.sleep = lambda seconds: None


def close_others(keep: int) -> None:
    """Leave open only `keep`; the three standard streams go to the sink."""
    sink = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(sink, stream)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115


def readable_places() -> list[str]:
    """Folders that Python itself reads: its libraries, time zones, the system's libraries."""
    places = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        *(p for p in sys.path if p),
        "/usr/share/zoneinfo",
        "/etc/localtime",
        "/usr/lib",
        "/lib",
    }
    return sorted(places | {"/lib64", "/usr/lib64", "/dev/urandom", "/etc/mime.types", "/etc/ld.so.cache"})


def enclose(readable: list[str], scratch: str) -> bool:
    """All layers, in the order in which they do not refuse each other; tells whether Landlock holds."""
    landlocked = _landlock.restrict([*readable_places(), *readable], [scratch, os.devnull])
    soften()
    install_hook(scratch)
    return landlocked
