"""Python and shell tasks: interpreters of their own, coroutines, what the output becomes, and hooks around it."""

import itertools
import json
from datetime import datetime

from airflow import DAG
from airflow.decorators import task

try:
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator
except ImportError:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator

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
