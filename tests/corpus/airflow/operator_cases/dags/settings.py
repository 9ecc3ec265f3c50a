"""Settings of a DAG and its tasks: pools, limits, the first failure, retries and their delays."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.exceptions import AirflowFailException

try:
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import PythonOperator
except ImportError:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator

try:
    from airflow.sdk import Asset
except ImportError:
    from airflow.datasets import Dataset as Asset

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}


def hello(name):
    return f"hello {name}"


def fails():
    raise ValueError("no")


def fails_for_good():
    raise AirflowFailException("never")


with DAG("setting_pools", **OPEN):
    for name, slots in (("one", 1), ("two", 2)):
        PythonOperator(task_id=name, python_callable=hello, op_args=[name], pool="scarce", pool_slots=slots)

with DAG("setting_limits", max_active_tasks=2, max_active_runs=1, dagrun_timeout=timedelta(minutes=5), **OPEN):
    for name in "abc":
        PythonOperator(task_id=name, python_callable=hello, op_args=[name], execution_timeout=timedelta(seconds=30))

with DAG("setting_retries", **OPEN):
    delays = {"retries": 3, "retry_delay": timedelta(seconds=1)}
    PythonOperator(task_id="again", python_callable=fails, **delays)
    PythonOperator(task_id="for_good", python_callable=fails_for_good, **delays)
    PythonOperator(task_id="capped", python_callable=fails, retry_exponential_backoff=True, max_retry_delay=timedelta(seconds=2), **delays)
    EmptyOperator(task_id="end", trigger_rule="all_done")

with DAG("setting_outlets", **OPEN):
    one = PythonOperator(task_id="one", python_callable=hello, op_args=["a"], outlets=[Asset("s3://bucket/one.csv")])
    both = PythonOperator(
        task_id="both", python_callable=hello, op_args=["b"], outlets=[Asset("s3://bucket/two.csv"), Asset("s3://bucket/three.csv")]
    )
    one >> both >> EmptyOperator(task_id="point", outlets=[Asset("s3://bucket/four.csv")])

with DAG("setting_schedule_assets", schedule=[Asset("s3://bucket/one.csv"), Asset("s3://bucket/two.csv")], start_date=datetime(2024, 1, 1)):
    PythonOperator(task_id="read", python_callable=hello, op_args=["reader"])
