"""DAG and `@dag`, as far as building goes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.airflow._standins import _assigned
from workbook_lib.sources.airflow._standins._group import TaskGroup
from workbook_lib.sources.airflow._standins._operator import AirflowException, DuplicateTaskIdFound, refusal
from workbook_lib.sources.airflow._standins._params import DagParam, ParamsDict
from workbook_lib.sources.airflow._standins._sources import Call, texts
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION
from workbook_lib.sources.tracing._hooks import mapping
from workbook_lib.sources.tracing._inert import Inert
from workbook_lib.sources.tracing._stack import Trail, trail
from workbook_lib.sources.tracing._symbols import name_text


class DAG:
    """As in Airflow; every argument is kept as an attribute."""

    def __init__(
        self,
        dag_id: Any = None,
        description: Any = None,
        schedule: Any = NOTSET,
        start_date: Any = None,
        end_date: Any = None,
        **kwargs: Any,
    ) -> None:
        if dag_id is None:
            raise TypeError("DAG() misses the argument 'dag_id'")
        self.given = dict(kwargs)
        interval = kwargs.pop("schedule_interval", NOTSET)
        self.given_schedule = next(
            (value for value in (schedule, interval, kwargs.get("timetable", NOTSET)) if value is not NOTSET), NOTSET
        )
        self.dag_id, self.description, self.given_id = name_text(dag_id, "a DAG id"), description, dag_id
        self.start_date, self.end_date = start_date, end_date
        given_defaults = kwargs.pop("default_args", None) or {}
        if isinstance(given_defaults, (str, int, float, list, tuple, set)):
            raise refusal("refused", f"`default_args` of the DAG {dag_id!r} is no dict", "Give it a dict of arguments.")
        self.default_args = dict(mapping(given_defaults) or {})
        given_params = kwargs.pop("params", None) or {}
        given_params = ParamsDict(given_params) if isinstance(given_params, ParamsDict) else dict(given_params)
        given_params.update(self.default_args.pop("params", None) or {})  # as in Airflow: these win
        self.params = ParamsDict(given_params)
        self.settings = kwargs
        self.doc_md = kwargs.get("doc_md")
        self.user_defined_macros = kwargs.get("user_defined_macros") or {}
        self.user_defined_filters = kwargs.get("user_defined_filters") or {}
        self.tags = list(kwargs.get("tags") or [])
        self.task_dict: dict[str, Any] = {}
        self.subdags: list[DAG] = []
        self.task_group = TaskGroup.create_root(self)
        self._trail = trail(self)
        self._calls: list[Call] = [(self._trail, ("dag_id", "description", "schedule", "start_date", "end_date"))]
        self._sets: dict[str, Trail] = {}
        self.fileloc = STATE_FILE[0]
        SESSION.made.append(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "settings" not in self.__dict__:
            raise AttributeError(name)
        if name in self.settings:
            return self.settings[name]
        if name in ("schedule", "schedule_interval", "timetable"):
            return None if self.given_schedule is NOTSET else self.given_schedule
        if name in _DEFAULTS:
            return _DEFAULTS[name]
        if name == "task":
            from workbook_lib.sources.airflow._standins._taskflow import task

            return functools.partial(task, dag=self)
        if name in ("test", "cli", "run", "clear", "create_dagrun", "get_last_dagrun", "get_dagrun", "log", "get_run_dates"):
            return Inert(f"dag.{name}")
        raise AttributeError(f"'DAG' object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and "_sets" in self.__dict__:
            try:
                value = _assigned.taken(name, value)
            except (TypeError, ValueError):
                what = f"`{name}` of the DAG {self.dag_id!r} is set to {type(value).__name__}"
                raise refusal("refused", what, f"Give it {_assigned.TAKES[name][1]}.") from None
            if name == "task_group" and not isinstance(value, TaskGroup):
                raise refusal("refused", f"`task_group` of the DAG {self.dag_id!r} is no group", "Leave it as it is.")
            self._sets[name] = trail(deepest=1)
        if name in ("schedule", "schedule_interval", "timetable") and "settings" in self.__dict__:
            name = "given_schedule"
        self.__dict__[name] = value
        if "settings" in self.__dict__ and name in self.__dict__["settings"] or "settings" in self.__dict__ and name in _SETTABLE:
            self.__dict__["settings"][name] = value

    @property
    def origin(self) -> dict[str, Any]:
        """Where it was made, in the form of `Origin`."""
        return self._trail.origin

    @property
    def place(self) -> tuple[str, int, int] | None:
        """File, and end of the call that gives its arguments."""
        return self._calls[0][0].place

    @functools.cached_property
    def sources(self) -> dict[str, str]:
        """Source text of its arguments."""
        return texts(self)

    @property
    def display_name(self) -> str:
        return str(self.settings.get("dag_display_name") or self.dag_id)

    @property
    def safe_dag_id(self) -> str:
        return self.dag_id.replace(".", "__dot__")

    @property
    def tasks(self) -> list[Any]:
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        return list(self.task_dict)

    @property
    def roots(self) -> list[Any]:
        return [task for task in self.tasks if not task.upstream_list]

    @property
    def leaves(self) -> list[Any]:
        return [task for task in self.tasks if not task.downstream_list]

    @property
    def folder(self) -> str:
        return str(self.fileloc.rpartition("/")[0])

    @property
    def filepath(self) -> str:
        return str(self.fileloc)

    def add_task(self, task: Any) -> None:
        """As in Airflow: an id is used once."""
        existing = self.task_dict.get(task.task_id)
        if existing is not task and (existing is not None or task.task_id in self.task_group.used):
            first = f"the first is made in line {existing._origin['line']}" if existing is not None else "a group has it"
            message = f"the task id {task.task_id!r} is taken in the DAG {self.dag_id!r}: {first}"
            raise refusal("duplicate_task", message, "Give each task of a DAG an id of its own.", DuplicateTaskIdFound)
        if getattr(task, "dag", None) is not None and task.dag is not self:
            message = f"the task {task.task_id!r} of the DAG {task.dag.dag_id!r} is put into {self.dag_id!r} as well"
            raise refusal("task_in_two_dags", message, "Make a task for each DAG, for example by a function that is called twice.")
        self.task_dict[task.task_id] = task
        self.task_group.used.add(task.task_id)
        object.__setattr__(task, "dag", self)
        if getattr(task, "task_group", None) is None:
            self.task_group.add(task)
            object.__setattr__(task, "task_group", self.task_group)
        subdag = task.__dict__.get("subdag")
        if isinstance(subdag, DAG):
            self.subdags.append(subdag)

    def add_tasks(self, tasks: Any) -> None:
        for task in tasks:
            self.add_task(task)

    def get_task(self, task_id: str, include_subdags: bool = False) -> Any:
        if task_id not in self.task_dict:
            raise AirflowException(f"Task {task_id} not found")
        return self.task_dict[task_id]

    def has_task(self, task_id: str) -> bool:
        return task_id in self.task_dict

    def has_task_group(self, group_id: str) -> bool:
        return group_id in self.task_group.get_task_group_dict()

    def param(self, name: str, default: Any = NOTSET) -> DagParam:
        """As in Airflow: a parameter handed to tasks."""
        if default is not NOTSET:
            self.params[name] = default
        return DagParam(name, default)

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def __enter__(self) -> DAG:
        SESSION.dag_stack.append(self)
        SESSION.group_stack.append(self.task_group)
        return self

    def __exit__(self, *args: Any) -> None:
        SESSION.dag_stack.pop()
        SESSION.group_stack.pop()
        if self.settings.get("auto_register", True):
            SESSION.registered.append(self)

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __deepcopy__(self, memo: Any) -> DAG:
        return self

    def __lt__(self, other: Any) -> bool:
        return bool(self.dag_id < other.dag_id)


STATE_FILE = [""]
FACTORIES: list[tuple[Any, list[bool]]] = []  # functions under `@dag`, and their calls
_DEFAULTS: dict[str, Any] = {
    "catchup": None,
    "max_active_runs": 16,
    "max_active_tasks": 16,
    "concurrency": 16,
    "dagrun_timeout": None,
    "owner": "airflow",
}
_DEFAULTS |= {"is_subdag": False, "parent_dag": None, "is_paused_upon_creation": None, "template_searchpath": None, "owner_links": {}}
_SETTABLE = (
    "catchup", "max_active_runs", "max_active_tasks", "dagrun_timeout", "on_failure_callback", "on_success_callback", "template_searchpath",
    "user_defined_macros", "user_defined_filters", "tags", "doc_md", "concurrency",
)  # fmt: skip


def dag(dag_id: Any = "", *args: Any, **kwargs: Any) -> Any:
    """As in Airflow: a function whose call makes a DAG; its parameters become the DAG's."""

    decorated = trail()

    def decorate(function: Callable[..., Any]) -> Callable[..., DAG]:
        called: list[bool] = []
        FACTORIES.append((function, called))

        @functools.wraps(function)
        def factory(*call_args: Any, **call_kwargs: Any) -> DAG:
            called.append(True)
            bound = inspect.signature(function).bind(*call_args, **call_kwargs)
            bound.apply_defaults()
            name = dag_id if isinstance(dag_id, str) and dag_id else function.__name__
            with DAG(name, *args, **kwargs) as made:
                if function.__doc__ and not made.doc_md:
                    made.doc_md = function.__doc__
                made._function = function
                made._calls = [(decorated, ("dag_id", "description", "schedule", "start_date", "end_date")), (made._trail, ())]
                function(**{key: made.param(key, value) for key, value in bound.arguments.items()})
            return made

        return factory

    if callable(dag_id):
        function, dag_id = dag_id, ""
        return decorate(function)
    return decorate
