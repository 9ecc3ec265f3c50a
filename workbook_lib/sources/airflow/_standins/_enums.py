"""Enumerations and small helpers with the values that Airflow gives them."""

from __future__ import annotations

import enum
import logging
from datetime import datetime as _datetime
from datetime import timedelta, tzinfo
from typing import Any

import pendulum

from workbook_lib.sources.tracing._calls import moving


class TriggerRule(str, enum.Enum):  # noqa: UP042 - as in Airflow: its text is the value
    """https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#trigger-rules"""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_FAILED_OR_SKIPPED = "none_failed_or_skipped"
    NONE_SKIPPED = "none_skipped"
    DUMMY = "dummy"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"

    def __str__(self) -> str:
        return str(self.value)


class WeekDay(enum.IntEnum):
    """Monday is 1."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> int:
        return int(cls[week_day_str.upper()])


class _TextEnum(str, enum.Enum):  # noqa: UP042
    def __str__(self) -> str:
        return str(self.value)


class TaskInstanceState(_TextEnum):
    """As in Airflow."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"


class DagRunState(_TextEnum):
    """As in Airflow."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class State:
    """As in Airflow."""

    SUCCESS, FAILED, RUNNING, QUEUED = "success", "failed", "running", "queued"
    SKIPPED, UPSTREAM_FAILED, REMOVED, NONE = "skipped", "upstream_failed", "removed", None
    SCHEDULED, DEFERRED, UP_FOR_RETRY, UP_FOR_RESCHEDULE = "scheduled", "deferred", "up_for_retry", "up_for_reschedule"
    finished = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
    unfinished = frozenset({"scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule"})


class DagRunType(_TextEnum):
    """As in Airflow."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"


class WeightRule(_TextEnum):
    """As in Airflow."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> Any:
    """As in Airflow 1.10 and 2."""
    today = moving(pendulum.today("UTC"))
    return today.add(days=-int(n)).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)


class timezone:
    """The names of the module `airflow.utils.timezone`."""

    utc = pendulum.UTC

    @staticmethod
    def utcnow() -> Any:
        return moving(pendulum.now("UTC"))

    @staticmethod
    def datetime(*args: Any, **kwargs: Any) -> _datetime:
        return _datetime(*args, **{"tzinfo": pendulum.UTC, **kwargs})

    @staticmethod
    def make_aware(value: Any, timezone: Any = None) -> Any:
        zone: tzinfo = pendulum.timezone(timezone) if isinstance(timezone, str) else timezone or pendulum.UTC
        return value.replace(tzinfo=zone)

    @staticmethod
    def make_naive(value: Any, timezone: Any = None) -> Any:
        return value.replace(tzinfo=None)

    @staticmethod
    def parse(text: str, timezone: Any = None, strict: bool = False) -> Any:
        return pendulum.parse(text, tz=timezone or "UTC", strict=strict)

    @staticmethod
    def coerce_datetime(value: Any, tz: Any = None) -> Any:
        return value if value is None or value.tzinfo else value.replace(tzinfo=tz or pendulum.UTC)

    convert_to_utc = coerce_datetime

    @staticmethod
    def is_localized(value: Any) -> bool:
        return value.utcoffset() is not None

    @staticmethod
    def parse_timezone(name: Any) -> Any:
        return pendulum.timezone(name)

    @staticmethod
    def beginning_of_day() -> Any:
        return days_ago(0)


class LoggingMixin:
    """As in Airflow."""

    @property
    def log(self) -> logging.Logger:
        return logging.getLogger("traced")


def exactly_one(*args: Any) -> bool:
    """As in Airflow."""
    return sum(map(bool, args)) == 1


def round_time(dt: Any, delta: Any = timedelta(days=1), start_date: Any = None) -> Any:
    """As in Airflow 1.10; kept as it is."""
    return dt


class PokeReturnValue:
    """As in Airflow."""

    def __init__(self, is_done: bool = False, xcom_value: Any = None) -> None:
        self.is_done, self.xcom_value = is_done, xcom_value
