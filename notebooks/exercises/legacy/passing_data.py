"""Read the day's orders, add them up, write a line about it."""
from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def read():
    return [{"order": 1, "cents": 700}, {"order": 2, "cents": 500}]


def total(ti):
    orders = ti.xcom_pull(task_ids="read")
    return sum(order["cents"] for order in orders)


def report(ti):
    return f"{ti.xcom_pull(task_ids='total')} cents"


with DAG("passing_data", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    read_ = PythonOperator(task_id="read", python_callable=read)
    total_ = PythonOperator(task_id="total", python_callable=total)
    report_ = PythonOperator(task_id="report", python_callable=report)

    read_ >> total_ >> report_
