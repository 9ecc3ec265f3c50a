"""How tasks are put in order: `>>`, `<<`, lists, labels, `chain`, `cross_downstream`.

https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#task-dependencies
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workbook_lib.sources.tracing._inert import Inert, Shapes


def as_list(value: Any) -> list[Any]:
    """One thing or several, as a list."""
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


class Dependent:
    """Whatever can stand beside `>>`. `starts` are the tasks that an upstream leads to, `ends` those that lead on."""

    def starts(self) -> list[Any]:
        raise NotImplementedError

    def ends(self) -> list[Any]:
        raise NotImplementedError

    def meets(self, other: Any, upstream: bool, label: str | None = None) -> None:
        """Told that `other` was put before (`upstream`) or after this; only labels and groups care."""

    def relate(self, others: Any, upstream: bool, label: str | None = None) -> None:
        """Put each of `others` before or after each of the own tasks."""
        for own in self.starts() if upstream else self.ends():
            own.relate(others, upstream, label)

    def set_upstream(self, other: Any, edge_modifier: Any = None) -> None:
        """As in Airflow."""
        self.relate(other, True, getattr(edge_modifier, "label", None))

    def set_downstream(self, other: Any, edge_modifier: Any = None) -> None:
        """As in Airflow."""
        self.relate(other, False, getattr(edge_modifier, "label", None))

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rrshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return self

    @property
    def roots(self) -> list[Any]:
        """As in Airflow."""
        return self.starts()

    @property
    def leaves(self) -> list[Any]:
        """As in Airflow."""
        return self.ends()


class EdgeModifier(Dependent):
    """`Label("...")` between two tasks: an edge with a text."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.before: list[Any] = []
        self.after: list[Any] = []

    def starts(self) -> list[Any]:
        return self.after

    def ends(self) -> list[Any]:
        return self.before

    def meets(self, other: Any, upstream: bool, label: str | None = None) -> None:
        self.relate(other, upstream)

    def _widen(self) -> None:
        """Between different groups, Airflow labels the edges of the whole groups."""
        homes = {_home(node) for node in (*self.before, *self.after)}
        if len(homes) != 1:
            self.before = [_group_of(node) for node in self.before]
            self.after = [_group_of(node) for node in self.after]

    def relate(self, others: Any, upstream: bool, label: str | None = None) -> None:
        (self.before if upstream else self.after).extend(as_list(others))
        if not (self.before and self.after):
            return
        self._widen()
        for node in self.after if upstream else self.before:
            node.relate(others, upstream, self.label)


def _plain_node(node: Any) -> Any:
    return getattr(node, "operator", node) if hasattr(node, "_workbook_xcom") else node


def _home(node: Any) -> str:
    node = _plain_node(node)
    if hasattr(node, "group_id"):
        return str(node.group_id)
    group = getattr(node, "task_group", None)
    return "root" if group is None or group.is_root else str(group.group_id)


def _group_of(node: Any) -> Any:
    if hasattr(node, "_workbook_xcom"):
        return node
    group = getattr(node, "task_group", None)
    return node if group is None or group.is_root else group


def Label(label: str) -> EdgeModifier:
    """As in Airflow."""
    return EdgeModifier(label)


def chain(*tasks: Any) -> None:
    """One after the other; lists side by side must be of the same length."""
    for before, after in zip(tasks, tasks[1:], strict=False):
        if isinstance(before, Dependent):
            before.set_downstream(after)
        elif isinstance(after, Dependent):
            after.set_upstream(before)
        elif isinstance(before, Inert) or isinstance(after, Inert):
            one, other = (Shapes.ordered(node) if isinstance(node, Inert) else node for node in (before, after))
            for node in as_list(one) if one is not None and other is not None else ():
                node.set_downstream(other)
        else:
            if len(before) != len(after):
                raise ValueError(f"chain: different lengths {len(before)} and {len(after)} of neighbouring lists")
            for one, other in zip(before, after, strict=True):
                one.set_downstream(other)


def chain_linear(*elements: Any) -> None:
    """One after the other; every task of a list before every task of the next."""
    if not elements:
        raise ValueError("chain_linear: nothing to chain")
    before: Any = None
    for element in elements:
        current = element if isinstance(element, Dependent) else [node for node in as_list(element)]
        if before is not None and current != []:
            for node in as_list(before):
                node.set_downstream(current)
        if current != []:
            before = current


def cross_downstream(from_tasks: Sequence[Any], to_tasks: Any) -> None:
    """Every task of one list before every task of the other."""
    for task in from_tasks:
        task.set_downstream(to_tasks)


def flatten(values: Iterable[Any]) -> list[Any]:
    """Lists within lists as one list."""
    return [item for value in values for item in (flatten(value) if isinstance(value, (list, tuple)) else [value])]
