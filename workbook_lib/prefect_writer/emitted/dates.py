"""Dates that a cron schedule gives: that of a run that is given none, and those next to a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect import runtime


def interval_start(cron: str, timezone: str = "UTC") -> datetime:
    """The start of the last interval between two times of a cron schedule that had ended when this flow run was due."""
    due = runtime.flow_run.scheduled_start_time.astimezone(ZoneInfo(timezone))
    times = CronSim(cron, due + timedelta(seconds=1), reverse=True)
    next(times)  # the end of that interval
    return next(times).astimezone(UTC)


def time_after(moment: datetime, cron: str, timezone: str = "UTC") -> datetime:
    """The first time of a cron schedule after a moment."""
    return next(CronSim(cron, moment.astimezone(ZoneInfo(timezone)))).astimezone(UTC)


def time_before(moment: datetime, cron: str, timezone: str = "UTC") -> datetime:
    """The last time of a cron schedule before a moment."""
    return next(CronSim(cron, moment.astimezone(ZoneInfo(timezone)), reverse=True)).astimezone(UTC)
