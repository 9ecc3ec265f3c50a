"""Price every product in every region, and add the prices up."""
from datetime import datetime

from airflow.decorators import dag, task


@dag(start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False)
def mapping():
    @task
    def price(product, region):
        return len(product) * {"north": 7, "south": 5}[region]

    @task
    def total(prices):
        return sum(prices)

    total(price.expand(product=["tea", "salt"], region=["north", "south"]))


mapping()
