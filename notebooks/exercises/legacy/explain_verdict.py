"""Ask a partner for rates, twice if need be, convert with them, and tell the result."""
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("explain_verdict", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    ask = BashOperator(task_id="ask", bash_command="echo 1.08", retries=1, retry_delay=timedelta(seconds=30))
    convert = BashOperator(task_id="convert", bash_command="echo converted")
    tell = BashOperator(task_id="tell", bash_command="echo told")

    ask >> convert >> tell
