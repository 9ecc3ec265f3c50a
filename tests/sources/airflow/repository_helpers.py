"""A tiny repository on disk, and what is read of it, in one line."""

from __future__ import annotations

import textwrap
from pathlib import Path

from read_helpers import SHARED

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._answers import meaning
from workbook_lib.sources.airflow._raw import RawFile

PRELUDE = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
"""
SIMPLE = "from airflow import DAG\nwith DAG({name!r}, catchup=False): pass\n"


def lay(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write files by path; a text that names DAG gets the usual imports in front unless it has its own."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
            continue
        text = textwrap.dedent(text)
        file.write_text(PRELUDE + text if "DAG(" in text and "from airflow import" not in text else text)
    return folder


def raws(path: Path, **options: object) -> tuple[list[RawFile], list[Finding]]:
    """The workers' answers and all findings."""
    found, findings, _ = _read.trace([path], ReadOptions(**options), SHARED)  # type: ignore[arg-type]
    return found, findings


def read(path: Path, **options: object) -> tuple[list[Workflow], list[str]]:
    """The workflows, and the findings as `code file:line`, below the path; what concerns the conversion alone is left out."""
    found, findings = raws(path, **options)
    parts = [meaning(raw, [str(path.resolve())])[0] for raw in found]
    every = [*findings, *(one for part in parts for one in part.findings if one not in findings)]
    told = [f"{one.code} {Path(one.file or '').resolve().relative_to(path.resolve())}:{one.line}" for one in every if one.code not in QUIET]
    return [workflow for part in parts for workflow in part.workflows], told


QUIET = frozenset({"airflow.setting_unsupported", "airflow.operator_unknown", "airflow.logs_elsewhere", "airflow.approximated"})


def ids(path: Path, **options: object) -> str:
    """The ids of all DAGs, sorted; nothing may be told."""
    found, findings = raws(path, **options)
    assert [one.message for one in findings] == []
    return " ".join(sorted(dag.id for raw in found for dag in raw.dags))
