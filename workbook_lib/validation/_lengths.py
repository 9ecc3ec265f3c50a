"""Which tasks' outputs decide how often a mapped task runs, and scripted values of a chosen length for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.action import PythonCall, Shell, Wait
from workbook_lib.model.expr import Constant, Element, Expr, Index, TaskOutput, children, walk
from workbook_lib.model.workflow import Mapping, Task, Workflow

STANDARD = 2  # elements, where a scenario does not ask for another length


class Shape(Frozen):
    """What a scripted value must look like: a list, found under each of `keys` when there are any.

    `fields` are the names of the arguments when the elements are records (dicts of arguments); empty for plain elements.
    """

    keys: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    records: bool = False


def deciders(workflow: Workflow) -> dict[str, Shape]:
    """The shape of the value of each task whose output (not itself one of many instances' outputs) is mapped over."""
    shapes: dict[str, Shape] = {}
    mapped = {task.id for task in workflow.tasks if task.mapping is not None}
    for mapping, tasks in _mappings(workflow):
        for _, over in mapping.over:
            for output, keys in _outputs(over):
                if output.mapped or output.task in mapped:
                    continue  # as many elements as the upstream task has instances
                old = shapes.get(output.task, Shape())
                records = mapping.form == "records" or old.records
                fields = tuple(dict.fromkeys((*old.fields, *(_fields(tasks) if mapping.form == "records" else ()))))
                shapes[output.task] = Shape(keys=tuple(dict.fromkeys((*old.keys, *keys))), fields=fields, records=records)
    return shapes


def scripted(task_id: str, shape: Shape, length: int) -> Json:
    """A value of that shape with `length` elements; its texts name the task and the position, so that they can be told apart."""
    elements: list[Json] = [
        {name: f"{task_id} {number} {name}" for name in shape.fields} if shape.records else f"{task_id} {number}"
        for number in range(1, length + 1)
    ]
    return {key: elements for key in shape.keys} if shape.keys else elements


def _mappings(workflow: Workflow) -> Iterator[tuple[Mapping, tuple[Task, ...]]]:
    for task in workflow.tasks:
        if task.mapping is not None:
            yield task.mapping, (task,)
    for group in workflow.groups:
        if group.mapping is not None:
            yield group.mapping, tuple(task for task in workflow.tasks if task.group == group.id)


def _outputs(expr: Expr) -> Iterator[tuple[TaskOutput, tuple[str, ...]]]:
    """Each task output inside of `expr`, with the key under which its list is looked up."""
    if isinstance(expr, Index) and isinstance(expr.base, TaskOutput):
        key = (str(expr.key.value),) if isinstance(expr.key, Constant) else ()
        yield expr.base, key
        return
    if isinstance(expr, TaskOutput):
        yield expr, () if expr.key == "return_value" else (expr.key,)
    for child in children(expr):
        yield from _outputs(child)


def _fields(tasks: Iterable[Task]) -> tuple[str, ...]:
    """The argument names that records have to carry: those that the tasks take from their element."""
    found: dict[str, None] = {}
    for task in tasks:
        for expr in _expressions(task):
            found |= {part.name: None for part in walk(expr) if isinstance(part, Element) and part.name}
    return tuple(found)


def _expressions(task: Task) -> Iterator[Expr]:
    yield from (value for _, value in task.arguments)
    action = task.action.check if isinstance(task.action, Wait) else task.action
    if isinstance(action, PythonCall):
        yield from (value for _, value in action.arguments)
    if isinstance(action, Shell):
        yield from (part for part in (action.command, action.environment, action.directory) if part is not None)
