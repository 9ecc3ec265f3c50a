"""The layers that a worker is enclosed by, one list for all who switch, count or describe them."""

from __future__ import annotations

# process: a process of its own for each file; stand_ins: the usual ways out do nothing, ctypes is inert; hook: Python's audit hook;
# limits: time, memory, open files, scratch space; environment: nothing of the user's variables; landlock and seccomp: the kernel's.
LAYERS = ("process", "stand_ins", "hook", "limits", "environment", "landlock", "seccomp")


def missing() -> tuple[str, ...]:
    """The layers that this machine does not offer."""
    from workbook_lib.sources.tracing import _landlock, _seccomp

    return tuple(name for name, there in (("landlock", _landlock.version() > 0), ("seccomp", _seccomp.available())) if not there)
