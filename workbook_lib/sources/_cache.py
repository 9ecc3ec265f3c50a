"""Readings of files that are kept: found again as long as everything that the file looked at is as it was.

An entry is named by the job (the file, what was supplied, the options) and by the library that read it, and lists what its file opened,
listed or asked for. It holds its workflows in plain words and as models. Entries are data that is checked: one that is damaged, forged or
of another form is passed over. Failures are never kept, nor what was read with connections.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook_lib.sources.tracing._watching import CONTENT, KIND, NAMES, kind

if TYPE_CHECKING:
    from workbook_lib.sources.tracing import Job

MOST_BYTES = 256 * 1024 * 1024
_SETTLED = 50_000_000  # nanoseconds: a file that was changed later than this before it was read may have changed while it was read
_LIBRARY = Path(__file__).resolve().parents[1]
_LAYOUT = 1


def user_folder(name: str) -> Path:
    """A folder of what is kept for the user: below WORKBOOK_CACHE, or in the user's folder of caches."""
    given = os.environ.get("WORKBOOK_CACHE")
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prefect-migration-workbook"
    return base / name


def default_folder() -> Path:
    """Where readings are kept."""
    return user_folder("readings")


def _digest(*parts: bytes) -> str:
    made = hashlib.blake2b(digest_size=20)
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def _library() -> bytes:
    """What stands for the version of the library, of Python and of the packages beside it."""
    found = [sys.version, sys.prefix, str(_LAYOUT)]
    for folder, _, names in os.walk(_LIBRARY):
        for name in sorted(names):
            if name.endswith(".py"):
                at = os.stat(os.path.join(folder, name))
                found.append(f"{folder}/{name} {at.st_mtime_ns} {at.st_size}")
    for place in sys.path:
        with contextlib.suppress(OSError):
            found.append(f"{place} {os.stat(place).st_mtime_ns}")
    return "\n".join(found).encode()


def _content(path: str) -> str:
    if not os.path.isfile(path):  # a pipe would never end
        return "-"
    try:
        with open(path, "rb") as stream:
            return _digest(stream.read())
    except (OSError, ValueError):
        return "-"


def _names(path: str) -> str:
    try:
        with os.scandir(path) as found:
            return _digest(*sorted(f"{entry.name}\0{entry.is_dir()}".encode(errors="surrogateescape") for entry in found))
    except (OSError, ValueError):
        return "-"


_STATES: dict[str, Callable[[str], str]] = {CONTENT: _content, NAMES: _names, KIND: kind}


@dataclass(frozen=True)
class Kept:
    """What an entry holds: `about`, a JSON object that is read at once, and `models`, the text of JSON documents."""

    about: dict[str, Any]
    models: tuple[str, ...]


class Cache:
    """A folder of kept readings, for one reading; without a folder (None, or one that others can write to) nothing is found or kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder if folder is not None and _own(folder) else None
        self._library = _library() if self._folder is not None else b""
        self._known: dict[tuple[str, str], str] = {}
        self._written = False
        self._began = time.time_ns()

    def key(self, job: Job) -> str | None:
        """The name of the job's entry, None when it is not to be kept."""
        if self._folder is None or job.connections:
            return None
        return _digest(self._library, json.dumps(asdict(job), sort_keys=True, default=str).encode())

    def find(self, key: str | None) -> Kept | None:
        """The entry, when there is one and everything is as it was."""
        if self._folder is None or key is None:
            return None
        try:
            stored, about, *models = (self._folder / key).read_bytes().split(b"\n")
            if stored.decode() != _digest(key.encode(), about, *models):
                return None
            found = json.loads(about)
            looked = found.pop("looked")
            if not all(self._state(str(what), str(path)) == seen for what, path, seen in looked):
                return None
            return Kept(found, tuple(model.decode() for model in models))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def keep(self, key: str | None, kept: Kept, looked: Sequence[Sequence[str]]) -> None:
        """Write an entry, if all that was `looked` at surely is as it was then: triples of what, the path, and its kind as seen."""
        if self._folder is None or key is None:
            return
        states = []
        for what, path, seen in looked:
            state = self._state(what, path)
            same = state == seen if what == KIND else (state == "-") == (seen == "-") and _settled(path, self._began)
            if not same:
                return
            states.append((what, path, state))
        about = json.dumps(kept.about | {"looked": states}).encode()
        models = [model.encode() for model in kept.models]
        whole = b"\n".join([_digest(key.encode(), about, *models).encode(), about, *models])
        with contextlib.suppress(OSError):
            handle, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)
            with os.fdopen(handle, "wb") as stream:
                stream.write(whole)
            os.replace(name, self._folder / key)
            self._written = True

    def tidy(self) -> None:
        """Remove the oldest entries when there are too many."""
        if self._folder is None or not self._written:
            return
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            stats = [(one.stat(follow_symlinks=False), one.path) for one in found]
            size = 0
            for when, more, path in sorted(((at.st_mtime_ns, at.st_size, path) for at, path in stats), reverse=True):
                size += more
                left_over = ".new-" in path and time.time_ns() - when > 3600 * 10**9
                if size > MOST_BYTES or left_over:
                    os.unlink(path)

    def _state(self, what: str, path: str) -> str:
        state = self._known.get((what, path))
        if state is None:
            state = self._known[what, path] = _STATES[what](path)
        return state


def _settled(path: str, began: int) -> bool:
    """Whether a path has surely not changed since just before `began`."""
    try:
        at = os.stat(path)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return max(at.st_ctime_ns, at.st_mtime_ns) < began - _SETTLED


def _own(folder: Path) -> bool:
    """Whether the folder is there, or can be made, and belongs to this user alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(at.st_mode) and at.st_uid == os.geteuid() and not at.st_mode & 0o022
