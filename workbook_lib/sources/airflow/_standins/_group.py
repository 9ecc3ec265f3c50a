"""Task groups: prefixes, nesting, their first and last tasks, `@task_group`, mapped groups."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from workbook_lib.sources.airflow._standins._operator import AirflowException, BaseOperator, DuplicateTaskIdFound, refusal
from workbook_lib.sources.airflow._standins._relations import Dependent
from workbook_lib.sources.airflow._standins._sources import Call, positional
from workbook_lib.sources.airflow._standins._state import SESSION
from workbook_lib.sources.airflow._standins._xcom import MappedArgument, needed
from workbook_lib.sources.tracing._stack import trail
from workbook_lib.sources.tracing._symbols import name_text


class TaskGroup(Dependent):
    """As in Airflow. `mapping` is set for a group that runs once per element."""

    def __init__(
        self,
        group_id: Any = None,
        prefix_group_id: bool = True,
        parent_group: Any = None,
        dag: Any = None,
        default_args: Any = None,
        tooltip: str = "",
        ui_color: str = "",
        ui_fgcolor: str = "",
        add_suffix_on_collision: bool = False,
        group_display_name: str = "",
    ) -> None:
        self.prefix_group_id, self.tooltip = prefix_group_id, tooltip
        self.children: dict[str, Any] = {}
        self._before: list[Any] = []  # tasks that it was put behind
        self.mapping: Any = None
        self._own_id = None if group_id is None else name_text(group_id, "a group id")
        self.given_id = group_id
        self.dag = dag or (SESSION.dag_stack[-1] if SESSION.dag_stack else None)
        self.task_group: TaskGroup | None = None
        self.default_args = dict(default_args or {})
        self._trail = trail(self)
        self._calls: list[Call] = [(self._trail, positional(TaskGroup.__init__, 1))]
        if group_id is None:
            self.used: set[str] = set()
            return
        if parent_group is None:
            if SESSION.group_stack and (self.dag is None or SESSION.group_stack[-1].dag is self.dag):
                parent_group = SESSION.group_stack[-1]
            elif self.dag is not None:
                parent_group = self.dag.task_group
        if parent_group is None:
            raise AirflowException("TaskGroup can only be used inside a dag")
        self.dag = self.dag or parent_group.dag
        self.task_group = parent_group
        self.used = parent_group.used
        self._avoid_collision(add_suffix_on_collision)
        self.default_args = {**parent_group.default_args, **self.default_args}
        self.used.add(self.group_id)
        parent_group.children[self.group_id] = self

    def _avoid_collision(self, suffix: bool) -> None:
        own = str(self._own_id)
        if own not in self.used and self.group_id not in self.used:
            return
        if not suffix:
            if self.group_id in self.used:
                parent_dag = getattr(self.dag, "dag_id", "")
                message = f"the group id {self.group_id!r} is taken in the DAG {parent_dag!r}"
                raise refusal("duplicate_group", message, "Give each group an id of its own.", DuplicateTaskIdFound)
            return
        base = re.sub(r"__\d+$", "", own)
        pattern = re.compile(rf"^(?:.*\.)?{re.escape(base)}__(\d+)$")
        taken = [int(found.group(1)) for found in map(pattern.match, self.used) if found]
        self._own_id = f"{base}__{max(taken, default=0) + 1}"

    @classmethod
    def create_root(cls, dag: Any) -> TaskGroup:
        """The group that a DAG is."""
        return cls(None, dag=dag)

    @property
    def origin(self) -> dict[str, Any]:
        """Where it was made, in the form of `Origin`."""
        return self._trail.origin

    @property
    def is_root(self) -> bool:
        return self._own_id is None

    @property
    def group_id(self) -> Any:
        if self._own_id is None or self.task_group is None:
            return self._own_id
        return self.task_group.child_id(self._own_id)

    node_id = group_id

    @property
    def label(self) -> Any:
        return self._own_id

    @property
    def parent_group(self) -> Any:
        return self.task_group

    def child_id(self, label: str) -> str:
        """The id of something in this group."""
        if self.prefix_group_id and self.group_id:
            return f"{self.group_id}.{label}"
        return label

    def add(self, node: Any) -> Any:
        """Take in a task (groups register themselves)."""
        old = getattr(node, "task_group", None)
        if old is not None and old is not self:
            old.children.pop(node.node_id, None)
        if isinstance(node, BaseOperator):
            object.__setattr__(node, "task_group", self)
            self.children[node.task_id] = node
        else:
            node.task_group = self
            self.children[str(node.group_id)] = node
        return node

    def __iter__(self) -> Iterator[Any]:
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def has_task(self, task: Any) -> bool:
        return any(child is task for child in self)

    def get_child_by_label(self, label: str) -> Any:
        return self.children[self.child_id(label)]

    def get_task_group_dict(self) -> dict[Any, TaskGroup]:
        found: dict[Any, TaskGroup] = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def starts(self) -> list[Any]:
        inside = list(self)
        return [task for task in inside if not any(up in inside for up in task.upstream_list)]

    def ends(self) -> list[Any]:
        """The last tasks; a teardown does not hold up what follows the group, the work before it does."""
        inside = list(self)
        result: dict[Any, None] = {}

        def has_other_work_below(task: Any, apart_from: Any) -> bool:
            return any(down in inside and down is not apart_from and not down.is_teardown for down in task.downstream_list)

        def before(teardown: Any) -> Iterator[Any]:
            for up in teardown.upstream_list:
                if up not in inside or (teardown.is_teardown and up.is_setup):
                    continue
                if up.is_teardown:
                    yield from before(up)
                elif not has_other_work_below(up, teardown):
                    yield up

        for task in inside:
            if not any(down in inside for down in task.downstream_list):
                result.update(dict.fromkeys(before(task) if task.is_teardown else [task]))
        return list(result)

    get_roots = starts
    get_leaves = ends

    def meets(self, other: Any, upstream: bool, label: str | None = None) -> None:
        if upstream and not isinstance(other, TaskGroup):
            self._before += [task for task in other.starts() if isinstance(task, BaseOperator)]

    def relate(self, others: Any, upstream: bool, label: str | None = None) -> None:
        """As in Airflow; from 3.0 on, what follows a group without tasks follows what stands before it, or around it."""
        if upstream or not SESSION.is_3 or any(True for _ in self):
            super().relate(others, upstream, label)
            return
        around: TaskGroup | None = self
        while around is not None and not around.ends() and not around._before:
            around = around.task_group
        for own in (around.ends() or around._before) if around is not None else ():
            own.relate(others, upstream, label)

    def __enter__(self) -> TaskGroup:
        SESSION.group_stack.append(self)
        return self

    def __exit__(self, *args: Any) -> None:
        SESSION.group_stack.pop()

    def as_setup(self) -> TaskGroup:
        for task in self:
            task.is_setup = True
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: Any = None) -> TaskGroup:
        for task in self:
            task.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"

    def __deepcopy__(self, memo: Any) -> TaskGroup:
        return self


MappedTaskGroup = TaskGroup


class GroupFactory:
    """What `@task_group` makes of a function; calling it makes a group."""

    def __init__(self, function: Callable[..., Any], settings: dict[str, Any], partial: dict[str, Any] | None = None) -> None:
        self.function, self.settings, self.fixed = function, settings, partial or {}
        self._decorated = trail()
        functools.update_wrapper(self, function)

    def _make(self, args: tuple[Any, ...], kwargs: dict[str, Any], mapping: Any = None) -> Any:
        settings = {
            "group_id": self.function.__name__,
            "add_suffix_on_collision": True,
            "tooltip": inspect.getdoc(self.function) or "",
            **self.settings,
        }
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        with TaskGroup(**settings) as group:
            group.mapping = mapping
            group._calls = [(self._decorated, ()), (group._trail, positional(self.function))]
            result = self.function(*bound.args, **bound.kwargs)
        if mapping is not None:
            for task in needed(mapping[1]):
                group.relate(task, True)
        # What the function returns stands for the group, mapped or not; a dict or a list of outputs is handed on as it is.
        return group if result is None else result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._make(args, kwargs)

    def override(self, **settings: Any) -> GroupFactory:
        """As in Airflow."""
        return GroupFactory(self.function, {**self.settings, **settings}, self.fixed)

    def partial(self, **kwargs: Any) -> GroupFactory:
        """As in Airflow."""
        return GroupFactory(self.function, self.settings, {**self.fixed, **kwargs})

    def expand(self, **kwargs: Any) -> Any:
        """As in Airflow."""
        elements = {name: MappedArgument(name, value) for name, value in kwargs.items()}
        return self._make((), {**self.fixed, **elements}, ("product", kwargs))

    def expand_kwargs(self, values: Any) -> Any:
        """As in Airflow."""
        names = [name for name in inspect.signature(self.function).parameters if name not in self.fixed]
        elements = {name: MappedArgument(name, values) for name in names}
        return self._make((), {**self.fixed, **elements}, ("records", {"": values}))


def task_group(group_id: Any = None, **settings: Any) -> Any:
    """As in Airflow."""
    if callable(group_id):
        return GroupFactory(group_id, settings)
    if group_id is not None:
        settings["group_id"] = group_id
    return lambda function: GroupFactory(function, settings)
