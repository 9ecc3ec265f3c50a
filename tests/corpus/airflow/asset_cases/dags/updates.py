"""Tasks that say something of the assets that they update: once they succeed, of their last attempt, each instance for itself."""

from datetime import datetime, timedelta
from pathlib import Path

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Asset, AssetAlias, Metadata, task
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.datasets.metadata import Metadata
    from airflow.decorators import task
    from airflow.exceptions import AirflowSkipException
    from airflow.operators.bash import BashOperator

orders = Asset("s3://shop/orders.csv")
prices = Asset("s3://shop/prices.csv")
found = AssetAlias("found")


def note_length(context, result):
    context["outlet_events"][prices].extra = {"length": len(result), "task": context["ti"].task_id}


with DAG("says_more", start_date=datetime(2024, 1, 1), schedule=None):

    @task(outlets=[orders, prices])
    def says_of_one(*, outlet_events=None):
        outlet_events[orders].extra["rows"] = 2
        outlet_events[orders].extra["day"] = "monday"

    @task(outlets=[orders], retries=1, retry_delay=timedelta(seconds=0))
    def says_at_the_second_try(*, outlet_events=None):
        first = Path("first")
        if not first.exists():
            first.touch()
            outlet_events[orders].extra.update({"try": "first", "failed": True})
            raise ValueError("not yet")
        outlet_events[orders].extra.update({"try": "second"})

    @task(outlets=[orders])
    def says_and_fails(*, outlet_events=None):
        outlet_events[orders].extra = {"rows": 0}
        raise ValueError("no rows")

    @task(outlets=[orders])
    def says_and_skips(**context):
        context["outlet_events"][orders].extra = {"rows": 0}
        raise AirflowSkipException("nothing to do")

    @task(outlets=[orders])
    def says_by_yield(n):
        yield Metadata(orders, {"n": n})
        yield Metadata(orders, {"twice": n * 2})
        return n

    @task(outlets=[found])
    def says_by_alias(*, outlet_events=None):
        for name in ("a", "b", "a"):
            outlet_events[found].add(Asset(f"s3://shop/{name}.csv"), extra={"name": name})
        outlet_events[found].add(Asset("s3://shop/a.csv"))

    @task(outlets=[orders])
    def says_nothing():
        return None

    [says_of_one(), says_at_the_second_try(), says_and_fails(), says_and_skips(), says_by_alias(), says_nothing()]
    says_by_yield.expand(n=[1, 2])
    BashOperator(task_id="says_afterwards", bash_command="echo four", outlets=[prices], post_execute=note_length)
