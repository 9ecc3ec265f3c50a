"""Parameters: order, schemas, values from `default_args` and from the arguments of a DAG function."""

from datetime import datetime

from airflow import DAG
from airflow.decorators import dag, task
from airflow.models.param import Param
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG(
    "aspects_params",
    start_date=datetime(2024, 1, 1),
    schedule=None,
    params={
        "zeta": 1,
        "alpha": Param("a", type="string", minLength=1, maxLength=5, description="some text"),
        "needed": Param(type=["null", "integer"], minimum=0),
        "whole": Param({"a": [1, {"b": None}]}, schema={"type": "object"}),
        "numbered": Param(2, enum=[1, 2], values_display={1: "one", 2: "two"}),
        "common": "of the DAG",
        "nothing": None,
    },
    default_args={"params": {"common": "of the default arguments", "more": 2.5}},
):
    EmptyOperator(task_id="one", params={"own": 3})


@dag(start_date=datetime(2024, 1, 1), schedule=None, params={"first": Param(5, type="integer"), "second": "x"})
def aspects_function(second: str = "y", third: int = 3, first: int = 7):
    @task
    def show(value):
        print(value)

    show(third)


aspects_function(third=4)
