"""Which tasks share one function, what it is called, and how its runs get their names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.flow._printer import Called
from workbook_lib.prefect_writer.python._expr import literal
from workbook_lib.prefect_writer.python._names import Names, identifier
from workbook_lib.prefect_writer.tasks._code import TaskCode, is_default


@dataclass(frozen=True)
class Written:
    """A task function to print: its name, its decorator's settings, and its code."""

    name: str
    settings: dict[str, str]
    code: TaskCode


def grouped(plan: Plan) -> list[list[TaskCode]]:
    """Tasks whose functions are the same text share one function; the order is that of the first."""
    groups: dict[tuple[object, ...], list[TaskCode]] = {}
    for task in plan.workflow.tasks:
        code = plan.code[task.id]
        signature = tuple((p.name, p.annotation, repr(p.value) if is_default(p) else "") for p in code.parameters)
        hooked = _hooked(plan, task)
        key: tuple[object, ...] = (
            (code.marker, task.retry, task.timeout_seconds, hooked)
            if code.marker
            else (
                signature,
                code.mapped,
                code.body,
                code.returns,
                code.doc,
                task.retry,
                task.timeout_seconds,
                code.reason,
                _function_of(task),
                hooked,
            )
        )
        groups.setdefault(key, []).append(code)
    return list(groups.values())


def _hooked(plan: Plan, task: Task) -> tuple[object, ...]:
    """What the task's hooks are made of: its callbacks, and the assets that it updates."""
    callbacks = tuple((event, function.source, repr(function.parameters)) for event, function in task.callbacks)
    return callbacks, tuple(link.target for link in plan.workflow.links if link.kind == "produces" and link.task == task.id)


def _function_of(task: Task) -> str:
    return task.action.function.name if task.action.kind == "python" else ""


def functions(groups: list[list[TaskCode]], names: Names) -> tuple[dict[str, Called], list[Written]]:
    """How each task is called, and the functions to print."""
    called: dict[str, Called] = {}
    headers: list[Written] = []
    for group in groups:
        first = group[0]
        if first.marker:
            name = names.take("marker") if any(one.name == "marker" for one in headers) else "marker"
            headers.append(Written(name, {"task_run_name": '"{name}"'}, first))
            for code in group:
                called[code.task.id] = Called(name, code.task.id)
            continue
        wish = first.wish if len(group) == 1 else _function_of(first.task) or _common(group)
        name = names.take(_free(wish, names, [one.name for one in headers]))
        if len(group) == 1:
            settings = {} if name == first.task.id else {"name": literal(first.task.id)}
            called[first.task.id] = Called(name)
        else:
            template = _run_name_template(group)
            settings = {"task_run_name": literal(template)} if template else {}
            for code in group:
                called[code.task.id] = Called(name, None if template or code.task.id == name else code.task.id)
        headers.append(Written(name, settings, first))
    return called, headers


def _free(wish: str, names: Names, others: list[str]) -> str:
    """The name, or what tells the task from something else of that name: the flow, a parameter, a helper; functions are numbered."""
    plain = identifier(wish)
    return wish if names.free(plain) or plain in others else f"{plain}_task"


def _common(group: list[TaskCode]) -> str:
    """The name that tasks of several groups bear inside of their groups, when it is the same; else the first one's."""
    inside = {code.task.id.rpartition(".")[2] for code in group}
    return inside.pop() if len(inside) == 1 and group[0].wish == group[0].task.id else group[0].wish


def _run_name_template(group: list[TaskCode]) -> str | None:
    """`extract_{region}`, when one parameter's constants make up the ids; else None."""
    for parameter in group[0].parameters:
        values = []
        for code in group:
            value = next((p.value for p in code.parameters if p.name == parameter.name), None)
            values.append(str(value.value) if isinstance(value, e.Constant) and isinstance(value.value, str | int) else None)
        if None in values or len(set(values)) != len(values):
            continue
        for template in _templates(group[0].task.id, str(values[0]), parameter.name):
            if all(template.format(**{parameter.name: value}) == code.task.id for value, code in zip(values, group, strict=True)):
                return template
    return None


def _templates(task_id: str, value: str, name: str) -> list[str]:
    if not value or "{" in task_id or "}" in task_id:
        return []
    starts = [match.start() for match in re.finditer(re.escape(value), task_id)]
    return [f"{task_id[:at]}{{{name}}}{task_id[at + len(value) :]}" for at in starts]
