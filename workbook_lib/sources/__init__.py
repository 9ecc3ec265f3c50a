"""The legacy systems: one room each, all with the same doors."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from workbook_lib.errors import SourceError, UsageError
from workbook_lib.sources._inputs import UNSET, load_inputs
from workbook_lib.sources._options import ReadOptions, load_values
from workbook_lib.sources._parts import Part

if TYPE_CHECKING:
    from workbook_lib.sources._types import ReadResult

ROOMS = ("airflow",)  # a new system: its folder beside this file, and its name here

__all__ = ["ROOMS", "UNSET", "Part", "ReadOptions", "ReadResult", "detect", "load_inputs", "load_values", "read", "room", "stream"]


def __getattr__(name: str) -> Any:
    """The record of a whole reading brings the model along; a reading that was kept does without."""
    if name == "ReadResult":
        from workbook_lib.sources._types import ReadResult

        return ReadResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def room(system: str) -> ModuleType:
    """The room of a system, by name; UsageError lists the names there are."""
    if system not in ROOMS:
        raise UsageError(f"unknown system {system!r}.", advice=f"Known: {', '.join(ROOMS)}.")
    return importlib.import_module(f"workbook_lib.sources.{system}")


def detect(path: str | Path) -> str | None:
    """The first system whose room recognises a file or folder, None when none does."""
    return next((system for system in ROOMS if room(system).detect(path)), None)


def read(paths: Sequence[str | Path] | str | Path, options: ReadOptions | None = None) -> ReadResult:
    """Read files and folders, each with the room that recognises it (the first room where none does: it says what is wrong).

    SourceError for a path that does not exist; everything else that went wrong is a finding.
    """
    from workbook_lib.sources._types import together

    return together(stream(paths, options))


def stream(paths: Sequence[str | Path] | str | Path, options: ReadOptions | None = None, *, plain: bool = False) -> Iterator[Part]:
    """The same file by file, each as soon as it is read. `plain`: the models of workflows may be left out, their summaries suffice."""
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not given:
        raise UsageError("no path was given.", advice="Name a file or folder with workflows.")
    by_system: dict[str, list[str | Path]] = {}
    for path in given:
        if not Path(path).exists():
            raise SourceError("there is no such file or folder.", file=str(path), advice="Check the path.")
        system = detect(path) if len(ROOMS) > 1 else None
        by_system.setdefault(system or ROOMS[0], []).append(path)
    for system, some in by_system.items():
        yield from room(system).stream(some, options, plain=plain)
