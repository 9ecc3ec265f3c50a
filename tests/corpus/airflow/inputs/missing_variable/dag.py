from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

try:
    LIMIT = int(Variable.get("limit"))
except KeyError:
    LIMIT = 2

with DAG("missing_variable", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    for number in range(LIMIT):
        EmptyOperator(task_id=f"part_{number}")
    if Variable.get("hint", default_var=None) is None:
        EmptyOperator(task_id="no_hint")
