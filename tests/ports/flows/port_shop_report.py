"""The shop's morning report: waits until the orders of the same night are in.

Migrated from the Airflow DAG `shop_report` (shop_report.py).
"""

from __future__ import annotations

from datetime import date, timedelta

from prefect import flow, runtime, task

from shared.other_flows import run_has
from shared.shell import run_shell
from shared.shop_common import read_table
from shared.trigger_rules import worth_a_retry
from shared.waiting import wait_or_give_up

RETRY = {"retries": 1, "retry_delay_seconds": 120}


@task(retry_condition_fn=worth_a_retry, **RETRY)
def orders_are_in(day: date) -> None:
    wait_or_give_up(
        lambda: run_has("shop-orders", day, behind=timedelta(days=1), tasks=["turnover"]),
        every=60,
        at_most=3600,
    )


@task(**RETRY)
def best_item() -> str:
    """The item ordered most often."""
    pieces = {}
    for row in read_table("orders"):
        pieces[row["item"]] = pieces.get(row["item"], 0) + int(row["quantity"])
    return max(sorted(pieces), key=pieces.get)


@task(**RETRY)
def write(day: date, best: str) -> str:
    return run_shell(f"echo 'best on {day}: {best}'")


@flow
def shop_report(day: date | None = None) -> None:
    """`day` is the day that a run stands for, its logical date; by default that of a run scheduled now."""
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    orders_are_in(day)
    best = best_item()
    write(day, best)


if __name__ == "__main__":
    shop_report()
