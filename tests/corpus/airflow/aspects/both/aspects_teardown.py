"""Setup and teardown, one by one, in blocks and in groups."""

from datetime import datetime

from airflow import DAG
from airflow.decorators import setup, task, task_group, teardown
from airflow.providers.standard.operators.bash import BashOperator


def shell(name):
    return BashOperator(task_id=name, bash_command="true")


with DAG("aspects_teardown", start_date=datetime(2024, 1, 1), schedule=None):
    made, used, removed = shell("made"), shell("used"), shell("removed")
    made >> used >> removed.as_teardown(setups=made, on_failure_fail_dagrun=True)

    opened, closed = shell("opened").as_setup(), shell("closed").as_teardown()
    with opened >> closed:
        shell("inside_1") >> shell("inside_2")

    @setup
    def prepare():
        return 1

    @teardown(on_failure_fail_dagrun=True)
    def clean():
        return 2

    @task
    def work():
        return 3

    @task_group
    def section():
        prepare() >> work() >> clean()

    section() >> shell("after")
    removed >> shell("late")
