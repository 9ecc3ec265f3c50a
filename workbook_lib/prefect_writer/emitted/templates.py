"""Templates that are rendered by Jinja while a task runs, as the legacy engine renders them: what is undefined is an error."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment


def _written(pattern: str) -> Callable[[date | None], str | None]:
    return lambda moment: None if moment is None else moment.strftime(pattern)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


FILTERS: dict[str, Callable[..., Any]] = {
    "ds": _written("%Y-%m-%d"),
    "ds_nodash": _written("%Y%m%d"),
    "ts": _iso,
    "ts_nodash": _written("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda moment: None if moment is None else moment.isoformat().replace("-", "").replace(":", ""),
}


def _add_days(day: str, days: int) -> str:
    return (datetime.strptime(day, "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def _rewrite_day(day: str, pattern: str, other: str) -> str:
    return datetime.strptime(day, pattern).strftime(other)


MACROS = SimpleNamespace(
    datetime=datetime,
    timedelta=timedelta,
    ds_add=_add_days,
    ds_format=_rewrite_day,
    json=json,
    random=random.random,
    time=time,
    uuid=uuid,
)


def render(text: str, names: Mapping[str, Any], filters: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """The text that a template becomes; `names` are those that it uses."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    environment.filters |= FILTERS | dict(filters or {})
    return environment.from_string(text).render({"macros": MACROS, **names})


def render_native(text: str, names: Mapping[str, Any], filters: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """The same as a Python value, where the text of it is one."""
    environment = NativeEnvironment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    environment.filters |= FILTERS | dict(filters or {})
    return environment.from_string(text).render({"macros": MACROS, **names})


def pulled(results: Mapping[tuple[str, str], Any], *, gaps: bool = False) -> Callable[..., Any]:
    """`xcom_pull` over results by task and name; in lists, what nobody handed over is None (`gaps`) or left out."""

    def xcom_pull(task_ids: Any = None, dag_id: Any = None, key: str = "return_value", default: Any = None, **more: Any) -> Any:
        if isinstance(task_ids, str):
            value = results[task_ids, key]
            return default if value is None and (not gaps or "map_indexes" in more) else value
        values = [results[task, key] for task in task_ids]
        return values if gaps else [value for value in values if value is not None]

    return xcom_pull
