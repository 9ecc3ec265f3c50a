"""Every kind of schedule of Airflow 3."""

from datetime import datetime, timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    AssetAlias,
    AssetAll,
    AssetAny,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    CronPartitionTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    EventsTimetable,
    MultipleCronTriggerTimetable,
)
from airflow.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from dateutil.relativedelta import relativedelta

a, b, c = Asset("s3://a/a"), Asset("bee", "s3://b/b"), Asset(name="sea", uri="s3://c/c", extra={"x": 1})
SCHEDULES = {
    "none": None,
    "once": "@once",
    "continuous": "@continuous",
    "monthly": "@monthly",
    "yearly": "@yearly",
    "five_fields": "*/5 2,3 * * *",
    "delta": timedelta(days=2, hours=1),
    "relative": relativedelta(months=1),
    "cron_trigger": CronTriggerTimetable("0 6 * * *", timezone="Europe/Paris", interval=timedelta(hours=6), run_immediately=True),
    "cron_interval": CronDataIntervalTimetable("0 6 * * *", pendulum.timezone("Asia/Tokyo")),
    "cron_partition": CronPartitionTimetable("0 7 * * *", timezone="Europe/Paris", run_offset=-1, key_format="%Y"),
    "several": MultipleCronTriggerTimetable("0 1 * * *", "30 2 * * 1", timezone="Europe/Oslo", interval=timedelta(hours=1)),
    "delta_interval": DeltaDataIntervalTimetable(timedelta(hours=5)),
    "delta_trigger": DeltaTriggerTimetable(timedelta(hours=5), interval=timedelta(hours=1)),
    "events": EventsTimetable(
        [pendulum.datetime(2025, 2, 1, tz="Europe/Berlin"), pendulum.datetime(2025, 1, 1, 12, tz="UTC")], restrict_to_events=True
    ),
    "null": NullTimetable(),
    "once_table": OnceTimetable(),
    "continuous_table": ContinuousTimetable(),
    "one_asset": b,
    "list_of_assets": [a, b],
    "alias": AssetAlias("later"),
    "references": [Asset.ref(name="sea"), Asset.ref(uri="s3://elsewhere/x")],
    "any_then_all": (a | b) & c,
    "chain_of_any": a | b | c,
    "right_any": a | (b | c),
    "classes": AssetAny(a, AssetAll(b, c), AssetAlias("later")),
    "or_time": AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 1 * * 3", timezone="Europe/Rome"), assets=[a, b]),
    "or_time_any": AssetOrTimeSchedule(timetable=DeltaTriggerTimetable(timedelta(hours=3)), assets=(a | b)),
}
for name, schedule in SCHEDULES.items():
    runs = {"max_active_runs": 1} if "continuous" in name else {}
    with DAG(f"aspects_3_{name}", start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"), schedule=schedule, **runs):
        BashOperator(task_id="one", bash_command="true") >> EmptyOperator(task_id="two", trigger_rule="always")

with DAG("aspects_3_implicit", fail_fast=True):
    BashOperator(task_id="one", bash_command="true", retry_exponential_backoff=3.5)

with DAG("aspects_3_no_start", schedule="@daily", end_date=datetime(2033, 1, 1)):
    EmptyOperator(task_id="one")
