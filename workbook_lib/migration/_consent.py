"""What a run really executes, for a person to agree to before it happens: all of it, commands as they were written."""

from __future__ import annotations

from pathlib import Path

from workbook_lib.model.action import Action, Nothing, Opaque, PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.expr import Call, Constant, Expr, Format, Template, Unknown
from workbook_lib.model.run import Scenario
from workbook_lib.model.workflow import Task, Workflow


def listing(workflow: Workflow, scenario: Scenario, legacy: Path) -> list[str]:
    """One text per thing that a run in `scenario` executes; a rehearsal executes no task's body. Files are named below `legacy`."""
    head = [f"the definition {_place(workflow.origin.file, legacy)}, imported as a program"]
    if scenario.kind == "rehearsal":
        return head
    lines = [f"{task.id}: {_said(task.action, task, legacy)}" for task in workflow.tasks if not isinstance(task.action, Nothing)]
    callbacks = [(task.id, *callback) for task in workflow.tasks for callback in task.callbacks]
    callbacks += [("the workflow", *callback) for callback in workflow.callbacks]
    return head + lines + [f"{who}: on {event}, the Python function {function.name}" for who, event, function in callbacks]


def _said(action: Action, task: Task, legacy: Path) -> str:
    if isinstance(action, PythonCall):
        origin = action.function.origin
        return f"the Python function {action.function.name}" + (f" ({_place(origin.file, legacy)}:{origin.line})" if origin else "")
    if isinstance(action, Shell):
        return f"the shell command {_command(action, task)}"
    if isinstance(action, Wait):
        return f"waits for a {action.on}" + (f", asking {_said(action.check, task, legacy)}" if action.check else "")
    if isinstance(action, StartWorkflow):
        return f"starts the workflow {_text(action.workflow)}"
    if isinstance(action, Opaque):
        given = "".join(f"\n{name} = {_text(value)}" for name, value in task.arguments)
        return f"what the operator {task.operator} does in the legacy engine, and what your flow has in its place; its arguments:{given}"
    return action.kind


def _place(file: str, legacy: Path) -> str:
    return Path(file).relative_to(legacy).as_posix() if Path(file).is_relative_to(legacy) else file


def _command(action: Shell, task: Task) -> str:
    """The command as the source has it, templates included; else as it was understood."""
    if action.build is not None:
        return f"that the Python function {action.build.function.name} returns"
    written = next((value for name, value in task.arguments if name.endswith("command")), action.command)
    return _text(written).strip()


def _text(expr: Expr) -> str:
    """An expression as a person reads it; what is only known when it runs stands in braces."""
    if isinstance(expr, Constant):
        return str(expr.value)
    if isinstance(expr, Format):
        return "".join(_text(part) for part in expr.parts)
    if isinstance(expr, Template | Unknown):
        return expr.source
    if isinstance(expr, Call):
        return "{" + f"{expr.function}({', '.join(_text(part) for part in expr.args)})" + "}"
    return "{" + str(getattr(expr, "name", None) or getattr(expr, "task", None) or expr.kind) + "}"
