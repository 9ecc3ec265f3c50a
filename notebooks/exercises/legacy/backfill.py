"""Load the day's sales into a table that holds those of all days; a run may be repeated for any day."""
import sqlite3
from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def sales(ds):
    return [[ds, "north", 700], [ds, "south", 500]]


def load(ti, ds):
    connection = sqlite3.connect("warehouse.db")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS sales (day TEXT, region TEXT, cents INTEGER)")
        connection.execute("DELETE FROM sales WHERE day = ?", [ds])
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", ti.xcom_pull(task_ids="sales"))
    found = connection.execute("SELECT day, count(*), sum(cents) FROM sales GROUP BY day ORDER BY day").fetchall()
    connection.close()
    return [list(row) for row in found]


with DAG("backfill", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    sales_ = PythonOperator(task_id="sales", python_callable=sales)
    load_ = PythonOperator(task_id="load", python_callable=load)

    sales_ >> load_
