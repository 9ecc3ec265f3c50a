"""Landlock: the kernel refuses a worker every file but a few, and running programs altogether.

Numbers: https://docs.kernel.org/userspace-api/landlock.html (the three system calls have the same numbers on all architectures).
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38  # prctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE
_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many of the rights on files each version knows
_READ = READ_FILE | READ_DIR


def version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return max(int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))), 0)
    except (OSError, AttributeError):
        return 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def restrict(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Allow this process reading below `readable`, everything but running below `writable`, nothing else; False where it cannot be."""
    abi = version()
    if abi < 1:
        return False
    every_right = (1 << _RIGHTS_BY_ABI.get(abi, 16)) - 1
    attributes = struct.pack("=QQQ", every_right, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    libc = _libc()
    ruleset = libc.syscall(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for folders, rights in ((readable, _READ), (writable, every_right & ~EXECUTE)):
            for folder in folders:
                _allow(libc, ruleset, folder, rights)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: str, rights: int) -> None:
    try:
        handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what does not exist needs no permission
    try:
        if not os.path.isdir(folder):
            rights &= _FILE_RIGHTS
        libc.syscall(_ADD, ruleset, 1, ctypes.c_char_p(struct.pack("=Qi", rights, handle)), ctypes.c_uint32(0))
    finally:
        os.close(handle)
