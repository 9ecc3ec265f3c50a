"""Orders by customer: read today's orders, sum them up per customer (as many tasks as there are customers), check, report."""
from __future__ import annotations

from collections import defaultdict

import pendulum

from airflow.decorators import dag, task, task_group

ORDERS = [
    {"customer": "ada", "item": "lamp", "price": 40},
    {"customer": "ben", "item": "desk", "price": 180},
    {"customer": "ada", "item": "chair", "price": 90},
    {"customer": "cyd", "item": "shelf", "price": 75},
]


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 1},
    tags=["taskflow", "mapping"],
)
def orders_by_customer():
    """Sum up orders per customer; the number of customers is known only when it runs."""

    @task
    def read_orders(ds: str | None = None) -> list[dict]:
        """All orders of the day."""
        return [order | {"day": ds} for order in ORDERS]

    @task
    def by_customer(orders: list[dict]) -> list[dict]:
        """One element per customer, in the order of their names."""
        prices = defaultdict(list)
        for order in orders:
            prices[order["customer"]].append(order["price"])
        return [{"customer": name, "prices": prices[name]} for name in sorted(prices)]

    @task
    def bill(group: dict, discount: int) -> dict:
        """What one customer has to pay; orders above 100 get the discount in percent."""
        amount = sum(group["prices"])
        if amount > 100:
            amount = amount * (100 - discount) // 100
        return {"customer": group["customer"], "amount": amount}

    @task_group
    def checks(bills: list[dict]):
        """Two checks that do not depend on each other."""

        @task
        def count(bills: list[dict]) -> int:
            return len(list(bills))

        @task
        def highest(bills: list[dict]) -> str:
            return max(bills, key=lambda bill: bill["amount"])["customer"]

        return {"count": count(bills), "highest": highest(bills)}

    @task
    def report(count: int, highest: str, ds: str | None = None) -> str:
        """One line for people."""
        return f"{ds}: {count} customers, most by {highest}"

    orders = read_orders()
    bills = bill.partial(discount=10).expand(group=by_customer(orders))
    checked = checks(bills)
    report(checked["count"], checked["highest"])


orders_by_customer()
