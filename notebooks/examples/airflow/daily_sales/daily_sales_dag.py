"""Daily sales: extract per region, total, publish or hold, load what was published, always clean up."""
import sqlite3
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator

REGIONS = {"north": 700, "south": 500}
DATABASE = "sales.db"


def extract(region, ds):
    return {"region": region, "day": ds, "amount": REGIONS[region]}


def total(ti):
    rows = ti.xcom_pull(task_ids=[f"extract_{r}" for r in REGIONS])
    return sum(row["amount"] for row in rows)


def choose(ti):
    return "publish" if ti.xcom_pull(task_ids="total") >= 1000 else "hold"


def load(ti):
    """Write one row per region; a second run for the same day replaces them."""
    rows = ti.xcom_pull(task_ids=[f"extract_{r}" for r in REGIONS])
    connection = sqlite3.connect(DATABASE)
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS sales (day TEXT, region TEXT, amount INTEGER, PRIMARY KEY (day, region))")
        connection.executemany("INSERT OR REPLACE INTO sales VALUES (:day, :region, :amount)", rows)
    connection.close()
    return len(rows)


with DAG(
    "daily_sales",
    start_date=datetime(2024, 1, 1),
    schedule="0 6 * * *",
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["sales"],
) as dag:
    extracts = [
        PythonOperator(task_id=f"extract_{r}", python_callable=extract, op_args=[r])
        for r in REGIONS
    ]
    total_ = PythonOperator(task_id="total", python_callable=total)
    choose_ = BranchPythonOperator(task_id="choose", python_callable=choose)
    publish = BashOperator(task_id="publish", bash_command="echo publishing {{ ti.xcom_pull(task_ids='total') }} for {{ ds }}")
    hold = BashOperator(task_id="hold", bash_command="echo holding {{ ds }}")
    load_ = PythonOperator(task_id="load", python_callable=load)
    notify = BashOperator(task_id="notify", bash_command="echo done {{ ds_nodash }}", trigger_rule="none_failed_min_one_success")
    cleanup = BashOperator(task_id="cleanup", bash_command="echo clean", trigger_rule="all_done")

    extracts >> total_ >> choose_ >> [publish, hold]
    publish >> load_
    [load_, hold] >> notify >> cleanup
