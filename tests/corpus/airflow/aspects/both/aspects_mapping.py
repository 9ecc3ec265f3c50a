"""Mapping over everything that Airflow maps over, also in groups."""

from datetime import datetime

from airflow import DAG
from airflow.decorators import task, task_group
from airflow.providers.standard.operators.bash import BashOperator
from airflow.utils.task_group import TaskGroup


@task
def numbers():
    return [1, 2, 3]


@task
def words():
    return ["a", "b"]


@task
def both(x, y=0):
    return (x, y)


@task
def told(**values):
    return values


def double(value):
    return value * 2


def positive(value):
    return value > 0


with DAG("aspects_mapping", start_date=datetime(2024, 1, 1), schedule=None):
    some, other = numbers(), words()
    both.override(task_id="product").expand(x=some, y=[10, 20])
    both.override(task_id="dictionary").partial(y=1).expand(x={"one": 1, "two": 2})
    both.override(task_id="zipped").expand(x=some.zip(other))
    both.override(task_id="filled").expand(x=some.zip(other, fillvalue=0))
    both.override(task_id="joined").expand(x=some.concat(other))
    both.override(task_id="doubled").expand(x=some.map(double))
    both.override(task_id="twice").expand(x=some.map(double).map(positive))
    both.override(task_id="listed", multiple_outputs=False).expand(x=[some, other, 3])
    told.override(task_id="records").expand_kwargs([{"a": 1, "b": 2}, {"a": 3}])
    told.override(task_id="records_of_output").expand_kwargs(some)
    told.override(task_id="records_mapped").expand_kwargs(some.map(double))
    echo = BashOperator.partial(task_id="echo", env={"A": "1"}, retries=3).expand(bash_command=["echo {{ ds }}", "true"])
    BashOperator.partial(task_id="echo_records", pool="small").expand_kwargs([{"bash_command": "true", "env": {"B": "2"}}])
    echo >> both.override(task_id="chained", trigger_rule="all_done").expand(x=both.override(task_id="inner").expand(x=some))

    @task_group
    def each(value, fixed):
        @task
        def start(item):
            return item

        started = start(value)
        both(started, fixed)
        with TaskGroup("deeper"):
            both.override(task_id="again")(started, y=fixed)

    each.partial(fixed=5).expand(value=some)
    each.override(group_id="literal").expand(value=[1, 2], fixed=["a"])

    @task_group(group_id="records_group")
    def by_records(a, b):
        both(a, b)

    by_records.expand_kwargs([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    by_records.override(group_id="records_of_output_group").expand_kwargs(some)

    with TaskGroup("outer", prefix_group_id=False), TaskGroup("inside"):
        both.override(task_id="deep").expand(x=other)
