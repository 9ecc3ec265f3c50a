"""Python and shell tasks: interpreters of their own, coroutines, what the output becomes, and hooks around it."""

import itertools
import json
from datetime import datetime

from airflow import DAG
from airflow.decorators import task

try:
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator, ShortCircuitOperator
except ImportError:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}


def count(line):
    return {"words": len(line.split())}


with DAG("shell_output", **OPEN):
    BashOperator(task_id="decoded", bash_command="echo '{\"a\": [1, 2]}'", output_processor=json.loads)
    BashOperator(task_id="counted", bash_command="echo one two three", output_processor=count)
    BashOperator(task_id="by_lambda", bash_command="echo 7", output_processor=lambda line: int(line) * 2)


CALLS = itertools.count()


def record(number):
    """Arguments of one task instance; asked twice for the same element, it would give another `call`."""
    call = next(CALLS)
    return {"number": number, "first": call, "second": call}


def same(number, first, second, third=3):
    return [number, first == second, third]


with DAG("records_made_once", **OPEN):
    numbers = PythonOperator(task_id="numbers", python_callable=lambda: [5, 6])
    task(same).expand_kwargs(numbers.output.map(record))
    task(task_id="partly")(same).partial(third=4).expand_kwargs(numbers.output.map(record))


with DAG("shell_output_by_key", **OPEN):
    counts = BashOperator(
        task_id="counts",
        bash_command="""
            n=3
            printf '{"files": %s, "folder": "in"}\\n' "$n"
        """,
        output_processor=json.loads,
        multiple_outputs=True,
    )
    told = "{{ ti.xcom_pull('counts', key='files') }} in {{ ti.xcom_pull('counts', key='folder') }}, {{ ti.xcom_pull('counts') | length }}"
    counts >> BashOperator(task_id="told", bash_command=f"echo {told}")


def joined(*values, sep="-"):
    return sep.join(str(value) for value in values)


def added(a, b=5):
    return a + b


with DAG("given_by_elements", **OPEN):
    PythonOperator.partial(task_id="several", python_callable=joined).expand(op_args=[[1, 2], [3]])
    PythonOperator.partial(task_id="by_place", python_callable=added).expand(op_args=[[1, 2], [3]])
    PythonOperator.partial(task_id="by_name", python_callable=added).expand(op_kwargs=[{"a": 1, "b": 2}, {"a": 3}])
    PythonOperator.partial(task_id="printed", python_callable=print).expand(op_args=[[1, 2], [3]])


def skips_nothing():
    return True


def of_helpers(rule, after, gates=None, needs=None, early=None):
    return [rule, after, gates, needs, early]


def indexed(index, over, takes=None, work=None):
    return [index, over, takes, work]


with DAG("names_of_helpers", **OPEN):
    passed = ShortCircuitOperator(task_id="passed", python_callable=skips_nothing)
    one = PythonOperator(task_id="one", python_callable=lambda: 1)
    other = task(task_id="other", trigger_rule="all_done")(of_helpers)(one.output, 2, gates=3, needs=4, early=one.output)
    mapped = task(task_id="mapped", trigger_rule="all_done")(indexed).partial(over=other, takes=2).expand(index=[1, 2])
    passed >> one
