"""Stop the shop, move its tables, start it again; measuring takes place beside that."""
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("waiting", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    stop = BashOperator(task_id="stop", bash_command="echo stopped")
    move = BashOperator(task_id="move", bash_command="echo moved")
    start = BashOperator(task_id="start", bash_command="echo started")
    measure = BashOperator(task_id="measure", bash_command="echo measured")

    stop >> move >> start
    stop >> measure
