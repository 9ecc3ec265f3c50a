"""Flow code that raises by itself, also while it handles a task's failure."""

from __future__ import annotations

from prefect import flow, task


class Refused(Exception):
    """What the team's flows end with."""


@task
def first() -> int:
    raise ValueError("no rows")


@task
def second(rows: int) -> int:
    return rows


@task
def last() -> None:
    pass


@flow
def raises(how: str = "binds"):
    if how == "waits":
        rows = first.submit()
        return second.submit(rows).result()
    try:
        first()
    except Exception as error:
        if how == "wraps":
            raise Refused("first failed") from error
        if how == "binds":
            second.submit(amount=1)
        if how == "computes":
            return 1 / 0
        raise
    return last()
