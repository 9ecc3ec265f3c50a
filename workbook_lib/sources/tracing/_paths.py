"""Paths while a file is traced: those of the machine where the files run lead into the repository, those of this machine are not told.

A traced file may open `/opt/airflow/dags/config.yml`, `Path.cwd() / "config.yml"` or a path that a variable names. Where nothing lies at
that place, the same path is looked for in the repository.
"""

from __future__ import annotations

import builtins
import io
import os
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from workbook_lib.sources.tracing._symbols import entry_of, settle

_READERS = ("stat", "lstat", "listdir", "scandir", "access")  # of `os`; paths and pathlib ask these
_real_stat = os.stat


class Places:
    """`deployed`: folders there -> folders here, longest first; `bases`: folders here in which relative paths are looked for, in order."""

    def __init__(self, deployed: Sequence[tuple[str, str]], bases: Sequence[str], scratch: str) -> None:
        self.deployed = sorted(((one.rstrip("/"), here) for one, here in deployed), key=lambda pair: -len(pair[0]))
        self.bases, self.scratch = list(bases), scratch
        self._watched = tuple({one for one, _ in self.deployed} | {scratch})

    def found(self, path: Any) -> Any:
        """`path`, or the file of the repository that it means."""
        if isinstance(path, (int, bytes)):
            return path
        if entry_of(path) is not None:
            path = settle(path, "the path of a file")
        try:
            text = os.fspath(path)
        except TypeError:
            return path
        if not isinstance(text, str):
            return path
        if entry_of(text) is not None:
            text = path = str(settle(text, "the path of a file"))
        if text.startswith("/") and not text.startswith(self._watched):
            return path
        return path if _exists(text) else next(filter(_exists, self._candidates(text)), path)

    def _candidates(self, text: str) -> list[str]:
        for there, here in self.deployed:
            if text == there or text.startswith(there + "/"):
                inside = text[len(there) :].lstrip("/")
                return [os.path.normpath(os.path.join(folder, inside)) for folder in (here, *self.bases)]
        if text.startswith(self.scratch):
            text = text[len(self.scratch) :].lstrip("/")
        return [os.path.join(base, text) for base in self.bases] if text and not text.startswith("/") else []

    def install(self) -> None:
        """Let `open` and the questions of `os` look up paths here; whoever watched these questions so far also hears what is tried."""
        global _real_stat
        _real_stat = os.stat
        for name in _READERS:
            setattr(os, name, self._looking(getattr(os, name)))
        real = io.open

        def opened(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:
            reads = isinstance(mode, str) and not any(sign in mode for sign in "wax+")
            return real(self.found(file) if reads else file, mode, *args, **kwargs)

        builtins.open = io.open = opened

    def _looking(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
            return real(self.found(path), *args, **kwargs)

        return asked


def _exists(path: str) -> bool:
    try:
        _real_stat(path)
    except (OSError, ValueError):
        return False
    return True


class Hidden:
    """Takes folders of this machine out of texts: a path below one of `folders` becomes relative, in the way the first of them is shown."""

    def __init__(self, folders: Sequence[tuple[str, str]]) -> None:
        self.shown = {folder: shown for folder, shown in folders if len(folder) > 1}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Made when there is something to hide: most files name no folder."""
        names = "|".join(re.escape(folder) for folder in sorted(self.shown, key=len, reverse=True))
        return re.compile(rf"(?<![\w.-])({names})(?:/|(?![\w.-]))")

    def holds(self, text: str) -> bool:
        """Whether there is anything to hide."""
        return any(folder in text for folder in self.shown)

    def text(self, text: str) -> str:
        """The text with relative paths."""
        if not self.holds(text):
            return text

        def relative(match: re.Match[str]) -> str:
            shown = self.shown[match[1]]
            return f"{shown}/" if match[0].endswith("/") and shown else shown or ("" if match[0].endswith("/") else ".")

        return self._pattern.sub(relative, text)

    def data(self, value: Any) -> Any:
        """The same in all texts of JSON data."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.data(item) for key, item in value.items()}
        return value
