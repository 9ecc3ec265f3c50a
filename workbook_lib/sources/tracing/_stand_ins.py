"""What stands in for the usual ways out of a process: the attempt is told, and the file goes on with something inert.

Not a protection against anybody who wants to get out, but most module-level calls mean no harm, and the DAG behind them is worth reading.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
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


def install(tell: Tell, guarded: frozenset[int]) -> None:
    """Put the stand-ins in place; `guarded` are the descriptors by which the worker answers."""
    import _thread
    import atexit
    import shutil
    import subprocess
    import threading
    import time

    for table, make in ((INERT_CALLS, _inert), (IGNORED_CALLS, _ignored)):
        for module, names in table.items():
            home = importlib.import_module(module)
            for name in names:
                if hasattr(home, name):
                    setattr(home, name, make(f"{module}.{name}", tell))
    subprocess.Popen = _popen(tell)  # type: ignore[assignment,misc]
    shutil.which = lambda cmd, mode=0, path=None: f"/usr/bin/{cmd}"  # type: ignore[assignment]  # not this machine's programs
    time.sleep = _named("time.sleep", lambda secs: None)
    sys.modules[os.name].environ = _Environ(sys.modules[os.name].environ)  # type: ignore[attr-defined]
    atexit.register = _at_exit(tell)
    _loading.NATIVE = NativeModule
    _teller[:] = [tell]
    _tampering.TELL = tell
    threads = _tampering.Threads(_thread.start_new_thread)
    for home in (_thread, threading):
        for name in ("start_new_thread", "start_new", "_start_new_thread"):
            if hasattr(home, name):
                setattr(home, name, threads.start)
    for home in (os, sys.modules[os.name]):
        for name in _ON_CHANNELS:
            if hasattr(home, name):
                setattr(home, name, _guarding(name, getattr(home, name), tell, guarded))
        setattr(home, "closerange", _closing(home.closerange, tell, guarded))  # noqa: B010 - of two modules
        setattr(home, "_exit", _exit)  # noqa: B010


def hear() -> None:
    """Have the audit hook hear what Python does not tell it: the calls above, and files that are opened relative to an open folder."""
    for module, names in UNHEARD.items():
        homes = [importlib.import_module(one) for one in (module, {"os": os.name}.get(module, f"_{module}"))]
        for name in names:
            real = getattr(homes[1], name, None)
            for home in homes if real is not None else ():
                setattr(home, name, _heard(f"{module}.{name}", real))
    opened = _opening(os.open)
    for home in (os, sys.modules[os.name]):
        setattr(home, "open", opened)  # noqa: B010 - of two modules


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


def _inert(name: str, tell: Tell) -> Callable[..., Any]:
    def attempt(*args: Any, **kwargs: Any) -> Any:
        tell(name, _shown(args), 2)
        return Inert(f"{name}(...)")

    return _named(name, attempt)


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with the name of what it stands for, by which it is told where it is handed over."""
    function.__module__, _, function.__qualname__ = name.rpartition(".")
    function.__name__ = function.__qualname__
    return function


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


def _at_exit(tell: Tell) -> Callable[..., Any]:
    """In the place of `atexit.register`: nothing is run when a worker ends."""

    def register(func: Any, /, *args: Any, **kwargs: Any) -> Any:
        if STATE.is_user_file(sys._getframe(1).f_code.co_filename):  # Python's own modules register as well
            tell("atexit.register", "", 2)
        return func

    return register


_teller: list[Tell] = []  # of this worker; the classes below are made once, in the server


class Native(Inert):
    """A value of the modules that lead out of Python: inert, and a call of it is told."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return Native(found._workbook_path) if type(found) is Inert else found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for tell in _teller:
            tell(str(self._workbook_path), _shown(args), 2)
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
        for tell in _teller:
            tell(f"{os.name}.environ", _shown(args), 2)
        return asked(self, *args)

    return ask


# In the place of the dict that `os.environ` was made from: who looks into it goes around `os.environ`.
_ASKING = ("__getitem__", "__iter__", "__contains__", "get", "items", "keys", "values", "copy")
_Environ = type("environ", (dict,), {name: _telling(name) for name in _ASKING})
