"""Python and shell tasks: interpreters of their own, coroutines, what the output becomes, and hooks around it."""

import json
from datetime import datetime

from airflow import DAG

try:
    from airflow.operators.bash import BashOperator
except ImportError:
    from airflow.providers.standard.operators.bash import BashOperator

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}


def count(line):
    return {"words": len(line.split())}


with DAG("shell_output", **OPEN):
    BashOperator(task_id="decoded", bash_command="echo '{\"a\": [1, 2]}'", output_processor=json.loads)
    BashOperator(task_id="counted", bash_command="echo one two three", output_processor=count)
    BashOperator(task_id="by_lambda", bash_command="echo 7", output_processor=lambda line: int(line) * 2)
