from datetime import datetime, timedelta

from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

ARGS = Variable.get("task_args", deserialize_json=True)

with DAG(
    "settings_of_tasks",
    start_date=datetime.strptime(Variable.get("first_day"), "%Y-%m-%d"),
    schedule=timedelta(minutes=Variable.get("pace", deserialize_json=True)["minutes"]),
    default_args={"retries": int(Variable.get("retries")), "retry_delay": timedelta(seconds=ARGS["delay"])},
) as dag:
    first = EmptyOperator(task_id="first", pool=Variable.get("pool"))
    second = EmptyOperator(task_id="second", trigger_rule=Variable.get("rule", "all_success"), execution_timeout=timedelta(hours=ARGS["hours"]))
    first >> second
