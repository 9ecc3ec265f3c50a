"""Apache Airflow 1.10, 2 and 3: DAG files by tracing. See README.md for what is supported, approximated and refused."""

from __future__ import annotations

from workbook_lib.sources.airflow._read import detect, read
from workbook_lib.sources.airflow.engine import run_legacy

__all__ = ["detect", "read", "run_legacy"]
