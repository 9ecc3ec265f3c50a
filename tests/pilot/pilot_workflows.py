"""The fixture project's workflows, as a room would have read them."""

from __future__ import annotations

from workbook_lib.model.action import Nothing
from workbook_lib.model.expr import TaskOutput
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Mapping, RetryPolicy, Task, Workflow


def _task(task_id: str, **more: object) -> Task:
    return Task(id=task_id, operator="PythonOperator", action=Nothing(), **more)  # type: ignore[arg-type]


def _workflow(workflow_id: str, tasks: list[Task], edges: list[Edge]) -> Workflow:
    origin = Origin(file="dag.py", line=1)
    return Workflow(id=workflow_id, system="airflow", version="2.11", origin=origin, tasks=tuple(tasks), edges=tuple(edges))


def _edges(*pairs: str) -> list[Edge]:
    return [Edge(source=source, target=target) for source, target in (pair.split(" > ") for pair in pairs)]


RETRY = RetryPolicy(retries=2)
SEQUENCE = _workflow(
    "sequence",
    [
        *(_task(name, retry=RETRY) for name in ("extract_north", "extract_south", "total")),
        _task("choose", retry=RETRY, steers="branch"),
        _task("publish", retry=RETRY),
        _task("hold", retry=RETRY),
        _task("cleanup", retry=RETRY, join_rule=JoinRule.ALL_DONE),
    ],
    [
        *_edges("extract_north > total", "extract_south > total", "total > choose"),
        *(Edge(source="choose", target=arm, choice=(arm,)) for arm in ("publish", "hold")),
        *_edges("publish > cleanup", "hold > cleanup"),
    ],
)
FUTURES = _workflow(
    "futures",
    [
        _task("numbers"),
        _task("square", retry=RetryPolicy(retries=1), mapping=Mapping(over=(("x", TaskOutput(task="numbers")),))),
        _task("sum_up"),
        _task("side.note"),
    ],
    _edges("numbers > square", "square > sum_up", "square > side.note"),
)
RULES = _workflow(
    "rules",
    [
        _task("first", retry=RetryPolicy(retries=1), may_skip=True),
        _task("gate", steers="short_circuit", steers_rules=True, join_rule=JoinRule.ALL_DONE),
        _task("after", retry=RetryPolicy(retries=1)),
        _task("last", join_rule=JoinRule.ALL_DONE),
    ],
    _edges("first > gate", "gate > after", "after > last", "first > last"),
)
ODD = _workflow("odd", [_task("work")], [])
RAISES = _workflow(
    "raises", [_task("first"), _task("second"), _task("last", join_rule=JoinRule.ALL_DONE)], _edges("first > second", "first > last")
)
COMPUTES = _workflow("computes", [_task("count"), _task("report")], _edges("count > report"))


def named(workflow_id: str) -> Workflow:
    """A workflow of which only the id matters."""
    return _workflow(workflow_id, [_task("work")], [])
