from datetime import datetime

from airflow import DAG
from airflow.configuration import conf
from airflow.operators.empty import EmptyOperator

with DAG("settings_of_airflow", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    for number in range(conf.getint("core", "parallelism")):
        EmptyOperator(task_id=f"slot_{number}")
    if conf.getboolean("smtp", "smtp_ssl", fallback=False):
        EmptyOperator(task_id="ssl")
