"""Setup and teardown: the decorators, and `with` blocks that put work between them.

https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/setup-and-teardown.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workbook_lib.sources.airflow._standins._group import GroupFactory
from workbook_lib.sources.airflow._standins._operator import AirflowException
from workbook_lib.sources.airflow._standins._relations import as_list
from workbook_lib.sources.airflow._standins._state import SESSION


@dataclass
class Block:
    """One open `with`: its setup and teardown tasks and the tasks made inside."""

    setups: list[Any]
    teardowns: list[Any]
    tasks: list[Any] = field(default_factory=list)
    given: str = "setup"


def _reach(tasks: list[Any], wanted: str) -> list[Any]:
    """The nearest teardowns (or setups) connected to some tasks."""
    seen: set[Any] = set(tasks)
    layer = [near for task in tasks for near in (task.downstream_list if wanted == "is_teardown" else task.upstream_list)]
    while layer:
        found = [task for task in dict.fromkeys(layer) if getattr(task, wanted)]
        if found:
            return found
        seen.update(layer)
        layer = [near for task in layer for near in (*task.downstream_list, *task.upstream_list) if near not in seen]
    return []


def enter(tasks: list[Any]) -> None:
    """Open a block for setup or teardown tasks."""
    if all(task.is_teardown for task in tasks):
        SESSION.setup_stack.append(Block(_reach(tasks, "is_setup"), tasks, given="teardown"))
    elif all(task.is_setup for task in tasks):
        SESSION.setup_stack.append(Block(tasks, _reach(tasks, "is_teardown")))
    else:
        raise AirflowException("Only setup/teardown tasks can be used as context managers.")


def leave() -> None:
    """Close the innermost block: setups before its first tasks, teardowns after its last."""
    block: Block = SESSION.setup_stack.pop()
    work = [task for task in block.tasks if not task.is_setup and not task.is_teardown]
    if work:
        first = [task for task in work if not task.upstream_list] or work[:1]
        last = [task for task in work if not task.downstream_list] or work[-1:]
        for task in first:
            for setup in block.setups:
                setup.set_downstream(task)
        for task in last:
            for teardown in block.teardowns:
                teardown.set_upstream(task)
    if SESSION.setup_stack:
        outer = SESSION.setup_stack[-1]
        for inner_setup in block.setups:
            for setup in outer.setups:
                setup.set_downstream(inner_setup)
        for inner_teardown in block.teardowns:
            for teardown in outer.teardowns:
                teardown.set_upstream(inner_teardown)


class ContextWrapper(list[Any]):
    """As in Airflow: several setups or teardowns in one `with`; further tasks can be added."""

    def __init__(self, tasks: Any) -> None:
        super().__init__(getattr(task, "operator", task) if hasattr(task, "_workbook_xcom") else task for task in as_list(tasks))

    def __enter__(self) -> ContextWrapper:
        enter(list(self))
        return self

    def __exit__(self, *args: Any) -> None:
        leave()


def context_wrapper(tasks: Any) -> ContextWrapper:
    """As in Airflow."""
    return ContextWrapper(tasks)


def setup(function: Any = None) -> Any:
    """As in Airflow: `@setup` over a function, a `@task` or a `@task_group`."""
    from workbook_lib.sources.airflow._standins._taskflow import TaskFactory, task

    if function is None:
        return setup
    if isinstance(function, GroupFactory):
        return _GroupMarker(function, lambda group: group.as_setup())
    factory = function if isinstance(function, TaskFactory) else task(function)
    factory.is_setup = True
    return factory


def teardown(function: Any = None, *, on_failure_fail_dagrun: bool = False) -> Any:
    """As in Airflow."""
    from workbook_lib.sources.airflow._standins._taskflow import TaskFactory, task

    def mark(inner: Any) -> Any:
        if isinstance(inner, GroupFactory):
            return _GroupMarker(inner, lambda group: group.as_teardown(on_failure_fail_dagrun=on_failure_fail_dagrun))
        factory = inner if isinstance(inner, TaskFactory) else task(inner)
        factory.is_teardown = True
        factory.fails_run = on_failure_fail_dagrun
        return factory

    return mark if function is None else mark(function)


class _GroupMarker:
    def __init__(self, factory: GroupFactory, mark: Callable[[Any], Any]) -> None:
        self.factory, self.mark = factory, mark

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = self.factory(*args, **kwargs)
        group = made if hasattr(made, "children") else getattr(getattr(made, "operator", made), "task_group", None)
        if group is not None:
            self.mark(group)
        return made
