"""Where a construct stands: in the legacy sources by the origins that reading kept, in the project by what prefect_reader finds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall, Shell, Wait
from workbook_lib.model.function import Function
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.teaching._snippets import Place

if TYPE_CHECKING:
    from workbook_lib.prefect_reader import FlowProgram, Region

INTERVAL = frozenset({"logical_date", "interval_start", "interval_end"})
Test = Callable[[e.Expr], bool]


def is_output(part: e.Expr) -> bool:
    """Another task's result."""
    return isinstance(part, e.TaskOutput)


def is_interval(part: e.Expr) -> bool:
    """A date of the run."""
    return isinstance(part, e.Context) and part.name in INTERVAL


def holds(value: e.Expr | None, test: Test) -> bool:
    """Whether a part of an expression passes."""
    return value is not None and any(test(part) for part in e.walk(value))


def functions(task: Task) -> Iterator[Function]:
    """The functions that a task runs."""
    action = task.action.check if isinstance(task.action, Wait) else task.action
    if isinstance(action, PythonCall):
        yield action.function


def uses(task: Task, test: Test) -> Iterator[Place]:
    """Where a task is given, or fetches, what passes `test`."""
    named = {name for name, value in task.arguments if holds(value, test)}
    if isinstance(task.action, Shell) and holds(task.action.command, test):
        named |= {name for name, _ in task.arguments if name.endswith("command")}
    yield from ((source.file, source.line) for source in task.argument_sources if source.name in named and source.file)
    for function in functions(task):
        for span in function.spans:
            if function.origin is not None and holds(span.value, test):
                yield function.origin.file, function.origin.line + function.source.count("\n", 0, span.start)
    if isinstance(task.action, PythonCall) and any(holds(value, test) for _, value in task.action.arguments):
        origin = task.action.function.origin
        if origin is not None and not named:
            yield origin.file, origin.line


def _origin(task: Task) -> Iterator[Place]:
    if task.origin is not None:
        yield task.origin.file, task.origin.line


def _argument(task: Task, *names: str) -> Iterator[Place]:
    found = [(source.file, source.line) for source in task.argument_sources if source.name in names and source.file]
    yield from found or _origin(task)


def _defined(task: Task) -> Iterator[Place]:
    yield from ((one.origin.file, one.origin.line) for one in functions(task) if one.origin is not None)
    yield from _origin(task)


def _callbacks(workflow: Workflow) -> Iterator[Place]:
    every = [*workflow.callbacks, *(callback for task in workflow.tasks for callback in task.callbacks)]
    yield from ((function.origin.file, function.origin.line) for _, function in every if function.origin is not None)


# Per construct: the tasks that use it, and where the legacy sources say so.
TASKS: dict[str, Callable[[Workflow], Iterable[Task]]] = {
    "dependencies": lambda w: [task for task in w.tasks if w.upstream(task.id)],
    "trigger_rules": lambda w: [task for task in w.tasks if task.join_rule is not JoinRule.ALL_SUCCESS],
    "xcom": lambda w: [task for task in w.tasks if any(holds(value, is_output) for value in _values(task))],
    "branch": lambda w: [task for task in w.tasks if task.steers],
    "mapping": lambda w: [task for task in w.tasks if task.mapping is not None],
    "data_interval": lambda w: [task for task in w.tasks if any(holds(value, is_interval) for value in _values(task))],
    "retries": lambda w: [task for task in w.tasks if task.retry.retries],
    "groups": lambda w: [task for task in w.tasks if task.group is not None],
    "sensors": lambda w: [task for task in w.tasks if isinstance(task.action, Wait)],
    "callbacks": lambda w: [task for task in w.tasks if task.callbacks],
    "setup_teardown": lambda w: [task for task in w.tasks if task.setup or task.teardown],
    "pools": lambda w: [task for task in w.tasks if task.pool not in (None, "default_pool")],
}


def _values(task: Task) -> Iterator[e.Expr | None]:
    yield from (value for _, value in task.arguments)
    if isinstance(task.action, PythonCall):
        yield from (value for _, value in task.action.arguments)
    yield from (span.value for function in functions(task) for span in function.spans)
    yield getattr(task.action, "command", None)


_LEGACY: dict[str, Callable[[Task], Iterator[Place]]] = {
    "trigger_rules": lambda task: _argument(task, "trigger_rule"),
    "xcom": lambda task: uses(task, is_output),
    "branch": _defined,
    "mapping": _origin,
    "data_interval": lambda task: uses(task, is_interval),
    "retries": lambda task: _argument(task, "retries", "retry_delay"),
    "sensors": _origin,
    "setup_teardown": _origin,
    "pools": lambda task: _argument(task, "pool", "pool_slots"),
}


def legacy(key: str, workflow: Workflow) -> list[Place]:
    """The legacy lines of a construct, each once."""
    if key == "dependencies":
        found: Iterable[Place] = ((edge.origin.file, edge.origin.line) for edge in workflow.edges if edge.origin is not None)
    elif key == "groups":
        found = ((group.origin.file, group.origin.line) for group in workflow.groups if group.origin is not None)
    elif key == "callbacks":
        found = _callbacks(workflow)
    else:
        found = (place for task in TASKS[key](workflow) for place in [*_LEGACY[key](task)] or _origin(task))
    return list(dict.fromkeys(found))


def generated(key: str, workflow: Workflow, program: FlowProgram, text: str, flow: str, date: str) -> list[int]:
    """The lines of the flow's file that stand for a construct, each once; `date` is the flow's parameter for the logical date."""
    nodes = [program.tasks[task.id] for task in TASKS[key](workflow) if task.id in program.tasks]
    lines = [node.line for node in nodes]
    tree = ast.parse(text)
    if key == "retries":
        lines = list(_decorations(tree, {node.function for node in nodes}))
    elif key == "callbacks":
        lines = list(_decorations(tree, {node.function for node in nodes} | ({flow} if workflow.callbacks else set())))
    elif key == "data_interval":
        lines = [*_assigned(tree, date), *lines]
    elif key == "branch":
        lines += _heads(program.region, "if")
    elif key == "trigger_rules":
        lines = [*_heads(program.region, "try"), *lines]
    return list(dict.fromkeys(lines))


def _heads(region: Region, kind: str) -> list[int]:
    """The first lines of the conditions or attempts in the flow."""
    return [part.line for part in region.walk() if part.kind == kind]


def _decorations(tree: ast.Module, names: set[str]) -> Iterator[int]:
    """The decorators of functions, and the constants that these take."""
    constants = {target.id: node.lineno for node in tree.body if isinstance(node, ast.Assign) for target in node.targets
                 if isinstance(target, ast.Name)}  # fmt: skip
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
            for decorator in node.decorator_list:
                inside = {name.id for name in ast.walk(decorator) if isinstance(name, ast.Name)}
                yield from (constants[name] for name in inside & set(constants))
                yield decorator.lineno


def _assigned(tree: ast.Module, name: str) -> Iterator[int]:
    """Where the flow works out the date that it runs for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            yield node.lineno
