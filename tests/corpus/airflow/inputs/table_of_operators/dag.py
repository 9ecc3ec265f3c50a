from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

KINDS = {"shell": BashOperator, "nothing": EmptyOperator}
MORE = {"shell": {"bash_command": "true"}}

with DAG("table_of_operators", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    for name, kind in Variable.get("steps", deserialize_json=True).items():
        KINDS[kind](task_id=name, **MORE.get(kind, {}))
