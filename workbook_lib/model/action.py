"""What a task does, in terms that belong to no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from workbook_lib.model._base import Frozen
from workbook_lib.model.expr import Call, Expr
from workbook_lib.model.function import Function


class PythonCall(Frozen):
    """Call a Python function.

    `arguments` binds every remaining parameter of the function by name, in the order of the signature; a var-positional
    parameter `*x` is bound under `x` to a list, a var-keyword parameter `**x` to a dict; a parameter with a default may stay unbound.
    `several_outputs`: a returned dict is also handed over key by key. `returns` none: what it returns is not handed over at all.
    `isolation` tells that the legacy engine ran it in an interpreter of its own.
    """

    kind: Literal["python"] = "python"
    function: Function
    arguments: tuple[tuple[str, Expr], ...] = ()
    several_outputs: bool = False
    returns: Literal["value", "none"] = "value"
    isolation: Literal["none", "virtualenv", "external", "container"] = "none"
    packages: tuple[str, ...] = ()


class Shell(Frozen):
    """Run `command` with bash. The result is the last line of its standard output, unless `returns` is none.

    With `build` the command is the text that this Python call returns, and `command` is an empty constant. `environment` is
    added to the process's own (or replaces it when `inherit` is false). An exit status in `skip_on` skips. With `output` the result is
    what this call makes of the last line, which it is given as `Element("output")`. `after` is called with the same once the command has
    succeeded; what it returns is nobody's. `several_outputs`: a result that is a dict is also handed over key by key.
    `pushes` are values that it hands over by name besides.
    """

    kind: Literal["shell"] = "shell"
    command: Expr
    build: PythonCall | None = None
    environment: Expr | None = None
    inherit: bool = True
    directory: Expr | None = None
    skip_on: tuple[int, ...] = (99,)
    returns: Literal["last_line", "none"] = "last_line"
    output: Annotated[PythonCall | Call, Field(discriminator="kind")] | None = None
    after: PythonCall | None = None
    several_outputs: bool = False
    pushes: tuple[tuple[str, Expr], ...] = ()


class Wait(Frozen):
    """Wait until a condition holds: a check that is asked again every `interval_seconds`, or a moment.

    `on` says what: python (call `check`, true or not), shell (exit status 0), file (`target`: a path or pattern that must exist),
    moment (`target`: a datetime, or its ISO text), clock (`target`: the ISO text of a time of day in `timezone`), duration (`target`:
    seconds after the end of the data interval), workflow (`workflow`: another workflow's run for the same logical date, less
    `behind_seconds`, or for the date or dates that the call `dates` returns; of it the `tasks`, or those of a `group`). After
    `timeout_seconds` the wait fails and is not tried again, or skips when `soft`.
    `hands_over`: the Python check returns a pair (true or not, value), and the value is the task's result. `tells`: the result is true
    when it need not wait at all. `grows`: the pauses double, up to `longest_seconds`. `on_error`: an error of the check ends the wait
    ("raise"), counts as no ("again") or skips. `again_on`: of a shell check, the only exit status that means "not yet".
    `succeeds_on`, `fails_on`, `skips_on`: states of the other workflow or its tasks that end the wait.
    """

    kind: Literal["wait"] = "wait"
    on: Literal["python", "shell", "file", "moment", "clock", "duration", "workflow"]
    check: PythonCall | Shell | None = None
    target: Expr | None = None
    timezone: str = "UTC"
    workflow: str | None = None
    task: str | None = None
    tasks: tuple[str, ...] = ()
    group: str | None = None
    behind_seconds: float = 0.0
    dates: PythonCall | None = None
    succeeds_on: tuple[str, ...] = ("success",)
    fails_on: tuple[str, ...] = ()
    skips_on: tuple[str, ...] = ()
    hands_over: bool = False
    tells: bool = False
    interval_seconds: float = 60.0
    grows: bool = False
    longest_seconds: float | None = None
    timeout_seconds: float | None = None
    soft: bool = False
    on_error: Literal["raise", "again", "skip"] = "raise"
    again_on: int | None = None
    holds_slot: bool = True


class StartWorkflow(Frozen):
    """Start a run of another workflow with `parameters`, for `logical_date` where one is given, and wait for its end when `wait`.

    `any_end`: it is content with any end of the run that it waits for; else one that does not succeed makes it fail.
    """

    kind: Literal["start_workflow"] = "start_workflow"
    workflow: Expr
    parameters: Expr | None = None
    logical_date: Expr | None = None
    wait: bool = False
    any_end: bool = False
    interval_seconds: float = 60.0


class Nothing(Frozen):
    """Does nothing; it joins or names a point in the graph."""

    kind: Literal["nothing"] = "nothing"


class Opaque(Frozen):
    """Something that no rule knows: it becomes a placeholder that names `missing`. `family` sorts it for the assessment."""

    kind: Literal["opaque"] = "opaque"
    family: Literal[
        "python", "shell", "sql", "http", "container", "storage", "warehouse", "wait", "branch", "workflow", "notify", "mapping", "other"
    ] = "other"
    missing: str


Action = Annotated[PythonCall | Shell | Wait | StartWorkflow | Nothing | Opaque, Field(discriminator="kind")]
