"""What stands in for the usual ways out of a process: the attempt is told, and the file goes on with something inert.

Not a protection against anybody who wants to get out, but most module-level calls mean no harm, and the DAG behind them is worth reading.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.tracing._inert import Inert

Tell = Callable[..., None]
# Module -> functions that do nothing and give something inert.
INERT_CALLS = {
    "subprocess": ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"),
    "os": ("system", "popen"),
    "urllib.request": ("urlopen", "urlretrieve"),
    "socket": ("gethostname", "getfqdn", "gethostbyname"),
}
# What would send the worker's own signals elsewhere, or let it outlive its time.
IGNORED_CALLS = {
    "signal": ("signal", "setitimer", "alarm", "pthread_sigmask", "set_wakeup_fd", "siginterrupt"),
    "faulthandler": ("enable", "disable", "dump_traceback_later", "cancel_dump_traceback_later", "register", "unregister"),
}
# Functions on file descriptors (the first argument): not on those by which the worker answers.
_ON_CHANNELS = ("write", "writev", "pwrite", "pwritev", "sendfile", "splice", "dup", "dup2", "close", "ftruncate", "set_blocking")


def install(tell: Tell, guarded: frozenset[int]) -> None:
    """Put the stand-ins in place; `guarded` are the descriptors by which the worker answers."""
    import shutil
    import subprocess
    import time

    for table, make in ((INERT_CALLS, _inert), (IGNORED_CALLS, _ignored)):
        for module, names in table.items():
            home = importlib.import_module(module)
            for name in names:
                if hasattr(home, name):
                    setattr(home, name, make(f"{module}.{name}", tell))
    subprocess.Popen = _popen(tell)  # type: ignore[assignment,misc]
    shutil.which = lambda cmd, mode=0, path=None: f"/usr/bin/{cmd}"  # type: ignore[assignment]  # not this machine's programs
    time.sleep = lambda seconds: None
    for home in (os, sys.modules[os.name]):
        for name in _ON_CHANNELS:
            if hasattr(home, name):
                setattr(home, name, _guarding(name, getattr(home, name), tell, guarded))
        setattr(home, "closerange", _closing(home.closerange, tell, guarded))  # noqa: B010 - of two modules
        setattr(home, "_exit", _exit)  # noqa: B010


def _inert(name: str, tell: Tell) -> Callable[..., Any]:
    def attempt(*args: Any, **kwargs: Any) -> Any:
        tell(name, _shown(args), 2)
        return Inert(f"{name}(...)")

    return attempt


def _ignored(name: str, tell: Tell) -> Callable[..., Any]:
    def attempt(*args: Any, **kwargs: Any) -> Any:
        tell(name, _shown(args), 2)
        return 0

    return attempt


def _shown(args: tuple[Any, ...]) -> str:
    value = args[0] if args else ""
    if isinstance(value, (list, tuple)):
        return " ".join(str(part) for part in value)
    return str(value)


def _popen(tell: Tell) -> type:
    class Popen(Inert):
        """A process that is not started: it ends at once, with nothing to say."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            tell("subprocess.Popen", _shown(args), 2)
            super().__init__("subprocess.Popen(...)")

        def communicate(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            return Inert("subprocess.Popen(...).communicate()[0]"), Inert("subprocess.Popen(...).communicate()[1]")

    return Popen


def _guarding(name: str, real: Callable[..., Any], tell: Tell, guarded: frozenset[int]) -> Callable[..., Any]:
    def call(fd: Any, *args: Any, **kwargs: Any) -> Any:
        if fd in guarded or (name == "dup2" and args and args[0] in guarded):
            tell(f"os.{name}", f"on the channel of the answer ({fd})", 2)
            raise OSError(9, os.strerror(9))
        return real(fd, *args, **kwargs)

    return call


def _closing(real: Callable[[int, int], None], tell: Tell, guarded: frozenset[int]) -> Callable[[int, int], None]:
    def closerange(low: int, high: int, /) -> None:
        kept = sorted(fd for fd in guarded if low <= fd < high)
        if kept:
            tell("os.closerange", f"on the channel of the answer ({low} to {high})", 2)
        for start, end in zip([low, *(fd + 1 for fd in kept)], [*kept, high], strict=True):
            real(start, end)

    return closerange


def _exit(status: int = 0) -> None:
    raise SystemExit(status)
