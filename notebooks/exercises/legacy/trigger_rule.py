"""Make a table, fill it, and drop it again, whatever happened."""
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("trigger_rule", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    make = BashOperator(task_id="make", bash_command="echo made")
    fill = BashOperator(task_id="fill", bash_command="echo filled")
    drop = BashOperator(task_id="drop", bash_command="echo dropped", trigger_rule="all_done")

    make >> fill >> drop
