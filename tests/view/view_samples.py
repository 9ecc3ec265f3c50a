"""Small workflows to draw."""

from __future__ import annotations

import random

from workbook_lib.model.action import Nothing
from workbook_lib.model.expr import Constant
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Group, Link, Mapping, Task, Workflow


def task(name: str, operator: str = "PythonOperator", **more: object) -> Task:
    return Task(id=name, operator=operator, action=Nothing(), **more)  # type: ignore[arg-type]


def workflow(
    tasks: list[Task],
    edges: list[tuple[str, str] | Edge],
    name: str = "w",
    groups: tuple[Group, ...] = (),
    links: tuple[Link, ...] = (),
) -> Workflow:
    made = tuple(edge if isinstance(edge, Edge) else Edge(source=edge[0], target=edge[1]) for edge in edges)
    origin = Origin(file="w.py", line=1)
    return Workflow(id=name, system="airflow", version="2.11", origin=origin, tasks=tuple(tasks), edges=made, groups=groups, links=links)


def rich() -> Workflow:
    """One of everything that a drawing can show."""
    return workflow(
        [
            task("extract", mapping=Mapping(over=(("x", Constant(value=[1, 2])),))),
            task("choose", "BranchPythonOperator", steers="branch"),
            task("load.publish", group="load"),
            task("load.deep.hold", group="load.deep"),
            task("gate", "ShortCircuitOperator", steers="short_circuit"),
            task("cleanup", "BashOperator", join_rule=JoinRule.ALL_DONE, teardown=True),
        ],
        [
            ("extract", "choose"),
            Edge(source="choose", target="load.publish", choice=("load.publish",), label="enough"),
            Edge(source="choose", target="load.deep.hold", choice=("load.deep.hold",)),
            Edge(source="choose", target="cleanup", choice=("load.publish",)),
            ("load.publish", "gate"),
            ("load.deep.hold", "gate"),
            ("gate", "cleanup"),
        ],
        "rich",
        (Group(id="load"), Group(id="load.deep", parent="load")),
    )


def large(count: int = 500, *, groups: bool = True) -> Workflow:
    chance = random.Random(2)
    boxes = tuple(Group(id=f"g{i}") for i in range(10)) if groups else ()
    tasks = [task(f"g{i % 10}.load_{i:03d}", group=f"g{i % 10}" if groups else None) for i in range(count)]
    edges = [(tasks[chance.randrange(max(0, i - 60), i)].id, tasks[i].id) for i in range(1, count)]
    return workflow(tasks, list(edges), "large", boxes)
