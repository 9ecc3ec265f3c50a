"""### TaskFlow API Tutorial Documentation
This is a simple data pipeline example which demonstrates the use of
the TaskFlow API using three simple tasks for Extract, Transform, and Load.
Documentation that goes along with the Airflow TaskFlow API tutorial is
located
[here](https://airflow.apache.org/docs/apache-airflow/stable/tutorial_taskflow_api.html)

Migrated from the Airflow DAG `tutorial_taskflow_api` (tutorial_taskflow_api.py).
"""

from __future__ import annotations

import json

from prefect import flow, task


@task
def extract() -> dict:
    """
    #### Extract task
    A simple Extract task to get data ready for the rest of the data
    pipeline. In this case, getting data is simulated by reading from a
    hardcoded JSON string.
    """
    data_string = '{"1001": 301.27, "1002": 433.21, "1003": 502.22}'

    return json.loads(data_string)


@task
def transform(order_data_dict: dict) -> dict:
    """
    #### Transform task
    A simple Transform task which takes in the collection of order data and
    computes the total order value.
    """
    total_order_value = 0

    for value in order_data_dict.values():
        total_order_value += value

    return {"total_order_value": total_order_value}


@task
def load(total_order_value: float) -> None:
    """
    #### Load task
    A simple Load task which takes in the result of the Transform task and
    instead of saving it to end user review, just prints it out.
    """

    print(f"Total order value is: {total_order_value:.2f}")


@flow(log_prints=True)
def tutorial_taskflow_api() -> None:
    order_data = extract()
    order_summary = transform(order_data)
    load(order_summary["total_order_value"])


if __name__ == "__main__":
    tutorial_taskflow_api()
