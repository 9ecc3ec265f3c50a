"""What stands in for the usual ways out of a process: the attempt is told, and the file goes on with something inert.

Not a protection against anybody who wants to get out, but most module-level calls mean no harm, and the DAG behind them is worth reading.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from workbook_lib.sources.tracing import _loading, _tampering
from workbook_lib.sources.tracing._entries import STATE
from workbook_lib.sources.tracing._inert import Inert, InertModule

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
# Calls of which Python has no audit event: https://docs.python.org/3/library/audit_events.html
UNHEARD = {
    "os": ("mkfifo", "mknod", "memfd_create", "pidfd_open", "setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setparam"),
    "signal": ("pidfd_send_signal",),
    "socket": ("socketpair",),
}
# Functions on file descriptors (the first argument): not on those by which the worker answers.
_ON_CHANNELS = ("write", "writev", "pwrite", "pwritev", "sendfile", "splice", "dup", "dup2", "close", "ftruncate", "set_blocking")


_Change = tuple[Any, str, Any]  # a module or class, a name in it, and its new value


@lru_cache(maxsize=1)
def prepare(guarded: frozenset[int]) -> tuple[tuple[_Change, ...], tuple[_Change, ...]]:
    """In the server: all that workers put in place, made once: for `install`, and for `hear`.

    `guarded` are the descriptors by which a worker answers. A worker does no more than to set these names: making functions and classes
    there would write to hundreds of pages of memory, each of which is copied then.
    """
    import _thread
    import atexit
    import shutil
    import subprocess
    import threading
    import time

    made: list[_Change] = []
    for table, make in ((INERT_CALLS, _inert), (IGNORED_CALLS, _ignored)):
        for module, names in table.items():
            home = importlib.import_module(module)
            made += [(home, name, make(f"{module}.{name}")) for name in names if hasattr(home, name)]
    made.append((subprocess, "Popen", _popen()))
    made.append((shutil, "which", lambda cmd, mode=0, path=None: f"/usr/bin/{cmd}"))  # not this machine's programs
    made.append((time, "sleep", lambda seconds: None))
    made.append((atexit, "register", _register))
    made.append((_loading, "NATIVE", NativeModule))
    threads = _tampering.Threads(_thread.start_new_thread)
    for home in (_thread, threading):
        made += [(home, name, threads.start) for name in ("start_new_thread", "start_new", "_start_new_thread") if hasattr(home, name)]
    for home in (os, sys.modules[os.name]):
        made += [(home, name, _guarding(name, getattr(home, name), guarded)) for name in _ON_CHANNELS if hasattr(home, name)]
        made.append((home, "closerange", _closing(home.closerange, guarded)))
        made.append((home, "_exit", _exit))
    heard: list[_Change] = []
    for module, names in UNHEARD.items():
        homes = [importlib.import_module(one) for one in (module, {"os": os.name}.get(module, f"_{module}"))]
        for name in names:
            real = getattr(homes[1], name, None)
            heard += [(home, name, _heard(f"{module}.{name}", real)) for home in homes if real is not None]
    opened = _opening(os.open)
    heard += [(home, "open", opened) for home in (os, sys.modules[os.name])]
    for home, name, _ in (*made, *heard):
        # What is replaced stays in memory, with no name that leads to it: to free it costs each worker the pages that it lies in.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(getattr(home, name, None)))
    return tuple(made), tuple(heard)


def install(tell: Tell, guarded: frozenset[int]) -> None:
    """Put the stand-ins in place; `guarded` are the descriptors by which the worker answers."""
    _teller[:] = [tell]
    _tampering.TELL = tell
    for home, name, value in prepare(guarded)[0]:
        setattr(home, name, value)
    home = sys.modules[os.name]
    home.environ = _Environ(home.environ)  # type: ignore[attr-defined]


def hear(guarded: frozenset[int]) -> None:
    """Have the audit hook hear what Python does not tell it: calls without an event, and files that are opened relative to an open
    folder."""
    for home, name, value in prepare(guarded)[1]:
        setattr(home, name, value)


def _heard(event: str, real: Any) -> Callable[..., Any]:
    audit = sys.audit

    def call(*args: Any, **kwargs: Any) -> Any:
        audit(event, *args)
        return real(*args, **kwargs)

    return call


def _opening(real: Callable[..., int]) -> Callable[..., int]:
    audit, link_of, text_of = sys.audit, os.readlink, os.fsdecode

    def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            text = text_of(path)
            audit("open", text if text.startswith("/") else f"{link_of(f'/proc/self/fd/{dir_fd}')}/{text}", None, flags)
        return real(path, flags, mode, dir_fd=dir_fd)

    return opened


_teller: list[Tell] = []  # of this worker; all that follows is made once, in the server


def _tell(name: str, detail: str) -> None:
    """An attempt in the innermost file of the user's."""
    for tell in _teller:
        tell(name, detail, 3)


def _inert(name: str) -> Callable[..., Any]:
    def attempt(*args: Any, **kwargs: Any) -> Any:
        _tell(name, _shown(args))
        return Inert(f"{name}(...)")

    return attempt


def _ignored(name: str) -> Callable[..., Any]:
    def attempt(*args: Any, **kwargs: Any) -> Any:
        _tell(name, _shown(args))
        return 0

    return attempt


def _shown(args: tuple[Any, ...]) -> str:
    value = args[0] if args else ""
    if isinstance(value, (list, tuple)):
        return " ".join(str(part) for part in value)
    return str(value)


def _popen() -> type:
    class Popen(Inert):
        """A process that is not started: it ends at once, with nothing to say."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            _tell("subprocess.Popen", _shown(args))
            super().__init__("subprocess.Popen(...)")

        def communicate(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            return Inert("subprocess.Popen(...).communicate()[0]"), Inert("subprocess.Popen(...).communicate()[1]")

    return Popen


def _guarding(name: str, real: Callable[..., Any], guarded: frozenset[int]) -> Callable[..., Any]:
    def call(fd: Any, *args: Any, **kwargs: Any) -> Any:
        if fd in guarded or (name == "dup2" and args and args[0] in guarded):
            _tell(f"os.{name}", f"on the channel of the answer ({fd})")
            raise OSError(9, os.strerror(9))
        return real(fd, *args, **kwargs)

    return call


def _closing(real: Callable[[int, int], None], guarded: frozenset[int]) -> Callable[[int, int], None]:
    def closerange(low: int, high: int, /) -> None:
        kept = sorted(fd for fd in guarded if low <= fd < high)
        if kept:
            _tell("os.closerange", f"on the channel of the answer ({low} to {high})")
        for start, end in zip([low, *(fd + 1 for fd in kept)], [*kept, high], strict=True):
            real(start, end)

    return closerange


def _exit(status: int = 0) -> None:
    raise SystemExit(status)


def _register(func: Any, /, *args: Any, **kwargs: Any) -> Any:
    """In the place of `atexit.register`: nothing is run when a worker ends."""
    if STATE.is_user_file(sys._getframe(1).f_code.co_filename):  # Python's own modules register as well
        _tell("atexit.register", "")
    return func


class Native(Inert):
    """A value of the modules that lead out of Python: inert, and a call of it is told."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return Native(found._workbook_path) if type(found) is Inert else found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        _tell(str(self._workbook_path), _shown(args))
        made = super().__call__(*args, **kwargs)
        return Native(made._workbook_path) if type(made) is Inert else made


class NativeModule(InertModule):
    """Such a module."""

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if type(value) is Inert:
            value = self.__dict__[name] = Native(value._workbook_path)
        return value


def _telling(name: str) -> Callable[..., Any]:
    asked = getattr(dict, name)

    def ask(self: Any, *args: Any) -> Any:
        _tell(f"{os.name}.environ", _shown(args))
        return asked(self, *args)

    return ask


# In the place of the dict that `os.environ` was made from: who looks into it goes around `os.environ`.
_ASKING = ("__getitem__", "__iter__", "__contains__", "get", "items", "keys", "values", "copy")
_Environ = type("environ", (dict,), {name: _telling(name) for name in _ASKING})
