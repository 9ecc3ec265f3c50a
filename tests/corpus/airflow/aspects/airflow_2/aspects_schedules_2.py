"""Every kind of schedule of Airflow 2."""

from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias, DatasetAll, DatasetAny
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy import DummyOperator
from airflow.timetables.datasets import DatasetOrTimeSchedule
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable
from dateutil.relativedelta import relativedelta

a, b, c = Dataset("s3://a/a"), Dataset("s3://b/b", extra={"x": 1}), Dataset("c", {"y": 2})
SCHEDULES = {
    "none": None,
    "once": "@once",
    "continuous": "@continuous",
    "monthly": "@monthly",
    "yearly": "@yearly",
    "quarterly": "@quarterly",
    "five_fields": "*/5 2,3 * * *",
    "delta": timedelta(days=2, hours=1),
    "relative": relativedelta(months=1),
    "cron_trigger": CronTriggerTimetable("0 6 * * *", timezone="Europe/Paris", interval=timedelta(hours=6)),
    "cron_interval": CronDataIntervalTimetable("0 6 * * *", pendulum.timezone("Asia/Tokyo")),
    "delta_interval": DeltaDataIntervalTimetable(timedelta(hours=5)),
    "delta_trigger": DeltaTriggerTimetable(timedelta(hours=5), interval=timedelta(hours=1)),
    "events": EventsTimetable(
        [pendulum.datetime(2025, 2, 1, tz="Europe/Berlin"), pendulum.datetime(2025, 1, 1, 12, tz="UTC")], restrict_to_events=True
    ),
    "null": NullTimetable(),
    "once_table": OnceTimetable(),
    "continuous_table": ContinuousTimetable(),
    "one_asset": a,
    "list_of_assets": [a, b],
    "alias": DatasetAlias("later"),
    "any_then_all": (a | b) & c,
    "chain_of_any": a | b | c,
    "right_any": a | (b | c),
    "classes": DatasetAny(a, DatasetAll(b, c), DatasetAlias("later")),
    "or_time": DatasetOrTimeSchedule(timetable=CronTriggerTimetable("0 1 * * 3", timezone="Europe/Rome"), datasets=[a, b]),
    "or_time_any": DatasetOrTimeSchedule(timetable=DeltaDataIntervalTimetable(timedelta(hours=3)), datasets=(a | b)),
}
for name, schedule in SCHEDULES.items():
    runs = {"max_active_runs": 1} if "continuous" in name else {}
    with DAG(f"aspects_2_{name}", start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"), schedule=schedule, **runs):
        BashOperator(task_id="one", bash_command="true") >> DummyOperator(task_id="two", trigger_rule="dummy")

with DAG("aspects_2_implicit", start_date=datetime(2024, 1, 1), fail_stop=True):
    DummyOperator(task_id="one")

with DAG("aspects_2_interval", start_date=datetime(2024, 1, 1), schedule_interval="@daily", concurrency=7):
    DummyOperator(task_id="one")

with DAG("aspects_2_timetable", start_date=datetime(2024, 1, 1), timetable=CronTriggerTimetable("5 4 * * *", timezone="UTC")):
    DummyOperator(task_id="one")
