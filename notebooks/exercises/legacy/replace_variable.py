"""Compare the day's turnover with a limit that operations may change at any time."""
from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.python import PythonOperator


def turnover():
    return 1200


def judge(ti):
    limit = int(Variable.get("turnover_limit"))
    return "high" if ti.xcom_pull(task_ids="turnover") > limit else "low"


with DAG("replace_variable", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    turnover_ = PythonOperator(task_id="turnover", python_callable=turnover)
    judge_ = PythonOperator(task_id="judge", python_callable=judge)

    turnover_ >> judge_
