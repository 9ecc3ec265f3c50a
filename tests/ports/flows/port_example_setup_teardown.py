"""Example DAG demonstrating the usage of setup and teardown tasks.

Migrated from the Airflow DAG `example_setup_teardown` (example_setup_teardown.py).
"""

from __future__ import annotations

from prefect import allow_failure, flow, task
from prefect.futures import PrefectFuture, wait

from shared.shell import run_shell


@task
def root_setup() -> str:
    return run_shell("echo 'Hello from root_setup'")


@task
def normal() -> str:
    return run_shell("echo 'I am just a normal task'")


@task
def root_teardown() -> str:
    return run_shell("echo 'Goodbye from root_teardown'")


@task(name="section_1.taskgroup_setup")
def section_1_taskgroup_setup() -> str:
    return run_shell("echo 'Hello from taskgroup_setup'")


@task(name="section_1.taskgroup_teardown")
def section_1_taskgroup_teardown() -> str:
    return run_shell("echo 'Hello from taskgroup_teardown'")


@flow
def example_setup_teardown() -> list[PrefectFuture]:
    setup = root_setup.submit()
    work = normal.with_options(task_run_name="normal").submit(wait_for=[setup])
    teardown = root_teardown.submit(wait_for=[setup, allow_failure(work)])
    section_setup = section_1_taskgroup_setup.submit(wait_for=[work])
    section_work = normal.with_options(task_run_name="section_1.normal").submit(wait_for=[section_setup])
    section_teardown = section_1_taskgroup_teardown.submit(
        wait_for=[section_setup, allow_failure(section_work)]
    )
    wait([teardown, section_teardown])
    return [section_work]


if __name__ == "__main__":
    example_setup_teardown()
