from datetime import datetime

from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.operators.empty import EmptyOperator

DB = BaseHook.get_connection("db")

with DAG("connection_by_uri", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    EmptyOperator(task_id=f"{DB.conn_type}_{DB.host}_{DB.schema}_{DB.port + 1}")
    if DB.extra_dejson.get("sslmode") == "require":
        EmptyOperator(task_id="encrypted")
