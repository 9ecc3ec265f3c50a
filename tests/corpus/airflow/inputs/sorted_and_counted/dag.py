from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

WEIGHTS = Variable.get("weights", deserialize_json=True)

with DAG("sorted_and_counted", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    ordered = sorted(WEIGHTS, key=lambda name: (-WEIGHTS[name], name))
    for position, name in enumerate(ordered):
        EmptyOperator(task_id=f"{position:02d}_{name}")
    if sum(WEIGHTS.values()) > 5 and len(WEIGHTS) >= 3:
        EmptyOperator(task_id="heavy")
    EmptyOperator(task_id="-".join(ordered[:2]).replace("-", "_and_"))
    EmptyOperator(task_id="max_%d" % max(WEIGHTS.values()))
