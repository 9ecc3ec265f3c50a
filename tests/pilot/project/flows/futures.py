"""Futures, a mapped task and a run that waits without taking a value."""

from __future__ import annotations

from prefect import flow, task


@task(task_run_name="numbers")
def numbers() -> list[int]:
    return [1, 2, 3]


@task(task_run_name="square", retries=1, retry_delay_seconds=60)
def square(x: int) -> int:
    return x * x


@task(task_run_name="sum_up")
def sum_up(values: list[int]) -> int:
    return sum(values)


@task(task_run_name="side note")
async def side_note() -> str:
    return "noted"


@flow
def futures():
    listed = numbers.submit()
    squares = square.map(listed)
    added = sum_up.submit(squares)
    noted = side_note.submit(wait_for=[squares[0]]) if squares else None
    return [future for future in (added, noted) if future is not None]
