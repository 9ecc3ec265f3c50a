"""Flow code that computes with a task's result."""

from __future__ import annotations

from prefect import flow, task


@task
def count() -> int:
    return 3


@task
def report(text: str) -> str:
    return text


@flow
def computes():
    number = count()
    try:
        return report(f"{number + 1} rows")
    except Exception:
        return report("none")
