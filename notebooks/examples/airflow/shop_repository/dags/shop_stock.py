"""Stock of the shop: one task per warehouse, then a list of what has to be bought."""
from airflow import DAG
from airflow.operators.python import PythonOperator

from shop.common import DEFAULT_ARGS, START, read_table

WAREHOUSES = ["berlin", "lyon"]


def count(warehouse):
    return {row["item"]: int(row["pieces"]) for row in read_table("stock") if row["warehouse"] == warehouse}


def to_buy(ti, minimum):
    total = {}
    for stock in ti.xcom_pull(task_ids=[f"count_{w}" for w in WAREHOUSES]):
        for item, pieces in stock.items():
            total[item] = total.get(item, 0) + pieces
    return sorted(item for item, pieces in total.items() if pieces < minimum)


with DAG(
    "shop_stock",
    schedule="0 3 * * *",
    start_date=START,
    catchup=False,
    default_args=DEFAULT_ARGS,
    tags=["shop"],
) as dag:
    counts = [
        PythonOperator(task_id=f"count_{warehouse}", python_callable=count, op_kwargs={"warehouse": warehouse})
        for warehouse in WAREHOUSES
    ]
    buy = PythonOperator(task_id="to_buy", python_callable=to_buy, op_kwargs={"minimum": 10})

    counts >> buy
