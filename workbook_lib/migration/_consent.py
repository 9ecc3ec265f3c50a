"""What a run really executes, for a person to agree to before it happens."""

from __future__ import annotations

from workbook_lib.model.action import Action, Nothing, Opaque, PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.expr import Constant, Expr, Format
from workbook_lib.model.run import Scenario
from workbook_lib.model.workflow import Workflow


def listing(workflow: Workflow, scenario: Scenario) -> list[str]:
    """One line per thing that a run in `scenario` executes; a rehearsal executes no task's body."""
    head = [f"the definition {workflow.origin.file}, imported as a program"]
    if scenario.kind == "rehearsal":
        return head
    lines = [f"{task.id}: {_said(task.action)}" for task in workflow.tasks if not isinstance(task.action, Nothing)]
    callbacks = [(task.id, *callback) for task in workflow.tasks for callback in task.callbacks]
    callbacks += [("the workflow", *callback) for callback in workflow.callbacks]
    return head + lines + [f"{who}: on {event}, the Python function {function.name}" for who, event, function in callbacks]


def _said(action: Action) -> str:
    if isinstance(action, PythonCall):
        origin = action.function.origin
        return f"the Python function {action.function.name}" + (f" ({origin.file}:{origin.line})" if origin else "")
    if isinstance(action, Shell):
        return f"the shell command {_one_line(_text(action.command))}"
    if isinstance(action, Wait):
        return f"waits for a {action.on}" + (f", asking {_said(action.check)}" if action.check else "")
    if isinstance(action, StartWorkflow):
        return f"starts the workflow {_text(action.workflow)}"
    if isinstance(action, Opaque):
        return f"whatever {action.missing} does in the legacy engine; in Prefect it fails as a placeholder"
    return action.kind


def _text(expr: Expr) -> str:
    """An expression as a person reads it; what is only known when it runs stands in braces."""
    if isinstance(expr, Constant):
        return str(expr.value)
    if isinstance(expr, Format):
        return "".join(_text(part) for part in expr.parts)
    return "{" + str(getattr(expr, "name", None) or getattr(expr, "task", None) or expr.kind) + "}"


def _one_line(text: str, limit: int = 100) -> str:
    words = " ".join(text.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"
