"""Small workflows and records for the tests: `flow("a >> b", ...)` and `record(...)`."""

from __future__ import annotations

from typing import Any

from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Edge, Task, Workflow


def flow(order: str, tasks: dict[str, dict[str, Any]] | None = None, **more: Any) -> Workflow:
    """A workflow from lines such as `a >> b >> c`; `tasks` holds fields of single tasks."""
    settings = tasks or {}
    ids: dict[str, None] = {}
    edges: list[Edge] = []
    for line in order.split(";"):
        chain = [name.strip() for name in line.split(">>")]
        ids |= dict.fromkeys(chain)
        edges += [Edge(source=a, target=b) for a, b in zip(chain, chain[1:], strict=False)]
    made = tuple(Task(**({"id": name, "operator": "PythonOperator", "action": Nothing()} | settings.get(name, {}))) for name in ids)
    fixed = {"id": "w", "system": "airflow", "version": "2.11", "origin": Origin(file="w.py", line=1)}
    return Workflow(**(fixed | {"tasks": made, "edges": tuple(edges)} | more))
