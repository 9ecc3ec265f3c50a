from datetime import datetime

from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

STORE = BaseHook.get_connection("store")
EXTRA = STORE.extra_dejson

with DAG("connection_decides", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    up = EmptyOperator(task_id=f"{STORE.conn_type}_{STORE.schema}")
    for region in EXTRA["regions"]:
        up >> BashOperator(task_id=f"copy_{region}", bash_command=f"copy {STORE.host}:{STORE.port}/{region}")
    if EXTRA.get("archive", False):
        EmptyOperator(task_id="archive")
