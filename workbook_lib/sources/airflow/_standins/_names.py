"""Makes classes for names that Airflow or its providers define: operators, sensors, hooks, anything else."""

from __future__ import annotations

import abc
import functools
import inspect
from typing import Any

from workbook_lib.sources.airflow._own_modules import is_airflows
from workbook_lib.sources.airflow._standins import _tables
from workbook_lib.sources.airflow._standins._assets import Timetable
from workbook_lib.sources.airflow._standins._defaults import OperatorMeta
from workbook_lib.sources.airflow._standins._homes import home
from workbook_lib.sources.airflow._standins._operator import BaseOperator, UnknownOperator
from workbook_lib.sources.airflow._standins._relations import Dependent
from workbook_lib.sources.airflow._standins._state import SESSION, report
from workbook_lib.sources.airflow._standins._values import StoredConnection
from workbook_lib.sources.tracing._entries import user_line
from workbook_lib.sources.tracing._inert import Inert, InertObject, Shapes
from workbook_lib.sources.tracing._symbols import plain

_TOLD: set[tuple[Any, ...]] = set()  # where tasks are missing
_MADE: set[type] = set()  # classes of which the repository has no source


@functools.lru_cache(maxsize=4096)
def operator_class(name: str, module: str = "airflow.operators") -> type[BaseOperator]:
    """The stand-in for an operator or sensor by class name."""
    name = _tables.RENAMED.get(name, name) if is_airflows(module) else name
    if name == "BaseOperator" and (is_airflows(module) or module.startswith("airflow.")):
        return BaseOperator
    base: type[BaseOperator]
    if name in _tables.PARENTS and is_airflows(module):
        parent, module = _tables.PARENTS[name], home(name, module, SESSION.is_3)
        base = operator_class(parent) if parent != "BaseOperator" else BaseOperator
        return _derived(name, (base,), module)
    if name.endswith(("Sensor", "SensorAsync")):
        return _derived(name, (UnknownOperator, operator_class("BaseSensorOperator")), module, UnknownOperatorMeta)
    return _derived(name, (UnknownOperator,), module, UnknownOperatorMeta)


class UnknownOperatorMeta(OperatorMeta):
    """Operators of which only the name is known: their classes have whatever attributes are asked for."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_") or cls not in _MADE:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return Inert(f"{cls.__name__}.{name}")


def _derived(name: str, bases: tuple[type, ...], module: str, meta: type[OperatorMeta] = OperatorMeta) -> type[BaseOperator]:
    made: type[BaseOperator] = meta(name, bases, {"__module__": module})
    _MADE.add(made)
    return made


def module_of(cls: type) -> str:
    """The module in which the legacy system has a stand-in's class; empty for a class of the repository."""
    if cls in _MADE:
        return cls.__module__
    return "airflow.models.baseoperator" if cls.__module__.startswith("workbook_lib.") else ""


def foreign_task(path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The task, or what `partial` gives, that a call into an inert package makes by all appearances: a class that is given a `task_id`."""
    if "task_id" not in kwargs or not path.replace(".", "").isidentifier():
        return None
    partial = path.endswith(".partial")
    module, _, name = path.removesuffix(".partial").rpartition(".")
    if not name[:1].isupper():
        return None
    cls = operator_class(name, module)
    return cls.partial(**kwargs) if partial else cls(*args, **kwargs)


def foreign_base(name: str, module: str) -> type | None:
    """The class of an inert package that is an operator by its name."""
    return operator_class(name, module) if name.endswith(_tables.OPERATOR_ENDINGS) else None


class UnknownMeta(abc.ABCMeta):
    """Classes of which only the name is known; given a `task_id`, they turn out to be operators."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "task_id" in kwargs and cls.__module__.startswith("airflow") and not cls.__name__.endswith("Hook"):
            return operator_class(cls.__name__, cls.__module__)(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "partial" and cls.__module__.startswith("airflow"):
            return operator_class(cls.__name__, cls.__module__).partial
        return Inert(f"{cls.__name__}.{name}")


class BaseHook(InertObject, metaclass=UnknownMeta):
    """As in Airflow; hooks of providers have whatever attributes are asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        super().__init__(**kwargs)

    @classmethod
    def get_connection(cls, conn_id: Any) -> StoredConnection:
        return StoredConnection(conn_id)

    @classmethod
    def get_hook(cls, conn_id: Any) -> Any:
        return Inert(f"get_hook({conn_id!r})")


class UnknownObject(InertObject, metaclass=UnknownMeta):
    """An object of a class of which only the name is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__dict__["_shown"] = (
            Inert(type(self).__name__)(*args, **kwargs) if not (len(args) == 1 and callable(args[0])) else type(self).__name__
        )

    def __repr__(self) -> str:
        return repr(self.__dict__.get("_shown", type(self).__name__))


def _group_class(name: str, module: str) -> Any:
    """A kind of task group of a provider: a group, which may add tasks of its own."""
    from workbook_lib.sources.airflow._standins._group import TaskGroup

    known = frozenset(inspect.signature(TaskGroup.__init__).parameters)

    class Group(TaskGroup):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{key: value for key, value in kwargs.items() if key in known})
            if Group in type(self).__mro__[:1]:
                report(
                    "airflow.task_missing", "error",
                    f"the task group {self.group_id!r} is a `{name}` of a package that is not there: tasks that it adds itself are missing",
                    advice=f"Look up what {name} adds, and add it to the flow by hand.",
                )  # fmt: skip

    Group.__name__ = Group.__qualname__ = name
    Group.__module__ = module
    return Group


@functools.lru_cache(maxsize=4096)
def class_for(name: str, module: str) -> Any:
    """A class for any capitalised name of the legacy package."""
    if name.endswith(_tables.OPERATOR_ENDINGS) or name in _tables.PARENTS or name in _tables.RENAMED:
        return operator_class(name, module)
    if name.endswith("Hook"):
        return UnknownMeta(name, (BaseHook,), {"__module__": module})
    if name.endswith("TaskGroup"):
        return _group_class(name, module)
    if name.endswith("Timetable"):
        return type(name, (Timetable,), {"__module__": module})
    return UnknownMeta(name, (UnknownObject,), {"__module__": module})


def unknown_in_order(value: Any) -> Any:
    """What a value of which nothing is known stands for in the order of tasks: the only task that it was made with, or nothing."""
    path, place = plain(repr(value))[:200], user_line(2)
    tasks = [one for one in vars(value).get("_workbook_given", ()) if isinstance(one, Dependent)]
    told = (path, *place) in _TOLD
    _TOLD.add((path, *place))
    if not told and len(tasks) == 1:
        report(
            "airflow.task_assumed", "warning",
            f"`{path}` stands in the order of tasks, but it comes from a package that is not there: taken for the task that it is given",
            advice="Put the source of that package beside the DAG files, or name its folder as an import root.",
        )  # fmt: skip
    elif not told:
        report(
            "airflow.task_missing", "error",
            f"`{path}` stands in the order of tasks, but it comes from a package that is not there: "
            "its tasks, and the order through them, are missing",
            advice="Put the source of that package beside the DAG files, or name its folder as an import root.",
        )  # fmt: skip
    return tasks[0] if len(tasks) == 1 else None


Shapes.instance = staticmethod(foreign_task)
Shapes.ordered = staticmethod(unknown_in_order)
Shapes.base = staticmethod(foreign_base)
