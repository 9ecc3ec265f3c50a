"""Landlock: the kernel refuses a worker every file but a few, running programs, TCP, and signals to others.

The package landlockpy knows the kernel's versions: https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache

try:
    import landlockpy
except ImportError:  # not Linux: it is required there alone
    landlockpy = None  # type: ignore[assignment]


def version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    return landlockpy.abi_version() if landlockpy is not None else 0


@lru_cache(maxsize=1)
def _rights() -> tuple[landlockpy.AccessFS, landlockpy.AccessFS]:
    """Reading, and what a rule for a file may name."""
    right = landlockpy.AccessFS
    on_files = right.EXECUTE | right.WRITE_FILE | right.READ_FILE | right.TRUNCATE | right.IOCTL_DEV
    return right.READ_FILE | right.READ_DIR, on_files


def rules(readable: Iterable[str], writable: Iterable[str]) -> landlockpy.Ruleset:
    """Rules that allow a process reading below `readable`, everything but running below `writable`, and nothing else; OSError where the
    kernel does not take them.

    Made in the server, where it costs a worker nothing; the worker keeps to them (`restrict`).
    """
    read, on_files = _rights()
    made = landlockpy.Ruleset(scoped=landlockpy.Scope.SIGNAL | landlockpy.Scope.ABSTRACT_UNIX_SOCKET)
    try:
        for folders, allowed in ((readable, read), (writable, made.handled_fs & ~landlockpy.AccessFS.EXECUTE)):
            for folder in folders:
                if os.path.exists(folder):  # what does not exist needs no permission
                    made.allow_path(folder, allowed if os.path.isdir(folder) else allowed & on_files)
    except BaseException:
        made.close()
        raise
    return made


def prepare() -> None:
    """In the server: make such rules once. What the package makes meanwhile, it need not make again."""
    if version() > 0:
        rules([os.sep, __file__], [os.sep, __file__]).close()
        for value in range(1 << len(landlockpy.RestrictFlag)):  # these are made when they are met first
            landlockpy.RestrictFlag(value)
