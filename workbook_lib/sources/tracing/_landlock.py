"""Landlock: the kernel refuses a worker every file but a few, running programs, TCP, and signals to others.

The package landlockpy knows the kernel's versions: https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

try:
    import landlockpy
except ImportError:  # not Linux: it is required there alone
    landlockpy = None  # type: ignore[assignment]


def version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    return landlockpy.abi_version() if landlockpy is not None else 0


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Allow this process reading below `readable`, everything but running below `writable`, nothing else; OSError where it cannot be."""
    with _rules(readable, writable) as rules:
        rules.restrict()


def prepare() -> None:
    """In the server: make such rules once without keeping to them. What the package makes meanwhile, workers need not make again."""
    if version() > 0:
        rules = _rules([os.sep, __file__], [os.sep, __file__])
        rules.close()


def _rules(readable: Iterable[str], writable: Iterable[str]) -> landlockpy.Ruleset:
    right = landlockpy.AccessFS
    on_files = right.EXECUTE | right.WRITE_FILE | right.READ_FILE | right.TRUNCATE | right.IOCTL_DEV
    read = right.READ_FILE | right.READ_DIR
    rules = landlockpy.Ruleset(scoped=landlockpy.Scope.SIGNAL | landlockpy.Scope.ABSTRACT_UNIX_SOCKET)
    for folders, rights in ((readable, read), (writable, rules.handled_fs & ~right.EXECUTE)):
        for folder in folders:
            if os.path.exists(folder):  # what does not exist needs no permission
                rules.allow_path(folder, rights if os.path.isdir(folder) else rights & on_files)
    return rules
