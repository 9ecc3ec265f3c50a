"""Sum up orders per customer; the number of customers is known only when it runs.

Migrated from the Airflow DAG `orders_by_customer` (orders_by_customer.py).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from prefect import flow, runtime, task
from prefect.futures import wait

ORDERS = [
    {"customer": "ada", "item": "lamp", "price": 40},
    {"customer": "ben", "item": "desk", "price": 180},
    {"customer": "ada", "item": "chair", "price": 90},
    {"customer": "cyd", "item": "shelf", "price": 75},
]

RETRY = {"retries": 1, "retry_delay_seconds": 300}


@task(**RETRY)
def read_orders(ds: str) -> list[dict]:
    """All orders of the day."""
    return [order | {"day": ds} for order in ORDERS]


@task(**RETRY)
def by_customer(orders: list[dict]) -> list[dict]:
    """One element per customer, in the order of their names."""
    prices = defaultdict(list)
    for order in orders:
        prices[order["customer"]].append(order["price"])
    return [{"customer": name, "prices": prices[name]} for name in sorted(prices)]


@task(**RETRY)
def bill(group: dict, discount: int) -> dict:
    """What one customer has to pay; orders above 100 get the discount in percent."""
    amount = sum(group["prices"])
    if amount > 100:
        amount = amount * (100 - discount) // 100
    return {"customer": group["customer"], "amount": amount}


@task(name="checks.count", **RETRY)
def checks_count(bills: list[dict]) -> int:
    return len(list(bills))


@task(name="checks.highest", **RETRY)
def checks_highest(bills: list[dict]) -> str:
    return max(bills, key=lambda bill: bill["amount"])["customer"]


@task(**RETRY)
def report(count: int, highest: str, ds: str) -> str:
    """One line for people."""
    return f"{ds}: {count} customers, most by {highest}"


@flow
def orders_by_customer(day: date | None = None) -> None:
    """`day` is the day that a run stands for, its logical date; by default that of a run scheduled now."""
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    orders = read_orders(day.isoformat())
    groups = by_customer(orders)
    if groups:
        bills = bill.map(groups, discount=10)
        wait(bills)
        count = checks_count.submit(bills.result())
        highest = checks_highest.submit(bills.result())
        wait([count, highest])
        report(count.result(), highest.result(), day.isoformat())


if __name__ == "__main__":
    orders_by_customer()
