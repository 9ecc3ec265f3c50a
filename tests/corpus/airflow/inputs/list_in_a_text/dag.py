from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

NAMES = [name.strip().lower() for name in Variable.get("names", default_var="a,b").split(",") if name.strip()]

with DAG("list_in_a_text", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    last = None
    for name in NAMES:
        task = EmptyOperator(task_id=name)
        if last is not None:
            last >> task
        last = task
