"""How `default_args` reach an operator: of the DAG, of the group, of the call; as Airflow's metaclass does it.

https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#default-arguments
"""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.airflow._standins._state import SESSION


def _with_default_args(init: Callable[..., None]) -> Callable[..., None]:
    """`default_args` reach each class's own parameters, as Airflow's metaclass does."""
    parameters = [
        name
        for name, parameter in list(inspect.signature(init).parameters.items())[1:]
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]

    @functools.wraps(init)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        outermost = "_init_depth" not in self.__dict__
        if args:
            self.__dict__["_by_position"] = True
        if outermost:
            object.__setattr__(self, "_init_depth", 0)
            object.__setattr__(self, "_defaults", merged_defaults(kwargs))
        given = set(parameters[: len(args)]) | set(kwargs)
        for name in parameters:
            if name in self._defaults and name not in given:
                kwargs[name] = self._defaults[name]
        if outermost:
            object.__setattr__(self, "_given", {**dict(zip(parameters, args, strict=False)), **kwargs})
        object.__setattr__(self, "_init_depth", self._init_depth + 1)
        init(self, *args, **kwargs)
        object.__setattr__(self, "_init_depth", self._init_depth - 1)
        if self._init_depth == 0:
            self._settle()

    return wrapped


def merged_defaults(kwargs: dict[str, Any]) -> dict[str, Any]:
    dag = kwargs.get("dag") or (SESSION.dag_stack[-1] if SESSION.dag_stack else None)
    group = kwargs.get("task_group") or current_group(dag)
    merged: dict[str, Any] = dict(getattr(dag, "default_args", None) or {})
    if group is not None:
        merged.update(group.default_args)
    merged.update(kwargs.get("default_args") or {})
    return merged


def current_group(dag: Any) -> Any:
    """The task group that is open, or the DAG's own."""
    if SESSION.group_stack and (dag is None or SESSION.group_stack[-1].dag is dag):
        return SESSION.group_stack[-1]
    return dag.task_group if dag is not None else None


class OperatorMeta(abc.ABCMeta):
    """Wraps every `__init__` for default_args. It is an abstract class's metaclass, as Airflow's: operators may have `ABC` beside them.

    Whether something is an operator is asked all the time, and an abstract class asks all its subclasses; where none says that it is
    another's without being derived from it, the bases suffice.
    """

    virtual = False

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        if "__subclasshook__" in namespace:
            OperatorMeta.virtual = True
        if "__init__" in namespace:
            namespace["__init__"] = _with_default_args(namespace["__init__"])
        return super().__new__(mcs, name, bases, namespace)

    def register(cls, subclass: type) -> type:
        OperatorMeta.virtual = True
        return super().register(subclass)

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) if OperatorMeta.virtual else type.__instancecheck__(cls, instance)
