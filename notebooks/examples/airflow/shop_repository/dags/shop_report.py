"""The shop's morning report: waits until the orders of the same night are in."""
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.sensors.external_task import ExternalTaskSensor

from shop.common import DEFAULT_ARGS, START, read_table


def best_item():
    """The item ordered most often."""
    pieces = {}
    for row in read_table("orders"):
        pieces[row["item"]] = pieces.get(row["item"], 0) + int(row["quantity"])
    return max(sorted(pieces), key=pieces.get)


with DAG(
    "shop_report",
    schedule="0 3 * * *",
    start_date=START,
    catchup=False,
    default_args=DEFAULT_ARGS,
    tags=["shop"],
) as dag:
    orders_are_in = ExternalTaskSensor(
        task_id="orders_are_in",
        external_dag_id="shop_orders",
        external_task_id="turnover",
        poke_interval=60,
        timeout=3600,
    )
    best = PythonOperator(task_id="best_item", python_callable=best_item)
    write = BashOperator(
        task_id="write",
        bash_command="echo 'best on {{ ds }}: {{ ti.xcom_pull(task_ids=\"best_item\") }}'",
    )

    orders_are_in >> best >> write
