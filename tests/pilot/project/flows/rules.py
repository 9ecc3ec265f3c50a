"""Tasks behind gates: a short circuit, a task that may skip, a tail that always runs."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from shared.trigger_rules import Skip, finish, submit


@task(task_run_name="first", retries=1, on_failure=[lambda task, run, state: Path("hook.txt").write_text("called")])
def first() -> str:
    raise Skip("nothing to do")


@task(task_run_name="gate")
def gate() -> bool:
    return False


@task(task_run_name="after", retries=1)
def after() -> str:
    return "after"


@task(task_run_name="last")
def last() -> str:
    return "last"


@flow
def rules():
    one = submit(first)
    two = submit(gate, after=[one], rule="all_done")
    three = submit(after, after=[two], gate=two)
    four = submit(last, after=[three, one], rule="all_done")
    return finish([four])
