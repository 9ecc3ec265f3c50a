"""What the sandboxed worker answers: one DAG file's DAGs as plain data, before any meaning is read into them.

The worker imports the file against the stand-ins and turns every live value into an `Expr`; `assemble` (outside of the sandbox) turns
these into the model. All of it crosses a pipe as JSON and is validated here: it is hostile input.

How live values become expressions: JSON values -> Constant (lists, dicts with anything else inside -> ListOf, DictOf); date, datetime,
timedelta -> Moment; an XComArg -> TaskOutput; a DAG param -> Parameter; Variable/Connection/environment stand-ins -> Variable,
Connection, Environment; markers inside strings -> Format; functions and classes -> Callable; anything else -> Unknown with its repr.
Strings that may hold templates stay Constant here: `assemble` compiles them where the field is templated.
"""

from __future__ import annotations

from typing import Literal

from workbook_lib.findings import Finding
from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import ArgumentSource, Origin
from workbook_lib.model.workflow import Edge, Group, Limits, Mapping, RetryPolicy, RunParameter, Schedule


class RawTask(Frozen):
    """A task as Airflow would hold it when the DAG is built.

    `operator` is the class name as DagBag shows it (`_PythonDecoratedOperator` for `@task`); `bases` its method resolution order by
    class name, and `base_modules` where Airflow has these classes, empty for one of the repository. `decorator` is the TaskFlow
    decorator ("task", "branch", "short_circuit", "virtualenv", "sensor", "bash" ...), or empty.
    `arguments` are the operator's own (op_args/op_kwargs for TaskFlow calls), default_args merged in, without those that have a
    field here. `user_execute`: code of the repository itself defines `execute`, so the class's known meaning does not hold; `execute` is
    then that function.
    For a mapped task `arguments` are those of `partial` and `mapping.over` those of `expand`.
    """

    id: str
    operator: str
    operator_module: str = ""
    bases: tuple[str, ...] = ()
    base_modules: tuple[str, ...] = ()
    decorator: str = ""
    user_execute: bool = False
    execute: Expr | None = None
    arguments: tuple[tuple[str, Expr], ...] = ()
    argument_sources: tuple[ArgumentSource, ...] = ()
    trigger_rule: str = "all_success"
    retry: RetryPolicy = RetryPolicy()
    timeout_seconds: float | None = None
    pool: str | None = None
    pool_slots: int = 1
    group: str | None = None
    mapping: Mapping | None = None
    setup: bool = False
    teardown: bool = False
    teardown_fails_run: bool = False
    callbacks: tuple[tuple[str, Expr], ...] = ()
    unsupported: tuple[str, ...] = ()
    doc: str | None = None
    origin: Origin


class RawDag(Frozen):
    """A DAG as Airflow would hold it. `macros` and `filters` are the user-defined ones; `edges` carry labels, no choices yet.

    `files` lie in the repository and are named by arguments, relative to the folder that is read.
    """

    id: str
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
    tasks: tuple[RawTask, ...] = ()
    groups: tuple[Group, ...] = ()
    edges: tuple[Edge, ...] = ()
    callbacks: tuple[tuple[str, Expr], ...] = ()
    macros: tuple[tuple[str, Expr], ...] = ()
    filters: tuple[tuple[str, Expr], ...] = ()
    files: tuple[str, ...] = ()
    template_paths: tuple[str, ...] = ()
    native_templates: bool = False


class RawAsked(Frozen):
    """An input that the file asked for while it was read: the default of the source, what it is used as, which keys are taken from it,
    where, and what the reading could not say without it."""

    kind: Literal["variable", "connection", "environment"]
    name: str
    default: str | None = None
    uses: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()


class RawFile(Frozen):
    """The worker's whole answer for one file. `modules` are sibling files that it imported: (dotted name, path); `inputs` what it
    asked for while it was read: ("variable", name), ("connection", id), ("environment", name). `root` is the folder that the search
    began in, as the user named it."""

    file: str
    root: str = ""
    airflow: Literal["2.11", "3"] | str
    dags: tuple[RawDag, ...] = ()
    findings: tuple[Finding, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    asked: tuple[RawAsked, ...] = ()
    seconds: float = 0.0
    blocked: tuple[Json, ...] = ()
