import os
from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("environment_is_set", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    if "FEATURE" in os.environ:
        EmptyOperator(task_id="feature")
    if os.getenv("OTHER") is None:
        EmptyOperator(task_id="other_is_unset")
    if not os.environ.get("EMPTY"):
        EmptyOperator(task_id="empty")
    EmptyOperator(task_id=os.path.basename(os.path.expandvars("/data/$FEATURE/last_${FEATURE}")))
