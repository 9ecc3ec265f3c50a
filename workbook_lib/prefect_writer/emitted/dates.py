"""The date that a run stands for when it is given none."""

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
