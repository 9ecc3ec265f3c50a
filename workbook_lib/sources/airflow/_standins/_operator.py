"""BaseOperator as far as building a DAG goes: ids, default_args, groups, order, setup and teardown."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from operator import is_
from typing import Any

from workbook_lib.sources.airflow._standins import _sources, _tables
from workbook_lib.sources.airflow._standins._defaults import OperatorMeta, current_group
from workbook_lib.sources.airflow._standins._relations import Dependent, as_list
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION
from workbook_lib.sources.airflow._standins._xcom import XComArg, needed
from workbook_lib.sources.tracing._entries import STATE
from workbook_lib.sources.tracing._inert import Inert, InertModule, Shapes
from workbook_lib.sources.tracing._stack import Trail, trail
from workbook_lib.sources.tracing._symbols import name_text


class AirflowException(Exception):
    """As in Airflow. The code and the advice of the finding belong to what the stand-ins raise themselves."""

    workbook_code = ""
    workbook_advice = ""


class DuplicateTaskIdFound(AirflowException):
    """As in Airflow."""


def refusal(code: str, message: str, advice: str, kind: type[AirflowException] = AirflowException) -> AirflowException:
    """What Airflow raises where it does not import a file."""
    made = kind(f"Airflow does not import this file: {message}")
    made.workbook_code, made.workbook_advice = f"airflow.{code}", advice
    return made


_BASE = dict(_tables.BASE_ARGUMENTS)
MADE: list[Any] = []  # all tasks of this file


class BaseOperator(Dependent, metaclass=OperatorMeta):
    """As in Airflow. `_own` holds what the stand-in classes were given beyond the base's arguments."""

    template_fields: Any = ()
    template_ext: Any = ()
    ui_color = "#fff"
    ui_fgcolor = "#000"
    is_mapped = False
    dag: Any
    task_group: Any
    is_setup: Any
    is_teardown: Any
    on_failure_fail_dagrun: Any
    trigger_rule: Any
    inlets: Any
    outlets: Any
    _label: str
    _trail: Trail
    _sets: dict[str, Trail]
    _edge_trails: dict[Any, Trail]
    _init_depth: int
    _defaults: dict[str, Any]
    _given: dict[str, Any]
    _own: dict[str, Any]
    _base_given: dict[str, Any]
    _upstream: dict[Any, None]
    _downstream: dict[Any, Any]

    def __init__(self, task_id: Any = None, **kwargs: Any) -> None:
        if task_id is None:
            raise TypeError("missing keyword argument 'task_id'")
        defaults = self._defaults
        for name in _BASE:
            if name not in kwargs and name in defaults and name not in ("dag", "task_group", "default_args", "params"):
                kwargs[name] = defaults[name]
        own = {name: value for name, value in kwargs.items() if name not in _BASE}
        known = _tables.own_arguments(type(self))
        unfiltered: list[str] = []  # nobody knows whether the class takes these
        for name, value in defaults.items():
            if name in _BASE or name in own or name in self._given:
                continue
            if name in known if known is not None else self._takes_any():
                own[name] = value
                if known is None:
                    unfiltered.append(name)
        dag = kwargs.pop("dag", None) or (SESSION.dag_stack[-1] if SESSION.dag_stack else None)
        group = kwargs.pop("task_group", None)
        if dag is None and group is not None:
            dag = group.dag
        set_ = object.__setattr__
        set_(self, "dag", None)
        set_(self, "task_group", None)
        set_(self, "_upstream", {})
        set_(self, "_downstream", {})
        set_(self, "_own", own)
        set_(self, "_unfiltered", unfiltered)
        set_(self, "_base_given", {name: value for name, value in kwargs.items() if name in _BASE})
        set_(self, "is_setup", False)
        set_(self, "is_teardown", False)
        set_(self, "on_failure_fail_dagrun", False)
        set_(self, "_ready", False)
        path = trail(self)
        set_(self, "_trail", path)
        set_(self, "_calls", [(path, _sources.positional(type(self).__init__, 1))])
        set_(self, "_sets", {})
        set_(self, "given_id", task_id)
        MADE.append(self)
        set_(self, "_edge_trails", {})
        self._label = name_text(task_id, "a task id")
        for name, default in _BASE.items():
            if name not in ("dag", "task_group", "default_args"):
                set_(self, name, kwargs.get(name, default))
        for name, value in own.items():
            set_(self, name, value)
        self._attach(dag, group)

    def _takes_any(self) -> bool:
        """Whether nothing is known about the class's own parameters: then all default_args are kept."""
        return not any(_is_user_class(cls) for cls in type(self).__mro__) or type(self).__init__ is not BaseOperator.__init__

    def _attach(self, dag: Any, group: Any) -> None:
        if group is None and dag is not None:
            group = current_group(dag)
        if group is not None:
            object.__setattr__(self, "task_group", group)
            object.__setattr__(self, "_full_id", group.child_id(self._label))
            group.add(self)
        else:
            object.__setattr__(self, "_full_id", self._label)
        if dag is not None:
            dag.add_task(self)

    def _settle(self) -> None:
        """Once the outermost `__init__` is done: outputs in the arguments make edges; an open setup takes the task in."""
        object.__setattr__(self, "_ready", True)
        fields = self._fields()
        for name, value in self.__dict__.copy().items():
            if (fields is None and name in self._own) or (fields is not None and name in fields):
                self._depend(value)
        for value in self._own.values():  # what a stand-in class was given: its own template fields are not known here
            self._depend(value)
        for inlet in as_list(self.__dict__.get("inlets") or []):
            self._depend(inlet)
        if SESSION.setup_stack:
            SESSION.setup_stack[-1].tasks.append(self)

    def _depend(self, value: Any) -> None:
        for task in needed(value):
            if task is not self:
                self.relate(task, True)

    def _fields(self) -> tuple[str, ...] | None:
        """Template fields where a class of the repository names them, else None: all arguments count."""
        for cls in type(self).__mro__:
            if "template_fields" in vars(cls) and _is_user_class(cls):
                return tuple(as_list(vars(cls)["template_fields"]))
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get("dag")
        object.__setattr__(self, name, value)
        if self.__dict__.get("_ready"):
            if not name.startswith("_"):
                self._sets[name] = trail(deepest=1)
            if name == "dag" and value is not None and not isinstance(value, property):
                object.__setattr__(self, "dag", before)
                self._adopt(value)
            elif not name.startswith("_") and name not in ("task_group", "dag") and name not in _BASE:
                if not self.is_mapped and name not in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
                    self._given[name] = value
                fields = self._fields()
                if fields is None or name in fields:
                    self._depend(value)

    def _adopt(self, dag: Any) -> None:
        self._join(dag)

    def _join(self, dag: Any) -> None:
        if self.task_group is None:
            dag.task_group.add(self)
            object.__setattr__(self, "task_group", dag.task_group)
        dag.add_task(self)

    @property
    def _origin(self) -> dict[str, Any]:
        return self._trail.origin

    @property
    def task_id(self) -> str:
        """The id with the prefixes of its groups."""
        return str(self.__dict__.get("_full_id", self.__dict__.get("_label", "")))

    @task_id.setter
    def task_id(self, value: str) -> None:
        object.__setattr__(self, "_full_id", name_text(value, "a task id"))

    node_id = task_id

    @property
    def label(self) -> str:
        return str(self._label)

    @property
    def dag_id(self) -> str:
        return str(self.dag.dag_id) if self.dag else "_in_memory_dag_"

    @property
    def task_type(self) -> str:
        return type(self).__name__

    operator_name = task_type

    @property
    def output(self) -> XComArg:
        """As in Airflow."""
        return XComArg(self)

    def has_dag(self) -> bool:
        return self.dag is not None

    def get_dag(self) -> Any:
        return self.dag

    def starts(self) -> list[Any]:
        return [self]

    def ends(self) -> list[Any]:
        return [self]

    def relate(self, others: Any, upstream: bool, label: str | None = None) -> None:
        path = trail(deepest=1)
        for other in as_list(others):
            if isinstance(other, (Inert, InertModule)):
                other = Shapes.ordered(other)
                if other is None:
                    continue
            if not isinstance(other, Dependent):
                message = f"the task {self.task_id!r} is put in order with {other!r}, which is no task"
                raise refusal("edge_to_nothing", message, "Put tasks and groups in order; for lists, each item has to be one.")
            other.meets(self, not upstream, label)
            for task in other.ends() if upstream else other.starts():
                before, after = (task, self) if upstream else (self, task)
                dags = {id(node.dag): node.dag for node in (before, after) if node.dag is not None}
                if len(dags) > 1:
                    shown = " and ".join(f"{node.task_id!r} of {node.dag.dag_id!r}" for node in (before, after))
                    advice = "Use an ExternalTaskSensor, a TriggerDagRunOperator or an asset between DAGs."
                    raise refusal("edge_between_dags", f"an edge leads from one DAG to another: {shown}", advice)
                if not dags:
                    message = f"the tasks {before.task_id!r} and {after.task_id!r} are put in order before either has a DAG"
                    raise refusal("edge_without_dag", message, "Make them inside of `with DAG(...)`, or give them `dag=`.")
                for node in (before, after):
                    if node.dag is None and dags:
                        node._join(next(iter(dags.values())))
                before._downstream[after] = label or before._downstream.get(after)
                after._upstream[before] = None
                before._edge_trails.setdefault(after, path)

    @property
    def upstream_list(self) -> list[Any]:
        return list(self._upstream)

    @property
    def downstream_list(self) -> list[Any]:
        return list(self._downstream)

    @property
    def upstream_task_ids(self) -> set[str]:
        return {task.task_id for task in self._upstream}

    @property
    def downstream_task_ids(self) -> set[str]:
        return {task.task_id for task in self._downstream}

    def get_direct_relatives(self, upstream: bool = False) -> list[Any]:
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relatives(self, upstream: bool = False) -> list[Any]:
        found: dict[Any, None] = {}
        waiting = self.get_direct_relatives(upstream)
        while waiting:
            task = waiting.pop(0)
            if task not in found:
                found[task] = None
                waiting.extend(task.get_direct_relatives(upstream))
        return list(found)

    def as_setup(self) -> BaseOperator:
        """As in Airflow."""
        self.is_setup = True
        return self

    def as_teardown(self, *, setups: Any = NOTSET, on_failure_fail_dagrun: Any = NOTSET) -> BaseOperator:
        """As in Airflow: the setups come directly before it."""
        self.is_teardown = True
        self.trigger_rule = "all_done_setup_success"
        if on_failure_fail_dagrun is not NOTSET and on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        if setups is not NOTSET and setups is not None:
            for setup in as_list(setups):
                task = setup.operator if isinstance(setup, XComArg) else setup
                task.is_setup = True
                task.set_downstream(self)
        return self

    def __enter__(self) -> BaseOperator:
        from workbook_lib.sources.airflow._standins._setup import enter

        enter([self])
        return self

    def __exit__(self, *args: Any) -> None:
        from workbook_lib.sources.airflow._standins._setup import leave

        leave()

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """As in Airflow."""
        from workbook_lib.sources.airflow._standins._mapped import Partial

        return Partial(cls, kwargs)

    def add_inlets(self, inlets: Any) -> None:
        self.inlets = [*(self.inlets or []), *inlets]

    def add_outlets(self, outlets: Any) -> None:
        self.outlets = [*(self.outlets or []), *outlets]

    @property
    def log(self) -> Any:
        return Inert("log")

    def xcom_push(self, *args: Any, **kwargs: Any) -> None:
        return None

    def xcom_pull(self, *args: Any, **kwargs: Any) -> None:
        return None

    def execute(self, context: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __deepcopy__(self, memo: Any) -> BaseOperator:
        return self

    def __lt__(self, other: Any) -> bool:
        return bool(self.task_id < other.task_id)


class UnknownOperator(BaseOperator):
    """Base of operators of which nothing but the name is known: attributes that nobody set are inert."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Inert(f"{type(self).__name__}().{name}")


_known_classes: dict[int, tuple[type, tuple[Any, ...], bool]] = {}  # by the id of the class, which is kept


def _is_user_class(cls: type) -> bool:
    """Remembered as long as nobody changes what the class holds."""
    values = tuple(vars(cls).values())
    known = _known_classes.get(id(cls))
    if known is not None and len(known[1]) == len(values) and all(map(is_, known[1], values)):
        return known[2]
    found = _holds_user_code(cls)
    _known_classes[id(cls)] = cls, values, found
    return found


def _holds_user_code(cls: type) -> bool:
    for value in vars(cls).values():
        wraps = callable(value) and hasattr(value, "__wrapped__")
        code = getattr(inspect.unwrap(value) if wraps else value, "__code__", None)
        if code is not None and STATE.is_user_file(code.co_filename):
            return True
    return cls.__module__ not in ("builtins",) and not cls.__module__.startswith(("airflow", "workbook_lib"))


def defines_execution(cls: type) -> bool:
    """Whether a class of the repository itself says what the task does."""
    return any(_is_user_class(one) and any(name in vars(one) for name in ("execute", "poke", "_execute")) for one in cls.__mro__)


def apply_defaults(function: Any) -> Any:
    """As in Airflow 1.10; nothing to do."""
    return function


def unique_task_id(task_id: str, dag: Any, group: Any) -> str:
    """TaskFlow's suffix `__1` for an id that is taken."""
    dag = dag or (SESSION.dag_stack[-1] if SESSION.dag_stack else None)
    if dag is None:
        return task_id
    group = group or current_group(dag)
    full = group.child_id(task_id) if group is not None else task_id
    if full not in dag.task_dict:
        return task_id
    stem = re.compile(re.escape(re.sub(r"__\d+$", "", full)) + r"__(\d+)$")
    taken = [int(found.group(1)) for found in map(stem.match, dag.task_dict) if found]
    return f"{re.sub(r'__[0-9]+$', '', task_id)}__{max(taken, default=0) + 1}"


def seconds(value: Any) -> float | None:
    """A duration in seconds, None where there is none."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
