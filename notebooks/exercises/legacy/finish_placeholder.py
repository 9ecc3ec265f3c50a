"""Ask the warehouse for the sales of a region, and judge the sum."""
from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.sqlite.hooks.sqlite import SqliteHook


def ask():
    hook = SqliteHook(sqlite_conn_id="warehouse")
    row = hook.get_first("SELECT count(*), sum(cents) FROM sales WHERE region = ?", parameters=["north"])
    return {"days": row[0], "cents": row[1]}


def judge(ti):
    return "enough" if ti.xcom_pull(task_ids="ask")["cents"] >= 1000 else "too little"


with DAG("finish_placeholder", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    ask_ = PythonOperator(task_id="ask", python_callable=ask)
    judge_ = PythonOperator(task_id="judge", python_callable=judge)

    ask_ >> judge_
