"""Example DAG demonstrating a workflow with nested branching. The join tasks are created with
``none_failed_min_one_success`` trigger rule such that they are skipped whenever their corresponding
branching tasks are skipped.

Migrated from the Airflow DAG `example_nested_branch_dag` (example_nested_branch_dag.py).
"""

from __future__ import annotations

from prefect import flow, task


@task
def branch(task_id_to_return: str) -> str:
    return task_id_to_return


@task(task_run_name="{name}")
def marker(name: str) -> None:
    """A named point of the flow; it does nothing itself."""


@flow
def example_nested_branch_dag() -> None:
    if branch.with_options(task_run_name="branch_1")("true_1") == "true_1":
        marker("true_1")
    else:
        marker("false_1")
        if branch.with_options(task_run_name="branch_2")("true_2") == "true_2":
            marker("true_2")
        else:
            marker("false_2")
        marker("join_2")
        marker("false_3")
    marker("join_1")


if __name__ == "__main__":
    example_nested_branch_dag()
