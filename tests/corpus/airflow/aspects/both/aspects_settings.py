"""Settings of tasks and DAGs that Airflow's own examples leave as they are."""

from datetime import UTC, datetime, timedelta, timezone

import pendulum
from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.utils.edgemodifier import Label

with DAG(
    "aspects_tasks",
    start_date=pendulum.datetime(2024, 3, 1, 6, 30, 15, tz="Europe/Berlin"),
    end_date=datetime(2031, 12, 31, 23, 59, 59),
    schedule="30 6 * * 1-5",
    catchup=True,
    tags=["b", "a", "b"],
    dagrun_timeout=timedelta(hours=2, minutes=1),
    max_active_runs=3,
    max_active_tasks=5,
    max_consecutive_failed_dag_runs=4,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=20), "pool": "shared", "owner": "me"},
) as dag:
    plain = EmptyOperator(task_id="plain")
    backing_off = BashOperator(
        task_id="backing_off",
        bash_command="true",
        retries=4,
        retry_delay=90,
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(minutes=9),
        execution_timeout=timedelta(seconds=45),
        pool="own",
        pool_slots=3,
        trigger_rule="all_done",
    )
    never = BashOperator(task_id="never", bash_command="true", retries=0, pool=None, max_retry_delay=30.5, trigger_rule="always")
    plain >> Label("when it is ready") >> backing_off >> never
    plain >> never
    never.trigger_rule = "one_failed"

with DAG("aspects_default_dates", schedule=None, default_args={"start_date": datetime(2023, 5, 6, 7), "end_date": datetime(2030, 1, 1)}):
    EmptyOperator(task_id="one")
    EmptyOperator(task_id="two", retry_exponential_backoff=False, execution_timeout=timedelta(days=1))

with DAG("aspects_text_dates", schedule="@weekly", default_args={"start_date": "2023-05-06T07:08:09"}, catchup=False):
    EmptyOperator(task_id="one")

with DAG("aspects_offset", start_date=datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))), schedule="0 1 * * *"):
    EmptyOperator(task_id="one")

with DAG("aspects_hours", start_date=datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-7))), schedule="0 1 * * *"):
    EmptyOperator(task_id="one")

with DAG("aspects_zone", start_date=datetime(2024, 7, 1, tzinfo=pendulum.timezone("America/New_York")), schedule=timedelta(minutes=90)):
    EmptyOperator(task_id="one")

with DAG("aspects_utc", start_date=datetime(2024, 7, 1, tzinfo=UTC), schedule="@hourly", default_args={"catchup": True}):
    EmptyOperator(task_id="one")
