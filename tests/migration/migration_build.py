"""A migration folder around a small workflow that was not read but made, so that these tests need no legacy system."""

from __future__ import annotations

import json
from pathlib import Path

from workbook_lib.migration import Migration
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.expr import Constant, TaskOutput
from workbook_lib.model.function import Argument, Function, Origin
from workbook_lib.model.workflow import Edge, Requirements, RetryPolicy, Schedule, Task, Workflow

TOTAL = 'def total(rows):\n    """Add up."""\n    return sum(rows)\n'


def python(name: str, source: str, *parameters: str) -> Function:
    return Function(
        name=name, source=source, header_end=source.index(":\n") + 1, parameters=tuple(Argument(name=one) for one in parameters)
    )


def sales(**more: object) -> Workflow:
    """extract >> total >> report."""
    extract = PythonCall(function=python("extract", "def extract():\n    return [1, 2]\n"))
    total = PythonCall(function=python("total", TOTAL, "rows"), arguments=(("rows", TaskOutput(task="extract")),))
    tasks = (
        Task(id="extract", operator="PythonOperator", action=extract, retry=RetryPolicy(retries=1, delay_seconds=5)),
        Task(id="total", operator="PythonOperator", action=total),
        Task(id="report", operator="BashOperator", action=Shell(command=Constant(value="echo done"))),
    )
    fixed: dict[str, object] = {
        "id": "sales",
        "system": "airflow",
        "version": "2.11",
        "origin": Origin(file="sales.py", line=1),
        "tasks": tasks,
        "edges": (Edge(source="extract", target="total"), Edge(source="total", target="report")),
        "schedule": Schedule(kind="cron", text="0 6 * * *", cron="0 6 * * *"),
        "requirements": Requirements(variables=("region",), connections=("warehouse",), pools=("small",)),
    }
    return Workflow.model_validate(fixed | more)


def migration(root: Path, *workflows: Workflow) -> Migration:
    """A folder that holds the workflows as if they had been read."""
    (root / ".workbook").mkdir(parents=True)
    (root / "legacy").mkdir()
    (root / "legacy" / "sales.py").write_text("# the legacy source\n")
    (root / ".workbook" / "migration.json").write_text(json.dumps({"schema": 1, "source": "/somewhere"}))
    made = Migration(root)
    made.store.save_read(workflows or (sales(),), ())
    return made
