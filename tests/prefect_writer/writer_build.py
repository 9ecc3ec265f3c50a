"""Small builders for workflows of the model, so that a test shows only what it is about."""

from __future__ import annotations

from workbook_lib.model.action import Nothing, PythonCall, Shell
from workbook_lib.model.expr import Call, Constant, Context, Expr, Format, TaskOutput
from workbook_lib.model.function import Argument, Function, Origin, Span
from workbook_lib.model.workflow import Edge, Task, Workflow

DS = Call(function="format_date", args=(Context(name="logical_date"), Constant(value="%Y-%m-%d")))


def text(*parts: str | Expr) -> Format:
    """A text of constants and expressions."""
    return Format(parts=tuple(Constant(value=part) if isinstance(part, str) else part for part in parts))


def shell(task_id: str, *command: str | Expr, **fields: object) -> Task:
    """A task that runs a shell command."""
    return Task(id=task_id, operator="BashOperator", action=Shell(command=text(*command)), **fields)


def nothing(task_id: str, **fields: object) -> Task:
    """A task that does nothing."""
    return Task(id=task_id, operator="EmptyOperator", action=Nothing(), **fields)


def function(source: str, *, marks: dict[str, Span] | None = None, uses: tuple[str, ...] = ()) -> Function:
    """A function; `marks` maps pieces of its text to spans whose offsets are filled in."""
    name = source.split("def ", 1)[1].split("(", 1)[0]
    names = [part.strip() for part in source.split("(", 1)[1].split(")", 1)[0].split(",") if part.strip()]
    spans = tuple(
        span.model_copy(update={"start": source.index(piece), "end": source.index(piece) + len(piece)})
        for piece, span in (marks or {}).items()
    )
    skips = any(span.kind == "skip" for span in spans)
    return Function(
        name=name,
        source=source,
        header_end=source.index(":\n") + 1,
        parameters=tuple(Argument(name=n) for n in names if n != "ti"),
        spans=spans,
        uses=uses,
        may_skip=skips,
    )


def python(task_id: str, code: Function, *, arguments: dict[str, Expr] | None = None, **fields: object) -> Task:
    """A task that calls a function."""
    action = PythonCall(function=code, arguments=tuple((arguments or {}).items()))
    return Task(id=task_id, operator="PythonOperator", action=action, may_skip=code.may_skip, **fields)


def pulled(task_id: str) -> Span:
    """A mark: here another task's result is taken."""
    return Span(start=0, end=0, kind="value", value=TaskOutput(task=task_id))


def workflow(*tasks: Task, edges: str = "", choices: dict[str, tuple[str, ...]] | None = None, **fields: object) -> Workflow:
    """A workflow; `edges` as in "a >> b, b >> c"; `choices` by the target of an edge behind a branch."""
    pairs = [tuple(end.strip() for end in edge.split(">>")) for edge in edges.split(",") if edge.strip()]
    steering = {task.id for task in tasks if task.steers == "branch"}
    made = tuple(Edge(source=s, target=t, choice=(choices or {}).get(t, (t,)) if s in steering else None) for s, t in pairs)
    values: dict[str, object] = {"id": "example", "system": "airflow", "version": "2.11", "origin": Origin(file="dags/example.py", line=1)}
    return Workflow(**(values | fields), tasks=tasks, edges=made)
