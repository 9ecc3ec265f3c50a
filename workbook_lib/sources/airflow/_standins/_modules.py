"""`airflow.*` as modules: every path of 1.10, 2 and 3 imports, every name exists."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from workbook_lib.sources.airflow._standins import (
    _assets,
    _dag,
    _defaults,
    _enums,
    _group,
    _names,
    _operator,
    _params,
    _relations,
    _repository,
    _setup,
    _tables,
    _taskflow,
    _values,
    _xcom,
)
from workbook_lib.sources.airflow._standins._state import NOTSET, SESSION
from workbook_lib.sources.tracing._inert import InertModule, is_exception, make_class

_KNOWN: dict[str, Any] = {
    "DAG": _dag.DAG,
    "dag": _dag.dag,
    "BaseOperator": _operator.BaseOperator,
    "AbstractOperator": _operator.BaseOperator,
    "BaseOperatorMeta": _defaults.OperatorMeta,
    "MappedOperator": _operator.BaseOperator,
    "apply_defaults": _operator.apply_defaults,
    "AirflowException": _operator.AirflowException,
    "DuplicateTaskIdFound": _operator.DuplicateTaskIdFound,
    "TaskGroup": _group.TaskGroup,
    "task_group": _group.task_group,
    "task": _taskflow.task,
    "task_decorator_factory": _taskflow.task_decorator_factory,
    "setup": _setup.setup,
    "teardown": _setup.teardown,
    "context_wrapper": _setup.context_wrapper,
    "chain": _relations.chain,
    "chain_linear": _relations.chain_linear,
    "cross_downstream": _relations.cross_downstream,
    "Label": _relations.Label,
    "EdgeModifier": _relations.EdgeModifier,
    "XComArg": _xcom.XComArg,
    "PlainXComArg": _xcom.XComArg,
    "DependencyMixin": _relations.Dependent,
    "Param": _params.Param,
    "ParamsDict": _params.ParamsDict,
    "DagParam": _params.DagParam,
    "Variable": _values.Variable,
    "Connection": _values.Connection,
    "BaseHook": _names.BaseHook,
    "conf": _values.conf,
    "Dataset": _assets.Dataset,
    "Asset": _assets.Asset,
    "AssetAlias": _assets.AssetAlias,
    "DatasetAlias": _assets.AssetAlias,
    "AssetAny": _assets.AssetAny,
    "DatasetAny": _assets.AssetAny,
    "AssetAll": _assets.AssetAll,
    "DatasetAll": _assets.AssetAll,
    "asset": _assets.asset,
    "Metadata": _assets.Metadata,
    "Timetable": _assets.Timetable,
    "CronTriggerTimetable": _assets.CronTriggerTimetable,
    "CronDataIntervalTimetable": _assets.CronDataIntervalTimetable,
    "DeltaDataIntervalTimetable": _assets.DeltaDataIntervalTimetable,
    "DeltaTriggerTimetable": _assets.DeltaTriggerTimetable,
    "AssetOrTimeSchedule": _assets.AssetOrTimeSchedule,
    "DatasetOrTimeSchedule": _assets.DatasetOrTimeSchedule,
    "EventsTimetable": _assets.EventsTimetable,
    "MultipleCronTriggerTimetable": _assets.MultipleCronTriggerTimetable,
    "CronPartitionTimetable": _assets.CronPartitionTimetable,
    "PartitionedAssetTimetable": _assets.PartitionedAssetTimetable,
    "PartitionedAtRuntime": _assets.PartitionedAtRuntime,
    "NullTimetable": _assets.NullTimetable,
    "OnceTimetable": _assets.OnceTimetable,
    "ContinuousTimetable": _assets.ContinuousTimetable,
    "TriggerRule": _enums.TriggerRule,
    "WeekDay": _enums.WeekDay,
    "TaskInstanceState": _enums.TaskInstanceState,
    "DagRunState": _enums.DagRunState,
    "DagRunType": _enums.DagRunType,
    "State": _enums.State,
    "WeightRule": _enums.WeightRule,
    "LoggingMixin": _enums.LoggingMixin,
    "PokeReturnValue": _enums.PokeReturnValue,
    "days_ago": _enums.days_ago,
    "round_time": _enums.round_time,
    "exactly_one": _enums.exactly_one,
    "timezone": _enums.timezone,
    "is_venv_installed": lambda: True,
    "get_attr_renderer": lambda: dict.fromkeys(_tables.RENDERERS),
    "NOTSET": NOTSET,
}
# Lower-case names that are objects, but submodules in these packages.
_SUBMODULE_IN: dict[str, tuple[str, ...]] = {
    "dag": ("airflow", "airflow.models", "airflow.sdk.definitions"),
    "task": ("airflow", "airflow.sdk.definitions"),
    "task_group": ("airflow.utils", "airflow.models", "airflow.sdk.definitions"),
    "asset": ("airflow", "airflow.models", "airflow.sdk.definitions"),
    "setup": ("airflow",),
}
_VERSIONS = {"2": "2.11.2", "3": "3.3.2"}


class AirflowModule(InertModule):
    """One module of the legacy package."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        del self.__all__
        full = _VERSIONS.get(SESSION.version[:1], SESSION.version)
        self.__version__ = (SESSION.version if SESSION.version.count(".") == 2 else full) if name.count(".") < 2 else "99.0.0"
        self.__file__ = f"<stand-in for {name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = resolve(self.__name__, name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        """Importing the submodule `airflow.decorators.task` does not hide the object `airflow.decorators.task`."""
        if isinstance(value, AirflowModule) and name in _KNOWN and self.__name__ not in _SUBMODULE_IN.get(name, ()):
            return
        super().__setattr__(name, value)


def resolve(module: str, name: str) -> Any:
    """What `from module import name` gives."""
    if module == "airflow.version" and name == "version":
        return sys.modules["airflow"].__version__
    if module == "airflow.utils.timezone" and hasattr(_enums.timezone, name):
        return getattr(_enums.timezone, name)
    if name in _KNOWN and module not in _SUBMODULE_IN.get(name, ()):
        return _KNOWN[name]
    if module.startswith("airflow.decorators") and name in _tables.DECORATORS:
        return getattr(_taskflow.task, name)
    found = _repository.setting(module, name)
    if found is not None:
        return found
    if name.isupper():
        return InertModule(f"{module}.{name}")
    if is_exception(name) and not name.endswith("Timeout") and not name.endswith("Warning"):
        base = _operator.AirflowException if name.startswith("Airflow") else Exception
        return type(name, (base,), {"__module__": module})
    if is_exception(name):
        return make_class(name, module)
    if name[:1].isupper() or name[:1] == "_" and name[1:2].isupper():
        return _names.class_for(name, module)
    return submodule(f"{module}.{name}")


def submodule(name: str) -> ModuleType:
    """A submodule that may just as well be a function: it can be called."""
    if name not in sys.modules:
        sys.modules[name] = AirflowModule(name)
    return sys.modules[name]
