"""The folder that a worker may write: how full it may get, and how it goes, whatever is in it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

MAX_ENTRIES = 2000
MAX_BYTES = 128 * 1024 * 1024


def overfull(folder: str) -> bool:
    """Whether a worker wrote more than reading needs; looks at no more than one entry beyond the limit."""
    entries = size = 0
    folders = [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as found:
            for entry in found:
                entries += 1
                if entries > MAX_ENTRIES:
                    return True
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        if size > MAX_BYTES:
                            return True
    return False


def remove(folder: str) -> None:
    """Delete the folder and all below it: also folders without permissions, and nested deeper than a path can name."""
    with suppress(OSError):
        os.rmdir(folder)  # most are empty
        return
    try:
        shutil.rmtree(folder)
        return
    except (OSError, RecursionError):
        pass
    number = 0
    for _ in range(10 * MAX_ENTRIES):
        # What is nested moves up, one level at a time, so that no path gets long and no recursion deep.
        nested = False
        with suppress(OSError):
            os.chmod(folder, 0o700)
        for entry in _entries(folder):
            if not entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    os.unlink(entry.path)
                continue
            with suppress(OSError):
                os.chmod(entry.path, 0o700)
            for inner in _entries(entry.path):
                nested, number = True, number + 1
                with suppress(OSError):
                    os.rename(inner.path, os.path.join(folder, f"moved-{number}"))
            with suppress(OSError):
                os.rmdir(entry.path)
        if not nested:
            break
    with suppress(OSError):
        os.rmdir(folder)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []
