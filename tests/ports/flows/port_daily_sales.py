"""Daily sales: extract per region, total, publish or hold, load what was published, always clean up.

Migrated from the Airflow DAG `daily_sales` (daily_sales_dag.py).
"""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

from prefect import State, flow, get_run_logger, runtime, task, unmapped
from prefect.futures import wait

from shared.shell import run_shell

REGIONS = {"north": 700, "south": 500}
DATABASE = "sales.db"

RETRY = {"retries": 2, "retry_delay_seconds": 30}


@task(task_run_name="extract_{region}", **RETRY)
def extract(region: str, day: date) -> dict:
    return {"region": region, "day": day.isoformat(), "amount": REGIONS[region]}


@task(**RETRY)
def total(rows: list) -> int:
    return sum(row["amount"] for row in rows)


@task(**RETRY)
def choose(amount: int) -> str:
    return "publish" if amount >= 1000 else "hold"


@task(**RETRY)
def publish(amount: int, day: date) -> str:
    return run_shell(f"echo publishing {amount} for {day}")


@task(**RETRY)
def hold(day: date) -> str:
    return run_shell(f"echo holding {day}")


@task(**RETRY)
def load(rows: list) -> int:
    """Write one row per region; a second run for the same day replaces them."""
    connection = sqlite3.connect(DATABASE)
    with connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS sales "
            "(day TEXT, region TEXT, amount INTEGER, PRIMARY KEY (day, region))"
        )
        connection.executemany("INSERT OR REPLACE INTO sales VALUES (:day, :region, :amount)", rows)
    connection.close()
    return len(rows)


@task(**RETRY)
def notify(day: date) -> str:
    return run_shell(f"echo done {day:%Y%m%d}")


@task(**RETRY)
def cleanup() -> str:
    return run_shell("echo clean")


@flow
def daily_sales(day: date | None = None) -> State:
    """`day` is the day that a run stands for, its logical date; by default that of a run scheduled now."""
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    try:
        rows = extract.map(list(REGIONS), day=unmapped(day))
        wait(rows)
        amount = total(rows.result())
        if choose(amount) == "publish":
            publish(amount, day)
            load(rows.result())
        else:
            hold(day)
        notify(day)
    except Exception:
        get_run_logger().exception("A task failed; cleanup runs all the same")
    return cleanup(return_state=True)


if __name__ == "__main__":
    daily_sales()
