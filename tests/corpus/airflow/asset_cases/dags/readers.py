"""Tasks that read what was said of assets before: by a DAG that they wait for; nothing where nobody told of them."""

from datetime import datetime

try:
    from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
    from airflow.sdk import DAG, Asset, AssetAlias, Metadata, task
except ImportError:
    from airflow import DAG
    from airflow.datasets import Dataset as Asset
    from airflow.datasets import DatasetAlias as AssetAlias
    from airflow.datasets.metadata import Metadata
    from airflow.decorators import task
    from airflow.sensors.external_task import ExternalTaskSensor

stock = Asset("s3://shop/stock.csv")
late = AssetAlias("late")

with DAG("tells", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False):

    @task(outlets=[stock])
    def tells_of_stock(n):
        yield Metadata(stock, {"n": n})

    @task(outlets=[late])
    def tells_by_alias(*, outlet_events=None):
        outlet_events[late].add(Asset("s3://shop/late.csv"), extra={"by": "alias"})
        outlet_events[late].add(stock, extra={"n": 30})

    tells_of_stock.override(task_id="first")(10) >> tells_of_stock.override(task_id="second")(20) >> tells_by_alias()


def said_of(events):
    return [event.extra for event in events]


with DAG("reads", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False):

    @task(inlets=[stock])
    def reads_all(*, inlet_events=None):
        return said_of(inlet_events[stock])

    @task(inlets=[stock])
    def reads_the_last(*, inlet_events=None):
        return inlet_events[stock][-1].extra["n"]

    @task(inlets=[late])
    def reads_by_alias(*, inlet_events=None):
        return [event.extra for event in inlet_events[late]]

    waits = ExternalTaskSensor(task_id="waits", external_dag_id="tells", timeout=20, poke_interval=1)
    waits >> [reads_all(), reads_the_last(), reads_by_alias()]

with DAG("reads_alone", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False):

    @task(inlets=[stock])
    def reads_none(*, inlet_events=None):
        return [event.extra for event in inlet_events[stock]]

    @task(inlets=[late])
    def reads_none_by_alias(*, inlet_events=None):
        return said_of(inlet_events[late])

    @task(inlets=[stock])
    def fails_without(*, inlet_events=None):
        return inlet_events[stock][-1].extra["n"]

    reads_none(), reads_none_by_alias(), fails_without()
