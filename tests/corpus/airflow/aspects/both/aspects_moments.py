"""Start dates in every way of writing a moment and a time zone, timetables of the repository, and dates given twice."""

import datetime as dt
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytz
from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.timetables.base import Timetable
from airflow.timetables.events import EventsTimetable
from airflow.timetables.trigger import CronTriggerTimetable
from airflow.utils import timezone as airflow_timezone
from airflow.utils.timezone import datetime as airflow_datetime
from dateutil import tz


class Mine(Timetable):
    def __init__(self, days=1, at=None):
        self.days = days

    @property
    def summary(self):
        return "mine"

    def serialize(self):
        return {"days": self.days}

    def infer_manual_data_interval(self, run_after):
        return None

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        return None


MOMENTS = {
    "pendulum": pendulum.datetime(2024, 1, 1, tz="Asia/Kolkata"),
    "zoneinfo": datetime(2024, 6, 1, tzinfo=ZoneInfo("Asia/Kolkata")),
    "pytz": pytz.timezone("Europe/Lisbon").localize(datetime(2024, 6, 1)),
    "pytz_utc": datetime(2024, 6, 1, tzinfo=pytz.utc),
    "dateutil": datetime(2024, 6, 1, tzinfo=tz.tzutc()),
    "fixed_of_pendulum": datetime(2024, 6, 1, tzinfo=pendulum.FixedTimezone(3600)),
    "fixed_with_a_name": datetime(2024, 6, 1, tzinfo=dt.timezone(timedelta(hours=2), "X")),
    "airflow": airflow_datetime(2024, 6, 1),
    "airflow_module": airflow_timezone.datetime(2024, 6, 1, 3, 4, 5),
    "airflow_parsed": airflow_timezone.parse("2024-06-01 05:00"),
    "parsed": pendulum.parse("2024-06-01T00:00:00+02:00"),
    "parsed_with_a_zone": pendulum.parse("2024-06-01", tz="Europe/Berlin"),
    "iso": datetime.fromisoformat("2024-06-01T01:02:03.456789"),
    "strptime": datetime.strptime("2024-06-01", "%Y-%m-%d"),
    "timestamp": datetime.fromtimestamp(1700000000, tz=dt.UTC),
    "combined": datetime.combine(date(2024, 1, 2), datetime.min.time()),
    "minus": datetime(2024, 3, 1) - timedelta(days=1),
    "over_the_change_of_time": pendulum.datetime(2024, 3, 31, 1, tz="Europe/Berlin").add(hours=3),
    "instance": pendulum.instance(datetime(2024, 1, 1), tz="Europe/Madrid"),
    "zone_object": pendulum.datetime(2024, 1, 1, tz=pendulum.timezone("Pacific/Auckland")),
}
for name, start in MOMENTS.items():
    with DAG(f"aspects_at_{name}", start_date=start, schedule="0 3 * * *", end_date=datetime(2040, 1, 1) if name < "k" else None):
        EmptyOperator(task_id="one")

SCHEDULES = {
    "own": Mine(3, at="x"),
    "own_plain": Mine(),
    "weeks": timedelta(weeks=2),
    "seconds": timedelta(seconds=90, microseconds=500000),
    "preset": CronTriggerTimetable("@daily", timezone=pendulum.timezone("Europe/Rome")),
    "with_an_interval": CronTriggerTimetable("5 0 * * *", timezone="UTC", interval=timedelta(days=1)),
    "events": EventsTimetable(event_dates=[pendulum.datetime(2025, 1, 2), pendulum.datetime(2025, 1, 1)], description="x"),
}
for name, schedule in SCHEDULES.items():
    with DAG(f"aspects_by_{name}", start_date=datetime(2024, 1, 1), schedule=schedule):
        EmptyOperator(task_id="one")

TOKYO = ZoneInfo("Asia/Tokyo")
EARLIER = datetime(2023, 1, 1)
with DAG(
    "aspects_dates_twice",
    start_date=datetime(2024, 1, 1, tzinfo=TOKYO),
    end_date=datetime(2029, 1, 1),
    schedule="@daily",
    default_args={"start_date": EARLIER, "end_date": datetime(2030, 1, 1)},
):
    EmptyOperator(task_id="one")
with DAG(
    "aspects_dates_inherited", schedule="@daily", default_args={"start_date": EARLIER.replace(tzinfo=TOKYO), "end_date": "2030-01-01"}
):
    EmptyOperator(task_id="one")
with DAG(
    "aspects_naive_and_not", start_date=datetime(2024, 1, 1), schedule="@daily", default_args={"start_date": EARLIER.replace(tzinfo=TOKYO)}
):
    EmptyOperator(task_id="one")
