"""Take in the shop's orders: read, check, sum up.

Migrated from the Airflow DAG `shop_orders` (shop_orders.py).
"""

from __future__ import annotations

from datetime import date

from prefect import flow, task

from shared.shop_common import euros, read_table

RETRY = {"retries": 1, "retry_delay_seconds": 120}


@task(**RETRY)
def read() -> list[dict]:
    return read_table("orders")


@task(**RETRY)
def check(rows: list[dict]) -> list[dict]:
    """Keep the rows with a positive quantity."""
    return [row for row in rows if int(row["quantity"]) > 0]


@task(**RETRY)
def turnover(rows: list[dict]) -> str:
    return euros(sum(int(row["quantity"]) * int(row["cents"]) for row in rows))


@flow
def shop_orders(day: date | None = None) -> None:
    """`day` is the day that a run stands for, its logical date; another flow asks for it."""
    rows = read()
    turnover(check(rows))


if __name__ == "__main__":
    shop_orders()
