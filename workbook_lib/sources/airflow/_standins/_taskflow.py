"""TaskFlow: `@task` and its variants."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from workbook_lib.sources.airflow._standins import _tables
from workbook_lib.sources.airflow._standins._homes import decorator_home
from workbook_lib.sources.airflow._standins._mapped import Mapped
from workbook_lib.sources.airflow._standins._names import operator_class
from workbook_lib.sources.airflow._standins._operator import BaseOperator, unique_task_id
from workbook_lib.sources.airflow._standins._sources import Call, positional
from workbook_lib.sources.airflow._standins._state import SESSION
from workbook_lib.sources.airflow._standins._xcom import XComArg
from workbook_lib.sources.tracing._stack import trail
from workbook_lib.sources.tracing._symbols import name_text

# https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html
CONTEXT_KEYS = frozenset(
    [
        "conf",
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "execution_date",
        "exception",
        "expanded_ti_count",
        "inlets",
        "inlet_events",
        "logical_date",
        "macros",
        "map_index_template",
        "next_ds",
        "next_ds_nodash",
        "next_execution_date",
        "outlets",
        "outlet_events",
        "params",
        "prev_data_interval_start_success",
        "prev_data_interval_end_success",
        "prev_ds",
        "prev_ds_nodash",
        "prev_execution_date",
        "prev_execution_date_success",
        "prev_start_date_success",
        "prev_end_date_success",
        "run_id",
        "task",
        "task_instance",
        "task_instance_key_str",
        "test_mode",
        "templates_dict",
        "ti",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "triggering_dataset_events",
        "triggering_asset_events",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "try_number",
        "var",
        "yesterday_ds",
        "yesterday_ds_nodash",
        "task_reschedule_count",
        "start_date",
    ]
)


_OWN_DECORATORS = frozenset({"task", *_tables.DECORATORS}) - {"pyspark"}


@functools.lru_cache(maxsize=64)
def _decorated_class(decorator: str) -> type[BaseOperator]:
    name, base = _tables.DECORATORS.get(decorator, (f"_{decorator.title().replace('_', '')}DecoratedOperator", "BaseOperator"))
    parent: Any = operator_class(base)
    made: type[BaseOperator] = type(parent)(name, (parent,), {"__module__": decorator_home(decorator, SESSION.is_3)})
    return made


class TaskFactory:
    """What `@task` makes of a function; calling it makes a task and gives its output."""

    def __init__(self, function: Callable[..., Any], decorator: str, settings: dict[str, Any], fixed: dict[str, Any] | None = None) -> None:
        if isinstance(function, TaskFactory):
            function = function.function
        self.function: Any = function
        self.decorator, self.settings, self.fixed = decorator, settings, fixed or {}
        self.is_setup = self.is_teardown = self.fails_run = False
        self._calls: list[Call] = [(trail(), ())]  # of the decorator, `override` and `partial`
        functools.update_wrapper(self, function)

    def _copy(self, settings: dict[str, Any], fixed: dict[str, Any]) -> TaskFactory:
        made = TaskFactory(self.function, self.decorator, settings, fixed)
        made.is_setup, made.is_teardown, made.fails_run = self.is_setup, self.is_teardown, self.fails_run
        made._calls = [*self._calls, *made._calls]
        return made

    def _settings(self) -> dict[str, Any]:
        settings = dict(self.settings)
        name = name_text(settings.pop("task_id", None) or self.function.__name__, "a task id")
        settings["task_id"] = unique_task_id(name, settings.get("dag"), settings.get("task_group"))
        if "multiple_outputs" not in settings and _returns_mapping(self.function):
            settings["multiple_outputs"] = True
        if self.is_teardown:
            settings["trigger_rule"] = "all_done_setup_success"
        return settings

    def _finish(self, task: Any) -> XComArg:
        path = trail()
        object.__setattr__(task, "_trail", path)
        object.__setattr__(task, "_calls", [*self._calls, (path, positional(self.function))])
        object.__setattr__(task, "_sets", {})
        object.__setattr__(task, "_decorator", self.decorator)
        task.is_setup, task.is_teardown, task.on_failure_fail_dagrun = self.is_setup, self.is_teardown, self.fails_run
        doc = self.function.__doc__
        if doc and not any(getattr(task, name, None) for name in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")):
            object.__setattr__(task, "doc_md", doc)
        return XComArg(task)

    def __call__(self, *args: Any, **kwargs: Any) -> XComArg:
        kwargs = {**self.fixed, **kwargs}
        _check(self.function, args, kwargs, hands_over_more=self.decorator not in _OWN_DECORATORS)
        settings = self._settings()
        kwargs = _fill_from_default_args(self.function, args, kwargs, settings)
        made = _decorated_class(self.decorator)
        return self._finish(made(python_callable=self.function, op_args=list(args), op_kwargs=kwargs, **settings))

    def override(self, **settings: Any) -> TaskFactory:
        """As in Airflow."""
        return self._copy({**self.settings, **settings}, self.fixed)

    def partial(self, **kwargs: Any) -> TaskFactory:
        """As in Airflow."""
        return self._copy(self.settings, {**self.fixed, **kwargs})

    def _expand(self, form: str, over: dict[str, Any]) -> XComArg:
        made = Mapped(
            _decorated_class(self.decorator), {"python_callable": self.function, "op_kwargs": self.fixed, **self._settings()}, form, over
        )
        return self._finish(made)

    def expand(self, **kwargs: Any) -> XComArg:
        """As in Airflow."""
        if not kwargs:
            raise TypeError("no arguments to expand against")
        return self._expand("product", kwargs)

    def expand_kwargs(self, values: Any, *, strict: bool = True) -> XComArg:
        """As in Airflow."""
        return self._expand("records", {"": values})

    def __repr__(self) -> str:
        return f"@{self.decorator} {self.function.__name__}"


def _positional(function: Any) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, parameter in inspect.signature(function).parameters.items() if parameter.kind in kinds]


def _check(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], hands_over_more: bool) -> None:
    """The call must fit the function, context names aside; a provider's decorator may hand over arguments of its own, such as `spark`."""
    signature = inspect.signature(function)
    parameters = []
    optional_seen = False
    for parameter in signature.parameters.values():
        if parameter.name in CONTEXT_KEYS or (optional_seen and parameter.kind is parameter.POSITIONAL_OR_KEYWORD):
            parameter = parameter.replace(default=None)
        optional_seen = optional_seen or (parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is not parameter.empty)
        parameters.append(parameter)
    complete = signature.replace(parameters=parameters)
    (complete.bind_partial if hands_over_more else complete.bind)(*args, **kwargs)


def _fill_from_default_args(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    defaults = settings.get("default_args") or {}
    names = _positional(function)[len(args) :]
    return {**kwargs, **{name: defaults[name] for name in names if name in defaults and name not in kwargs}}


def _returns_mapping(function: Any) -> bool:
    annotation = getattr(function, "__annotations__", {}).get("return")
    if annotation is None:
        return False
    try:
        annotation = typing.get_type_hints(_only_return(annotation), getattr(function, "__globals__", {})).get("return")
    except Exception:
        return False
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _only_return(annotation: Any) -> Any:
    def carrier() -> None: ...

    carrier.__annotations__ = {"return": annotation}
    return carrier


class TaskDecorators:
    """`task`, callable itself and with a variant per attribute: `task.branch`, `task.virtualenv` ..."""

    def __init__(self, decorator: str) -> None:
        self._decorator = decorator

    def __call__(self, function: Any = None, **settings: Any) -> Any:
        if function is None:
            return lambda inner: TaskFactory(inner, self._decorator, settings)
        return TaskFactory(function, self._decorator, settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("run_if", "skip_if"):
            return functools.partial(_conditional, name)
        return TaskDecorators("task" if name == "python" else name)


def _conditional(name: str, condition: Any, message: str | None = None) -> Any:
    """`@task.run_if(condition)`: kept as an argument of that name."""

    def mark(factory: Any) -> Any:
        inner = factory if isinstance(factory, TaskFactory) else TaskFactory(factory, "task", {})
        inner.settings = {**inner.settings, name: condition}
        return inner

    return mark


task = TaskDecorators("task")


def task_decorator_factory(python_callable: Any = None, *, decorated_operator_class: Any = None, **settings: Any) -> Any:
    """As in Airflow, for decorators of the repository's own."""
    if python_callable is None:
        return lambda inner: TaskFactory(inner, "task", settings)
    return TaskFactory(python_callable, "task", settings)
