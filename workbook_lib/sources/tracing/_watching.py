"""What a worker looked at while it ran a file: contents, listings, and whether something is there. A kept reading holds as long as they do.

Contents and listings are told by Python's audit events (https://docs.python.org/3/library/audit_events.html); for `os.stat` there is
none, so it is replaced. What goes around both, such as a file descriptor of a folder, makes the reading one that is not kept.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Sequence
from typing import Any

MOST = 20_000  # more is not kept
CONTENT, NAMES, KIND = "content", "names", "kind"
_EVENTS = {"open": CONTENT, "sqlite3.connect": CONTENT, "os.listdir": NAMES, "os.scandir": NAMES}
_ASKING = ("stat", "lstat", "access", "readlink")


def kind(path: str) -> str:
    """What a path is: d(irectory), f(ile or something else), or - for nothing."""
    try:
        return "d" if stat.S_ISDIR(_stat(path).st_mode) else "f"
    except (OSError, ValueError):
        return "-"


_stat = os.stat


class Watch:
    """Notes from now on, in this process, what is looked at below `roots`."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = tuple(os.path.join(root, "") for root in roots)
        self._looked: dict[tuple[str, str], str] = {}
        self._whole = True
        sys.addaudithook(self._hear)
        for name in _ASKING:
            setattr(os, name, self._asking(getattr(os, name)))
        os.open = self._opening(os.open)

    def looked(self) -> list[list[str]] | None:
        """Triples of what was looked for (a constant above), the path, and what it was; None when they are not all known."""
        if not self._whole or len(self._looked) > MOST:
            return None
        return [[what, path, seen] for (what, path), seen in self._looked.items()]

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        what = _EVENTS.get(event)
        if what is not None:
            self._note(what, args[0])

    def _note(self, what: str, path: Any) -> None:
        if path is None:
            path = "."
        if isinstance(path, int):
            self._whole = self._whole and what == CONTENT  # opened by its name before
            return
        try:
            text = os.fsdecode(path)
            if not text.startswith("/") or os.pardir in text:
                text = os.path.abspath(text)
        except (TypeError, ValueError, OSError):
            return
        if not os.path.join(text, "").startswith(self._roots) or (what, text) in self._looked or len(self._looked) > MOST:
            return
        self._looked[what, text] = kind(text)

    def _asking(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def ask(path: Any, *args: Any, **more: Any) -> Any:
            if more.get("dir_fd") is not None:
                self._whole = False
            elif not isinstance(path, int):
                self._note(KIND, path)
            return real(path, *args, **more)

        return ask

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if dir_fd is not None or flags & os.O_DIRECTORY:
                self._whole = False
            return real(path, flags, mode, dir_fd=dir_fd)

        return opened
