"""Take in the shop's orders: read, check, sum up."""
from airflow.decorators import dag, task

from shop.common import DEFAULT_ARGS, START, euros, read_table


@dag(schedule="0 3 * * *", start_date=START, catchup=False, default_args=DEFAULT_ARGS, tags=["shop"])
def shop_orders():
    @task
    def read() -> list[dict]:
        return read_table("orders")

    @task
    def check(rows: list[dict]) -> list[dict]:
        """Keep the rows with a positive quantity."""
        return [row for row in rows if int(row["quantity"]) > 0]

    @task
    def turnover(rows: list[dict]) -> str:
        return euros(sum(int(row["quantity"]) * int(row["cents"]) for row in rows))

    turnover(check(read()))


shop_orders()
