"""Apache Airflow 1.10, 2 and 3: DAG files by tracing. See README.md for what is supported, approximated and refused."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook_lib.sources._options import ReadOptions
from workbook_lib.sources.airflow._read import detect, stream

if TYPE_CHECKING:
    from workbook_lib.sources._types import ReadResult
    from workbook_lib.sources.airflow.engine import run_legacy

__all__ = ["detect", "read", "run_legacy", "stream"]


def read(paths: Sequence[str | Path], options: ReadOptions | None = None) -> ReadResult:
    """Read files and folders of DAGs. SourceError for a path that does not exist; everything else becomes a finding."""
    from workbook_lib.sources._types import together

    return together(stream(paths, options))


def __getattr__(name: str) -> Any:
    """The real engine is loaded when it is asked for: reading has to start fast."""
    if name in ("engine", "run_legacy"):
        engine = importlib.import_module("workbook_lib.sources.airflow.engine")
        return engine if name == "engine" else engine.run_legacy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
