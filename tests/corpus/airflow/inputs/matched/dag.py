import os
import re
from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

match os.environ["STAGE"].split("-"):
    case ["prod", region]:
        NAMES = [region, "audit"]
    case [stage]:
        NAMES = [stage]
    case _:
        NAMES = ["unknown"]

with DAG("matched", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    for name in NAMES:
        EmptyOperator(task_id=re.sub(r"[^a-z0-9]+", "_", name))
    found = re.match(r"(?P<kind>\w+)-(?P<where>\w+)", os.environ["STAGE"])
    if found:
        EmptyOperator(task_id=f"kind_{found.group('kind')}")
