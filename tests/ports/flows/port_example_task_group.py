"""Example DAG demonstrating the usage of the TaskGroup.

Migrated from the Airflow DAG `example_task_group` (example_task_group.py).
"""

from __future__ import annotations

from prefect import flow, task
from prefect.futures import PrefectFuture

from shared.shell import run_shell


@task(task_run_name="{name}")
def marker(name: str) -> None:
    """A named point of the flow; it does nothing itself."""


@task
def task_2() -> str:
    return run_shell("echo 1")


@flow
def example_task_group() -> list[PrefectFuture]:
    start = marker.submit("start")

    # section_1
    first = marker.submit("section_1.task_1", wait_for=[start])
    section_1 = [
        task_2.with_options(task_run_name="section_1.task_2").submit(wait_for=[first]),
        marker.submit("section_1.task_3", wait_for=[first]),
    ]

    # section_2
    section_2 = marker.submit("section_2.task_1", wait_for=section_1)
    inner = [
        task_2.with_options(task_run_name="section_2.inner_section_2.task_2").submit(wait_for=section_1),
        marker.submit("section_2.inner_section_2.task_3", wait_for=section_1),
    ]
    last = marker.submit("section_2.inner_section_2.task_4", wait_for=inner)

    end = marker.submit("end", wait_for=[section_2, last])
    return [*section_1, section_2, *inner, last, end]


if __name__ == "__main__":
    example_task_group()
