"""Name the day's file, and the window of time that it covers."""
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("data_interval", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    name = BashOperator(task_id="name", bash_command="echo orders_{{ ds_nodash }}.csv")
    window = BashOperator(task_id="window", bash_command="echo '{{ data_interval_start | ds }} up to {{ data_interval_end | ds }}'")

    name >> window
