"""From a DAG's source to what was read of it, in one line."""

from __future__ import annotations

import atexit
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from workbook_lib.findings import Finding
from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._raw import RawDag, RawFile, RawTask
from workbook_lib.sources.tracing import Tracer

SHARED = Tracer("airflow")
atexit.register(SHARED.close)
PRELUDE = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task, task_group, setup, teardown
from airflow.models.baseoperator import chain, chain_linear, cross_downstream
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup
from airflow.models import Variable
def T(name, **kw): return EmptyOperator(task_id=name, **kw)
"""


def trace_text(
    source: str, *, prelude: bool = True, files: dict[str, str] | None = None, **options: Any
) -> tuple[RawFile | None, list[Finding]]:
    """The raw answer and all findings for one inline file; `files` lie beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (files or {}).items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_text(textwrap.dedent(text))
        file = Path(folder, "dag_file.py")
        file.write_text((PRELUDE if prelude else "") + textwrap.dedent(source))
        raws, findings, _ = _read.trace([file], ReadOptions(**options), SHARED)
        findings = [finding for finding in findings if finding.code != "airflow.start_date_missing"]  # short sources do without one
        return (raws[0] if raws else None), [finding.model_copy(update={"file": Path(finding.file or "").name}) for finding in findings]


def built(source: str, *, findings: tuple[str, ...] = (), **more: Any) -> RawDag:
    """The only DAG of a source; the codes of all findings must be those given."""
    raw, found = trace_text(source, **more)
    assert tuple(finding.code for finding in found) == findings, [finding.message for finding in found]
    assert raw is not None
    assert len(raw.dags) == 1
    return raw.dags[0]


def edges(dag: RawDag) -> str:
    """All edges, sorted: `a>b b>c`; a label follows in brackets."""
    return " ".join(sorted(f"{edge.source}>{edge.target}" + (f"[{edge.label}]" if edge.label else "") for edge in dag.edges))


def ids(dag: RawDag) -> str:
    """All task ids in the order of the source."""
    return " ".join(task.id for task in dag.tasks)


def only(dag: RawDag, task_id: str = "a") -> RawTask:
    """The task with that id."""
    return next(task for task in dag.tasks if task.id == task_id)


def values(task: RawTask) -> dict[str, Any]:
    """Arguments as plain data: constants as they are, other expressions by their dump without defaults."""
    return {name: expr.value if expr.kind == "constant" else expr.model_dump(exclude_defaults=True) for name, expr in task.arguments}
