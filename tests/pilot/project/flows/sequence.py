"""Blocking calls, a branch and a tail that always runs."""

from __future__ import annotations

from datetime import date

from prefect import State, flow, get_run_logger, task, unmapped

REGIONS = {"north": 700, "south": 500}
RETRY = {"retries": 2, "retry_delay_seconds": 300}


@task(task_run_name="extract_{region}", **RETRY)
def extract(region: str, day: date) -> dict:
    return {"region": region, "day": day.isoformat(), "amount": REGIONS[region]}


@task(**RETRY)
def total(rows: list[dict]) -> int:
    print("adding up")
    return sum(row["amount"] for row in rows)


@task(**RETRY)
def choose(amount: int) -> str:
    return "publish" if amount >= 1000 else "hold"


@task(**RETRY)
def publish(amount: int) -> None:
    with open("published.txt", "w") as file:
        file.write(str(amount))


@task(**RETRY)
def hold() -> None:
    return None


@task(**RETRY)
def cleanup() -> tuple[str, ...]:
    return ("clean",)


@flow
def sequence(day: date) -> State:
    try:
        rows = extract.map(list(REGIONS), day=unmapped(day)).result()
        amount = total(rows)
        if choose(amount) == "publish":
            publish(amount)
        else:
            hold()
    except Exception:
        get_run_logger().exception("A task failed; cleaning up all the same")
    return cleanup(return_state=True)
