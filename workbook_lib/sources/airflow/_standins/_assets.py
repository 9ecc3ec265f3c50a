"""Datasets and assets, and the timetables: what a schedule may be made of."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET
from workbook_lib.sources.tracing._entries import Expr, constant
from workbook_lib.sources.tracing._symbols import plain, settle


class AssetExpression:
    """`a | b`, `a & b` over assets. As in Airflow, a further part joins the expression on its left when the sign is the same."""

    def __init__(self, sign: str = "", parts: tuple[Any, ...] = ()) -> None:
        self.sign, self.parts = sign, parts

    def _joined(self, sign: str, other: Any) -> AssetExpression:
        return AssetExpression(sign, (*self.parts, other) if self.sign == sign else (self, other))

    def __or__(self, other: Any) -> AssetExpression:
        return self._joined("|", other)

    def __and__(self, other: Any) -> AssetExpression:
        return self._joined("&", other)

    def uris(self) -> list[str]:
        """All assets in it, in order."""
        return list(dict.fromkeys(uri for part in self.parts for uri in part.uris()))

    def text(self) -> str:
        """For people."""
        shown = [f"({part.text()})" if getattr(part, "sign", "") not in ("", self.sign) else part.text() for part in self.parts]
        return f" {self.sign} ".join(shown)

    def condition(self) -> dict[str, Any]:
        """As `AssetCondition`."""
        return {"kind": "any" if self.sign == "|" else "all", "parts": [part.condition() for part in self.parts]}

    def _workbook_expr(self) -> Expr:
        return constant(self.text())


class Asset(AssetExpression):
    """As in Airflow 3: the name is the URI, and the other way round, where only one is given."""

    def __init__(
        self, name: Any = None, uri: Any = None, *, extra: Any = None, group: str = "asset", watchers: Any = None, **more: Any
    ) -> None:
        super().__init__()
        self.uri = str(settle(uri if uri is not None else name, "an asset's name"))
        self.name = str(settle(name if name is not None else uri, "an asset's name"))
        self.extra, self.group = extra, group
        if not isinstance(self, AssetAlias):
            _URIS[self.name] = self.uri

    @staticmethod
    def ref(*, name: Any = None, uri: Any = None) -> AssetRef:
        """An asset that is defined elsewhere."""
        return AssetRef(name, uri)

    def uris(self) -> list[str]:
        return [self.uri]

    def text(self) -> str:
        return self.uri

    def condition(self) -> dict[str, Any]:
        return {"kind": "asset", "name": self.name, "uri": self.uri}

    def __fspath__(self) -> str:
        return self.uri

    def __hash__(self) -> int:
        return hash(self.uri)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and self.uri == other.uri


_URIS: dict[str, str] = {}  # name -> URI of the assets of this file


class Dataset(Asset):
    """As in Airflow 2: a URI, and what else is known of it."""

    def __init__(self, uri: Any = None, extra: Any = None, **more: Any) -> None:
        if isinstance(extra, str):  # the asset of Airflow 3 under its old name
            uri, more = extra, {"name": uri, **more}
        super().__init__(**{"uri": uri, **more})
        self.extra = extra


class AssetRef(AssetExpression):
    """As in Airflow 3: an asset by name or URI alone."""

    def __init__(self, name: Any, uri: Any) -> None:
        super().__init__()
        self.name, self.uri = (str(settle(part, "an asset's name")) if part else "" for part in (name, uri))

    def uris(self) -> list[str]:
        return [self.uri or _URIS.get(self.name, self.name)]

    def text(self) -> str:
        return self.uri or self.name

    def condition(self) -> dict[str, Any]:
        return {"kind": "asset", "name": self.name, "uri": self.uri}

    def __hash__(self) -> int:
        return hash((self.name, self.uri))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetRef) and (self.name, self.uri) == (other.name, other.uri)


class AssetAlias(Asset):
    """As in Airflow: assets that are known only when a task ran."""

    def __init__(self, name: Any, group: str = "asset") -> None:
        super().__init__(name, f"alias:{plain(name)}")

    def condition(self) -> dict[str, Any]:
        return {"kind": "alias", "name": self.name}


class AssetAny(AssetExpression):
    """As in Airflow."""

    def __init__(self, *parts: Any) -> None:
        super().__init__("|", parts)


class AssetAll(AssetExpression):
    """As in Airflow."""

    def __init__(self, *parts: Any) -> None:
        super().__init__("&", parts)


class Metadata:
    """As in Airflow; made when a task runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args


class Timetable:
    """Base of the timetables, also of the repository's own. `_keeps` names what has a field of its own in the model."""

    description = ""
    _keeps: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    def __new__(cls, *args: Any, **kwargs: Any) -> Timetable:
        """What it is given is kept, also where a class of the repository does not hand it on."""
        made = super().__new__(cls)
        made.__dict__["_workbook_given"] = _named(cls, args, kwargs)
        return made

    def arguments(self) -> dict[str, Any]:
        """What it was given beyond what has a field of its own."""
        return {name: value for name, value in self.__dict__["_workbook_given"].items() if name not in self._keeps}


def _named(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name; positional ones that have none count from 0. Pythons differ in what they take for the signature of a class."""
    taken = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    names = [parameter.name for parameter in taken if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)]
    return {(names[at] if at < len(names) else str(at)): value for at, value in enumerate(args)} | kwargs


class _Cron(Timetable):
    _keeps = ("cron", "timezone")

    def __init__(self, cron: Any = None, timezone: Any = "UTC", **kwargs: Any) -> None:
        super().__init__(cron, **kwargs)
        self.cron, self.timezone = cron, timezone


class CronTriggerTimetable(_Cron):
    """As in Airflow."""


class CronDataIntervalTimetable(_Cron):
    """As in Airflow."""


class CronPartitionTimetable(_Cron):
    """As in Airflow 3: by cron, each run with a partition key."""


class MultipleCronTriggerTimetable(Timetable):
    """As in Airflow: by several cron expressions."""

    _keeps = ("timezone",)

    def __init__(self, *crons: Any, timezone: Any = "UTC", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.crons, self.timezone = crons, timezone

    def arguments(self) -> dict[str, Any]:
        return {name: value for name, value in super().arguments().items() if not name.isdigit()}


class DeltaDataIntervalTimetable(Timetable):
    """As in Airflow."""

    _keeps = ("delta",)

    def __init__(self, delta: Any) -> None:
        super().__init__(delta)
        self.delta = delta


class DeltaTriggerTimetable(DeltaDataIntervalTimetable):
    """As in Airflow."""

    def __init__(self, delta: Any, *, interval: Any = timedelta()) -> None:
        super().__init__(delta)


class AssetOrTimeSchedule(Timetable):
    """As in Airflow: by assets, or by time."""

    _keeps = ("timetable", "assets", "datasets")

    def __init__(self, *, timetable: Any, assets: Any = NOTSET, datasets: Any = NOTSET) -> None:
        super().__init__()
        self.timetable = timetable
        self.assets = assets if assets is not NOTSET else datasets


class DatasetOrTimeSchedule(AssetOrTimeSchedule):
    """As in Airflow 2."""


class PartitionedAssetTimetable(Timetable):
    """As in Airflow 3: by the partitions of assets."""

    _keeps = ("assets",)

    def __init__(self, assets: Any, partition_mapper_config: Any = None, default_partition_mapper: Any = None) -> None:
        super().__init__()
        self.assets = assets


class PartitionedAtRuntime(Timetable):
    """As in Airflow 3: never scheduled; its tasks say which partitions there are."""


class EventsTimetable(Timetable):
    """As in Airflow: listed moments."""

    _keeps = ("event_dates", "presorted")

    def __init__(self, event_dates: Any, restrict_to_events: bool = False, presorted: bool = False, description: Any = None) -> None:
        super().__init__()
        self.event_dates = list(event_dates)


class NullTimetable(Timetable):
    """As in Airflow."""


class OnceTimetable(Timetable):
    """As in Airflow."""


class ContinuousTimetable(Timetable):
    """As in Airflow."""


class _AssetDecorator:
    """As in Airflow 3: a function that makes an asset, which is a DAG with one task. `asset.multi` makes several."""

    def __call__(self, *args: Any, **settings: Any) -> Any:
        if args and callable(args[0]):
            return _asset_dag(args[0], {}, None)
        return lambda function: _asset_dag(function, settings, None)

    def multi(self, *, outlets: Any, **settings: Any) -> Any:
        """Several assets of one function."""
        return lambda function: _asset_dag(function, settings, list(outlets))


def _asset_dag(function: Any, settings: dict[str, Any], outlets: list[Any] | None) -> Asset:
    from workbook_lib.sources.airflow._standins._dag import DAG
    from workbook_lib.sources.airflow._standins._names import operator_class
    from workbook_lib.sources.tracing._exprs import callable_place

    name = settings.get("name") or function.__name__
    made = Asset(name, settings.get("uri"))
    own = ("name", "uri", "group", "extra", "watchers", "io_manager", "dag_id")
    named = [key for key in inspect.signature(function).parameters if key not in ("self", "context")]
    with DAG(settings.get("dag_id") or name, **{key: value for key, value in settings.items() if key not in own}) as dag:
        task = operator_class("_AssetMainOperator", "airflow.sdk.definitions.asset.decorators")(
            task_id=function.__name__, python_callable=function, inlets=[Asset(key) for key in named], outlets=outlets or [made]
        )
    place = callable_place(function)
    if place is not None:
        for thing in (dag, task):
            thing._trail.origin.update(file=place[0], line=place[1])
    return made


asset = _AssetDecorator()
