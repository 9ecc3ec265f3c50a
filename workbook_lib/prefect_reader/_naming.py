"""Which legacy task a task run stands for: by its name, as Prefect would build it."""

from __future__ import annotations

import ast
import string
from collections.abc import Mapping
from typing import Any

from workbook_lib.prefect_reader._values import Declared, Marked, abstract_in


def template(task: Declared) -> Any:
    """`task_run_name`, else the task's own name."""
    given = task.options.get("task_run_name")
    return task.name if given is None else given


def fields(task: Declared) -> frozenset[str]:
    """The parameters that a task run's name is made of."""
    text = template(task)
    if not isinstance(text, str) or task.options.get("task_run_name") is None:
        return frozenset()
    try:
        found = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    except ValueError:
        return frozenset()
    return frozenset(name.partition(".")[0].partition("[")[0] for name in found)


def run_name(task: Declared, bound: Mapping[str, Any]) -> str | None:
    """The name of a run with these arguments; None when only a run knows it."""
    text = template(task)
    if not isinstance(text, str):
        return None
    if task.options.get("task_run_name") is None:
        return text
    needed = fields(task)
    values = {name: bound.get(name, default(task, name)) for name in needed}
    if any(abstract_in(value) for value in values.values()):
        return None
    try:
        return text.format(**values)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return None


def default(task: Declared, name: str) -> Any:
    """The default of a parameter where it is a literal; else a mark that it is unknown."""
    missing = Marked("missing", None)
    if task.node is None:
        return missing
    spec = task.node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    pairs = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
    pairs |= {arg.arg: node for arg, node in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if node is not None}
    try:
        return ast.literal_eval(pairs[name])
    except (KeyError, ValueError):
        return missing


class Table:
    """Legacy ids by the task run names that stand for them."""

    def __init__(self, task_names: Mapping[str, str]) -> None:
        self.ids = {name: task_id for task_id, name in task_names.items()}

    def id_of(self, name: str) -> tuple[str, bool]:
        """The legacy id of a run's name, and whether the table knows it."""
        return (self.ids[name], True) if name in self.ids else (name, False)
