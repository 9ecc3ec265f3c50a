"""Other DAGs: started by a task, with and without waiting for them."""

from datetime import datetime

from airflow import DAG

try:
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.trigger_dagrun import TriggerDagRunOperator
except ImportError:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}

with DAG("started", params={"colour": "blue"}, **OPEN):
    BashOperator(task_id="say", bash_command="echo {{ params.colour }}")

with DAG("starter", **OPEN):
    start = TriggerDagRunOperator(task_id="start", trigger_dag_id="started", conf={"colour": "red"})
    dated = TriggerDagRunOperator(task_id="dated", trigger_dag_id="started", logical_date="2024-02-03T00:00:00+00:00", reset_dag_run=True)
    start >> EmptyOperator(task_id="after")
    dated >> EmptyOperator(task_id="after_dated")
    TriggerDagRunOperator(task_id="nobody", trigger_dag_id="no_such_dag")
