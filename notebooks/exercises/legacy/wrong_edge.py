"""Two sources are cleaned, each on its own, before they are joined; the joined table is checked and published."""
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("wrong_edge", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    orders = BashOperator(task_id="orders", bash_command="echo orders")
    rates = BashOperator(task_id="rates", bash_command="echo rates")
    clean_orders = BashOperator(task_id="clean_orders", bash_command="echo clean orders")
    clean_rates = BashOperator(task_id="clean_rates", bash_command="echo clean rates")
    join = BashOperator(task_id="join", bash_command="echo joined")
    check = BashOperator(task_id="check", bash_command="echo checked")
    publish = BashOperator(task_id="publish", bash_command="echo published")

    orders >> clean_orders >> join
    rates >> clean_rates >> join
    join >> check >> publish
