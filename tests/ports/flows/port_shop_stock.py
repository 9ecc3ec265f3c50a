"""Stock of the shop: one task per warehouse, then a list of what has to be bought.

Migrated from the Airflow DAG `shop_stock` (shop_stock.py).
"""

from __future__ import annotations

from prefect import flow, task
from prefect.futures import wait

from shared.shop_common import read_table

WAREHOUSES = ["berlin", "lyon"]

RETRY = {"retries": 1, "retry_delay_seconds": 120}


@task(task_run_name="count_{warehouse}", **RETRY)
def count(warehouse: str) -> dict:
    return {row["item"]: int(row["pieces"]) for row in read_table("stock") if row["warehouse"] == warehouse}


@task(**RETRY)
def to_buy(minimum: int, counts: list) -> list:
    total = {}
    for stock in counts:
        for item, pieces in stock.items():
            total[item] = total.get(item, 0) + pieces
    return sorted(item for item, pieces in total.items() if pieces < minimum)


@flow
def shop_stock() -> None:
    counts = count.map(WAREHOUSES)
    wait(counts)
    to_buy(10, counts.result())


if __name__ == "__main__":
    shop_stock()
