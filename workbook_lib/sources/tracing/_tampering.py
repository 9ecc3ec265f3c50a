"""What a file leaves behind in its worker: names of Python and of the reader that it replaced, import hooks, threads that still run.

All of it dies with the worker; it is told, and what was replaced is put back before the DAGs are read.
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from workbook_lib.sources.tracing._entries import STATE
from workbook_lib.sources.tracing._stack import SOURCES

TELL: Callable[..., None] | None = None  # set by the stand-ins, so that nothing is told without that layer
# Whose names are compared, beside those that a room adds.
_WATCHED: tuple[Any, ...] = (builtins, io, json, json.JSONEncoder, json.JSONDecoder, os, os.path, sys.modules[os.name])
_FREE = frozenset({"_", "stdin", "stdout", "stderr", "__doc__"})


class Threads:
    """Starts threads as Python does, and knows where those that still run were started."""

    running: dict[object, tuple[str, int]] = {}

    def __init__(self, real: Callable[..., int]) -> None:
        self._real = real

    def start(self, function: Callable[..., Any], *more: Any) -> int:
        """In the place of `_thread.start_new_thread`."""
        frame: Any = sys._getframe(1)
        while frame is not None and not STATE.is_user_file(frame.f_code.co_filename):
            frame = frame.f_back
        running, mark = Threads.running, object()

        def run(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            finally:
                running.pop(mark, None)

        if frame is not None:
            running[mark] = frame.f_code.co_filename, frame.f_lineno
        return self._real(run, *more)


class Kept:
    """The names as they were before a file runs."""

    def __init__(self, more: Iterable[Any] = ()) -> None:
        self._spaces = [(space, dict(vars(space))) for space in (*_WATCHED, *more)]
        self._finders, self._path = list(sys.meta_path), sys.meta_path
        self._set, self._vars = setattr, vars

    def restore(self) -> None:
        """Put back what was replaced, then tell it: what tells may need it."""
        changed: list[str] = []
        for space, before in self._spaces:
            now = self._vars(space)
            for name, value in before.items():
                if (name not in now or now[name] is not value) and name not in _FREE:
                    self._set(space, name, value)
                    changed.append(f"{space.__name__}.{name}")
        if sys.meta_path is not self._path or self._path != self._finders:
            changed.append("sys.meta_path")
            self._path[:] = self._finders
            sys.meta_path = self._path
        if TELL is None:
            return
        for name in changed:
            TELL("replaced", name, 1, True, _place(name.rpartition(".")[2]))
        for place in dict.fromkeys(Threads.running.values()):
            TELL("thread", "", 1, True, place)


def _place(name: str) -> tuple[str, int]:
    """Where the source assigns an attribute of that name, or names it otherwise beside a call; else where it begins."""
    found = [("", 1)]
    for file, (source, _) in SOURCES.items():
        for node in ast.walk(ast.parse(source)) if STATE.is_user_file(file) else ():
            if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store):
                return file, node.lineno
            if (isinstance(node, ast.Attribute) and node.attr == name) or (isinstance(node, ast.Constant) and node.value == name):
                found.append((file, node.lineno))
    return found[-1]
