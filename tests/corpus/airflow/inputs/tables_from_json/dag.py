from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

TABLES = Variable.get("tables", deserialize_json=True)

with DAG("tables_from_json", start_date=datetime(2024, 1, 1), schedule="@daily") as dag:
    start = EmptyOperator(task_id="start")
    for table in TABLES:
        load = BashOperator(task_id=f"load_{table['name']}", bash_command=f"load {table['name']}", retries=table.get("retries", 1))
        start >> load
        if table["check"]:
            load >> EmptyOperator(task_id=f"check_{table['name']}")
