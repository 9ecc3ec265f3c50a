"""From a task of the model to the Python function that does what it did."""

from __future__ import annotations

from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.model.action import Nothing, Opaque, PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.python._blocks import inside
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._names import deployment_name
from workbook_lib.prefect_writer.tasks._actions import python_task, shell_task
from workbook_lib.prefect_writer.tasks._code import TaskCode
from workbook_lib.prefect_writer.tasks._scope import Scope
from workbook_lib.prefect_writer.tasks._starts import start_task
from workbook_lib.prefect_writer.tasks._waits import wait_task


def task_code(task: Task, scope: Scope) -> TaskCode:
    """The function for `task`; a placeholder that says why where it cannot be written."""
    try:
        return in_pool(_converted(task, scope))
    except Unprintable as problem:
        return placeholder(task, str(problem))


def in_pool(code: TaskCode) -> TaskCode:
    """The code with its body inside the slots of the task's pool, which is a global concurrency limit."""
    task = code.task
    if task.pool in (None, "default_pool") or code.marker or code.reason is not None:
        return code
    occupy = f", occupy={task.pool_slots}" if task.pool_slots != 1 else ""
    header = f"with concurrency({literal(deployment_name(task.pool or ''))}{occupy}, strict=True):"
    imports = code.imports | {"from prefect.concurrency.sync import concurrency"}
    return replace(code, body=inside(header, code.body), imports=imports)


def placeholder(task: Task, reason: str) -> TaskCode:
    """A function that fails, names what is missing and shows the original arguments."""
    code = _legacy_code(task)
    given = [(name, value) for name, value in task.arguments if not _is_empty(value) and not (code and name == "python_callable")]
    lines = [f"    # {line}" for name, value in given for line in _comment(name, task, value)]
    message = f"{task.id}: {reason}"
    body = "\n".join(["    # The legacy arguments:", *lines] if lines else []) + ("\n" if lines else "")
    body += "".join(f"    {line}\n" for line in code)
    body += f"    raise NotImplementedError({_plain_text(message)})"
    mapped = tuple(name for name, _ in task.mapping.over if name) if task.mapping else ()
    doc = "Still to be written." if isinstance(task.action, PythonCall) else f"{task.operator.lstrip('_')}: still to be written."
    return TaskCode(task, task.id, mapped=mapped, body=body, doc=doc, returns=None, reason=reason)


def _legacy_code(task: Task) -> list[str]:
    """The function that cannot be carried over as it stands, in comments."""
    if not isinstance(task.action, PythonCall) or not task.action.function.source:
        return []
    return ["# The legacy code:", *(f"# {line}".rstrip() for line in task.action.function.source.splitlines())]


def _is_empty(value: e.Expr) -> bool:
    return value in (e.ListOf(), e.DictOf()) or (isinstance(value, e.Constant) and value.value in ([], {}))


def _plain_text(message: str) -> str:
    return literal(" ".join(message.split()))


def _comment(name: str, task: Task, value: e.Expr) -> list[str]:
    source = next((one.text for one in task.argument_sources if one.name == name), None) or _sketch(value)
    first, *rest = f"{name} = {source}".splitlines() or [name]
    return [first, *[f"    {line}" for line in rest]]


def _sketch(value: e.Expr) -> str:
    try:
        return Printer(lambda part: f"<{part.kind}>" if isinstance(part, _OUTSIDE) else None, set()).show(value)
    except Unprintable:
        return f"<{value.kind}>"


_OUTSIDE = (e.TaskOutput, e.Parameter, e.Context, e.Element, e.Reference, e.Callable, e.Unknown, e.Template, e.Connection)


def _converted(task: Task, scope: Scope) -> TaskCode:
    action = task.action
    if isinstance(action, Opaque):
        return placeholder(task, action.missing)
    if isinstance(action, Nothing):
        return TaskCode(task, task.id, marker=True)
    if isinstance(action, PythonCall):
        return python_task(task, action, scope)
    if isinstance(action, Shell):
        return shell_task(task, action, scope)
    if isinstance(action, Wait):
        return wait_task(task, action, scope)
    if isinstance(action, StartWorkflow):
        return start_task(task, action, scope)
    return placeholder(task, f"no rule writes {action.kind} yet")
