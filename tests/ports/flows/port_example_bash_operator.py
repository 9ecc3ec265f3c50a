"""Example DAG demonstrating the usage of the BashOperator.

Migrated from the Airflow DAG `example_bash_operator` (example_bash_operator.py).
"""

from __future__ import annotations

from datetime import date, timedelta

from prefect import State, flow, runtime, task

from shared.shell import run_shell, run_shell_or_skip
from shared.trigger_rules import finish, submit


@task(task_run_name="{name}")
def marker(name: str) -> None:
    """A named point of the flow; it does nothing itself."""


@task
def run_after_loop() -> str:
    return run_shell("echo https://airflow.apache.org/")


@task(task_run_name="{task_id}")
def runme(task_id: str, day: date) -> str:
    return run_shell(f'echo "example_bash_operator__{task_id}__{day:%Y%m%d}" && sleep 1')


@task
def also_run_this(day: date) -> str:
    return run_shell(f'echo "ti_key=example_bash_operator__also_run_this__{day:%Y%m%d}"')


@task
def this_will_skip() -> str:
    return run_shell_or_skip('echo "hello world"; exit 99;')


@flow(timeout_seconds=3600)
def example_bash_operator(day: date | None = None, example_key: str = "example_value") -> list[State]:
    """`day` is the day that a run stands for, its logical date; by default that of a run scheduled now."""
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    runme_runs = [submit(runme, f"runme_{number}", day) for number in range(3)]
    run_after_loop_run = submit(run_after_loop, after=runme_runs)
    also_run_this_run = submit(also_run_this, day)
    this_will_skip_run = submit(this_will_skip)
    run_this_last = submit(
        marker, "run_this_last", after=[run_after_loop_run, also_run_this_run, this_will_skip_run]
    )
    return finish([run_this_last])


if __name__ == "__main__":
    example_bash_operator()
