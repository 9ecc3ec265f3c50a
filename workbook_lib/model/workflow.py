"""The intermediate representation: one graph for every legacy system."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from workbook_lib.errors import ModelError, RecordError
from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.action import Action
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import ArgumentSource, Definition, Function, Origin
from workbook_lib.model.graph import listed, once, ordered
from workbook_lib.model.join_rules import JoinRule

SCHEMA = 1


class RetryPolicy(Frozen):
    """How often a failed task is tried again (`retries` extra attempts) and after how many seconds.

    `exponential`: each delay is `multiplier` times the one before. `policy` is a legacy object that decides by the kind of failure.
    """

    retries: int = 0
    delay_seconds: float = 300.0
    exponential: bool = False
    multiplier: float = 2.0
    max_delay_seconds: float | None = None
    policy: Expr | None = None


class Mapping(Frozen):
    """A task (or group) that runs once per element, the number known only when it runs.

    `product`: the cross product of all `over`; `zip`: element by element; `records`: one expression (under "") that yields dicts of
    arguments. Inside the task's action `Element(name)` stands for the current element. `applied` says what functions make of it before
    the task takes it (under "": of an element from which they make the dict of all arguments); the action says so too, where it is known.
    """

    form: Literal["product", "zip", "records"] = "product"
    over: tuple[tuple[str, Expr], ...]
    applied: tuple[tuple[str, Expr], ...] = ()


class Task(Frozen):
    """One node. `operator` is the legacy class name; `arguments` is everything it was given, also what `action` already says.

    `steers`: "branch": its result (a task id or a list of them) chooses which direct downstream tasks go on; "short_circuit": a
    false result skips everything downstream (only direct downstream when `steers_rules` is true: then join rules decide further on).
    `may_skip`: its own body can end as skipped. `argument_sources` says how and where each argument was written.
    """

    id: str
    operator: str
    operator_module: str = ""
    action: Action
    join_rule: JoinRule = JoinRule.ALL_SUCCESS
    steers: Literal["", "branch", "short_circuit"] = ""
    steers_rules: bool = False
    may_skip: bool = False
    retry: RetryPolicy = RetryPolicy()
    timeout_seconds: float | None = None
    pool: str | None = None
    pool_slots: int = 1
    group: str | None = None
    mapping: Mapping | None = None
    setup: bool = False
    teardown: bool = False
    teardown_fails_run: bool = False
    callbacks: tuple[tuple[str, Function], ...] = ()
    arguments: tuple[tuple[str, Expr], ...] = ()
    argument_sources: tuple[ArgumentSource, ...] = ()
    unsupported: tuple[str, ...] = ()  # settings without an equivalent: "depends_on_past", "sla", "priority_weight" ...
    doc: str | None = None
    origin: Origin | None = None


class Group(Frozen):
    """A named set of tasks, drawn as a box; `parent` is the enclosing group."""

    id: str
    parent: str | None = None
    doc: str | None = None
    mapping: Mapping | None = None
    origin: Origin | None = None


class Edge(Frozen):
    """`target` comes after `source`.

    `choice` (only behind a branching task): the results of the branch that let `target` go on: its own id, or the id of a sibling
    from which it can be reached too. `condition` belongs to control-flow workflows. `label` is for people. `origin` has no stack.
    """

    source: str
    target: str
    choice: tuple[str, ...] | None = None
    condition: Expr | None = None
    label: str | None = None
    origin: Origin | None = None


class AssetCondition(Frozen):
    """Which assets must have changed: one `asset` (an empty name or URI is not known), an `alias`, or `all` or `any` of `parts`."""

    kind: Literal["asset", "alias", "all", "any"]
    name: str = ""
    uri: str = ""
    parts: tuple[AssetCondition, ...] = ()


class Schedule(Frozen):
    """When it runs. `text` is for people. `interval_seconds` or `cron` where they apply; `assets` are URIs; `timezone` an IANA name.

    `unknown`: the source decides it from something not known when reading; a finding names what. `timetable` is the legacy class whose
    meaning holds ("CronTriggerTimetable"), `arguments` what else it was given. `condition` is the logic over `assets`; `time` says when
    it runs besides; `crons` and `moments` are several expressions and listed moments (ISO 8601). `trigger`: a run stands for the moment
    at which it starts, less `back_seconds` (None: less a time that varies); if false, for the interval that has just ended; None where
    the version of the system decides, or nothing.
    """

    kind: Literal["none", "cron", "interval", "once", "continuous", "assets", "custom", "unknown"] = "none"
    text: str = "none"
    cron: str | None = None
    interval_seconds: float | None = None
    assets: tuple[str, ...] = ()
    timezone: str = "UTC"
    timetable: str = ""
    condition: AssetCondition | None = None
    time: Schedule | None = None
    crons: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    arguments: tuple[tuple[str, Expr], ...] = ()
    trigger: bool | None = None
    back_seconds: float | None = 0.0


class RunParameter(Frozen):
    """A parameter of a run, with a JSON schema where the source gives one. Not `declared`: only its use was found."""

    name: str
    default: Expr | None = None
    json_schema: Json = Field(default_factory=dict)
    description: str | None = None
    declared: bool = True
    source: ArgumentSource | None = None


class Limits(Frozen):
    """Limits on runs; None where the system's default holds."""

    active_runs: int | None = None
    active_tasks: int | None = None
    consecutive_failed_runs: int | None = None
    run_timeout_seconds: float | None = None
    fail_fast: bool = False


class Requirements(Frozen):
    """What the workflow needs around it, each a sorted tuple of names."""

    connections: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


class Link(Frozen):
    """A tie to another workflow (`target` a workflow id) or to an asset (`target` a URI)."""

    kind: Literal["waits_for", "starts", "produces", "consumes"]
    target: str
    task: str | None = None


class Workflow(Frozen):
    """One legacy workflow. `version` is the legacy system's version whose meaning holds ("2.11"). `timezone` is the workflow's own,
    which the schedule's may differ from; None in what was stored before it was read."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: str
    system: str
    version: str
    kind: Literal["dataflow", "control_flow"] = "dataflow"
    origin: Origin
    doc: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None
    schedule: Schedule = Schedule()
    start_date: str | None = None
    end_date: str | None = None
    timezone: str | None = None
    catchup: bool = False
    parameters: tuple[RunParameter, ...] = ()
    limits: Limits = Limits()
    argument_sources: tuple[ArgumentSource, ...] = ()
    tasks: tuple[Task, ...] = ()
    groups: tuple[Group, ...] = ()
    edges: tuple[Edge, ...] = ()
    callbacks: tuple[tuple[str, Function], ...] = ()
    definitions: tuple[Definition, ...] = ()
    requirements: Requirements = Requirements()
    links: tuple[Link, ...] = ()

    model_config = Frozen.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _consistent(self) -> Workflow:
        ids = [task.id for task in self.tasks]
        twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) != len(ids) else []
        if twice:
            raise ModelError(f"workflow {self.id!r} has two tasks with the id {twice[0]!r}")
        known, groups = set(ids), {group.id for group in self.groups}
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in known:
                    raise ModelError(f"workflow {self.id!r} has an edge to {end!r}, which is none of its tasks")
            if self.kind == "dataflow" and edge.condition is not None:
                raise ModelError(f"workflow {self.id!r} is dataflow, but its edge {edge.source!r} -> {edge.target!r} carries a condition")
        for task in self.tasks:
            if task.group is not None and task.group not in groups:
                raise ModelError(f"task {task.id!r} is in the group {task.group!r}, which workflow {self.id!r} does not have")
            if self.kind == "control_flow" and task.join_rule is not JoinRule.ALL_SUCCESS:
                raise ModelError(f"workflow {self.id!r} is control flow, but its task {task.id!r} has a join rule")
        return self

    def task(self, task_id: str) -> Task:
        """The task with that id; KeyError when there is none."""
        return _by_id(self.tasks)[task_id]

    def upstream(self, task_id: str) -> tuple[str, ...]:
        """Direct upstream task ids, in the order of the edges."""
        return _behind(self.edges).get(task_id, ())

    def downstream(self, task_id: str) -> tuple[str, ...]:
        """Direct downstream task ids, in the order of the edges."""
        return _ahead(self.edges).get(task_id, ())

    def to_json(self) -> str:
        """The stored form, stable: same workflow, same bytes."""
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_defaults=False), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes | dict[str, Any]) -> Workflow:
        """Load a stored workflow; RecordError names what does not fit."""
        try:
            data = text if isinstance(text, dict) else json.loads(text)
            return cls.model_validate(data)
        except (ValueError, ValidationError) as error:
            raise RecordError(f"not a stored workflow of schema {SCHEMA}: {str(error).splitlines()[0]}") from error


@once
def _by_id(tasks: tuple[Task, ...]) -> dict[str, Task]:
    return {task.id: task for task in tasks}


@once
def _behind(edges: tuple[Edge, ...]) -> dict[str, tuple[str, ...]]:
    return listed((edge.target, edge.source) for edge in edges)


@once
def _ahead(edges: tuple[Edge, ...]) -> dict[str, tuple[str, ...]]:
    return listed((edge.source, edge.target) for edge in edges)


def closure(workflow: Workflow) -> dict[str, frozenset[str]]:
    """For each task id all task ids downstream of it, directly or not."""
    result: dict[str, frozenset[str]] = {}
    for task_id in reversed(topological(workflow)):
        following = frozenset(workflow.downstream(task_id))
        result[task_id] = following.union(*(result[next_id] for next_id in following))
    return result


def topological(workflow: Workflow) -> list[str]:
    """Task ids so that each comes after its upstream, otherwise in the order of the source; ModelError on a cycle."""
    ids = [task.id for task in workflow.tasks]
    order = ordered(ids, _behind(workflow.edges))
    if len(order) < len(ids):
        raise ModelError(f"workflow {workflow.id!r} has a cycle through {', '.join(sorted(set(ids) - set(order))[:3])}")
    return order
