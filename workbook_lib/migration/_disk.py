"""Writing to the migration folder: all or nothing, with one clear error when the disk refuses."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbook_lib.errors import FolderError, RecordError

RUN_BYTES = 16_000_000  # the server's database, a working folder, logs
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your disk quota is used up",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long",
}


def file_name(name: str) -> str:
    """A file name for an id or scenario name; ids are hostile text, ordinary ones stay as they are.

    Names differ also where a file system ignores case: capital letters, like what is too long, are told by a digest.
    """
    raw = name.encode(errors="surrogatepass")
    safe = re.sub(r"[^A-Za-z0-9_.-]", lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode(errors="surrogatepass")), name)
    if safe.startswith(".") or not safe:
        safe = "%2E" + safe[1:]
    if safe.endswith("."):
        safe = safe[:-1] + "%2E"
    if name.lower().partition(".")[0] in _DEVICES:
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    if len(safe) > 150 or name != name.lower():
        safe = safe[:120] + "~" + hashlib.sha256(raw).hexdigest()[:16]
    return safe


# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})


@contextlib.contextmanager
def refusals(path: Path, doing: str) -> Iterator[None]:
    """Turn what the operating system says about `path` into one FolderError."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "Make room, then try again." if full else "Choose another folder, or change its rights."
        raise FolderError(f"{doing} failed: {reason}; nothing was changed.", file=str(path), advice=advice) from error


def write_all(files: Mapping[Path, str | bytes | None], *, private: bool = False) -> None:
    """Write (or with None remove) several files: each is staged beside its place first, and only when all are staged they are moved.

    A full disk shows while staging, so that then no file has changed. `private`: only the owner may read them.
    """
    staged: list[tuple[str, Path]] = []
    where = next(iter(files), Path("."))
    try:
        with refusals(where, "writing the migration folder"):
            for path, content in files.items():
                if content is None:
                    continue
                where = path
                path.parent.mkdir(parents=True, exist_ok=True)
                data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
                handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
                staged.append((temporary, path))
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                if not private:
                    os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
            while staged:
                temporary, path = staged[0]
                os.replace(temporary, path)
                staged.pop(0)
            for path, content in files.items():
                if content is None:
                    path.unlink(missing_ok=True)
    finally:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def has_room(root: Path) -> None:
    """Refuse to start an engine on a full disk, where it would only die without words."""
    with refusals(root, "looking at the disk"):
        free = shutil.disk_usage(root).free
    if free < RUN_BYTES:
        message = f"the disk is full: {free // 1_000_000} MB are free, and a run needs about {RUN_BYTES // 1_000_000} MB; nothing was run."
        raise FolderError(message, file=str(root), advice="Make room, then try again.")


def write(path: Path, content: str | bytes) -> None:
    """Replace one file atomically."""
    write_all({path: content})


def write_json(path: Path, document: Any) -> None:
    """Replace one JSON document atomically, readable and stable."""
    write(path, json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def read_json(path: Path, default: Any) -> Any:
    """The JSON document at `path`; `default` when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default
    except (ValueError, UnicodeDecodeError) as error:
        raise RecordError(f"not JSON: {error}", file=str(path), advice="Correct or delete the file.") from error


def read_text(path: Path) -> str | None:
    """The text at `path`, or None when there is no file. Line ends are kept as they are."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise FolderError("not UTF-8 text", file=str(path), advice="Save it as UTF-8, or move it out of the project.") from error


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the migration folder: only one process converts or reads into it at a time."""
    path = root / ".workbook" / "lock"
    with refusals(path, "locking the migration folder"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(path, "a", encoding="utf-8")  # noqa: SIM115
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
