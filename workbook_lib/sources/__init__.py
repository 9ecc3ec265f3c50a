"""The legacy systems: one room each, all with the same doors."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from workbook_lib.errors import SourceError, UsageError
from workbook_lib.sources._types import ReadOptions, ReadResult, load_values

ROOMS = ("airflow",)  # a new system: its folder beside this file, and its name here

__all__ = ["ROOMS", "ReadOptions", "ReadResult", "detect", "load_values", "read", "room"]


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
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not given:
        raise UsageError("no path was given.", advice="Name a file or folder with workflows.")
    by_system: dict[str, list[str | Path]] = {}
    for path in given:
        if not Path(path).exists():
            raise SourceError("there is no such file or folder.", file=str(path), advice="Check the path.")
        by_system.setdefault(detect(path) or ROOMS[0], []).append(path)
    parts: list[ReadResult] = [room(system).read(some, options) for system, some in by_system.items()]
    if len(parts) == 1:
        return parts[0]
    return ReadResult(
        workflows=tuple(workflow for part in parts for workflow in part.workflows),
        findings=tuple(finding for part in parts for finding in part.findings),
        files=tuple(file for part in parts for file in part.files),
        modules=tuple(module for part in parts for module in part.modules),
    )
