"""Datasets and assets, and the timetables: what a schedule may be made of."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET
from workbook_lib.sources.tracing._entries import Expr, constant
from workbook_lib.sources.tracing._symbols import plain, settle


class AssetExpression:
    """`a | b`, `a & b` over assets."""

    def __init__(self, sign: str = "", parts: tuple[Any, ...] = ()) -> None:
        self.sign, self.parts = sign, parts

    def __or__(self, other: Any) -> AssetExpression:
        return AssetExpression("|", (self, other))

    def __and__(self, other: Any) -> AssetExpression:
        return AssetExpression("&", (self, other))

    def uris(self) -> list[str]:
        """All assets in it, in order."""
        return list(dict.fromkeys(uri for part in self.parts for uri in part.uris()))

    def text(self) -> str:
        """For people."""
        shown = [f"({part.text()})" if getattr(part, "sign", "") not in ("", self.sign) else part.text() for part in self.parts]
        return f" {self.sign} ".join(shown)

    def _workbook_expr(self) -> Expr:
        return constant(self.text())


class Asset(AssetExpression):
    """As in Airflow: Dataset(uri) of 2.x, Asset(name, uri) of 3."""

    def __init__(
        self, name: Any = None, uri: Any = None, *, extra: Any = None, group: str = "asset", watchers: Any = None, **more: Any
    ) -> None:
        super().__init__()
        self.uri = str(settle(uri if uri is not None else name, "an asset's name"))
        self.name = str(settle(name if name is not None else uri, "an asset's name"))
        self.extra, self.group = extra, group

    @classmethod
    def ref(cls, *, name: Any = None, uri: Any = None) -> Asset:
        """An asset named elsewhere."""
        return cls(name, uri)

    def uris(self) -> list[str]:
        return [self.uri]

    def text(self) -> str:
        return self.uri

    def __fspath__(self) -> str:
        return self.uri

    def __hash__(self) -> int:
        return hash(self.uri)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and self.uri == other.uri


class AssetAlias(Asset):
    """As in Airflow: assets that are known only when a task ran."""

    def __init__(self, name: Any, group: str = "asset") -> None:
        super().__init__(name, f"alias:{plain(name)}")


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
    """Base of the timetables, also of the repository's own."""

    description = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class _Cron(Timetable):
    def __init__(self, cron: Any = None, *, timezone: Any = "UTC", **kwargs: Any) -> None:
        super().__init__(cron, **kwargs)
        self.cron, self.timezone = cron, timezone


class CronTriggerTimetable(_Cron):
    """As in Airflow."""


class CronDataIntervalTimetable(_Cron):
    """As in Airflow."""

    def __init__(self, cron: Any = None, timezone: Any = "UTC") -> None:
        super().__init__(cron, timezone=timezone)


class DeltaDataIntervalTimetable(Timetable):
    """As in Airflow."""

    def __init__(self, delta: Any) -> None:
        super().__init__(delta)
        self.delta = delta


class DeltaTriggerTimetable(DeltaDataIntervalTimetable):
    """As in Airflow."""

    def __init__(self, delta: Any, *, interval: Any = timedelta()) -> None:
        super().__init__(delta)


class AssetOrTimeSchedule(Timetable):
    """As in Airflow: by assets, or by time."""

    def __init__(self, *, timetable: Any, assets: Any = NOTSET, datasets: Any = NOTSET) -> None:
        super().__init__()
        self.timetable = timetable
        self.assets = assets if assets is not NOTSET else datasets


class EventsTimetable(Timetable):
    """As in Airflow: listed moments."""


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
            origin = thing.__dict__.get("origin") or thing.__dict__["_origin"]
            origin.update(file=place[0], line=place[1])
    return made


asset = _AssetDecorator()
