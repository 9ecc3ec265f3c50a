import os
from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

ENV = os.environ.get("DEPLOYMENT", "development")
IS_PRODUCTION = ENV.lower() == "production"

with DAG(
    f"schedule_by_environment_{ENV}",
    start_date=datetime(2024, 1, 1),
    schedule="15 4 * * 1-5" if IS_PRODUCTION else None,
    catchup=not IS_PRODUCTION,
    tags=[ENV, "team"],
    max_active_runs=1 if IS_PRODUCTION else 4,
) as dag:
    EmptyOperator(task_id="only")
