"""Choices: by the clock, by the run, and short circuits with and without the trigger rules behind them."""

from datetime import UTC, datetime

from airflow import DAG

try:
    from airflow.operators.datetime import BranchDateTimeOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.latest_only import LatestOnlyOperator
    from airflow.operators.python import ShortCircuitOperator
    from airflow.operators.weekday import BranchDayOfWeekOperator
except ImportError:
    from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.providers.standard.operators.python import ShortCircuitOperator
    from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator

OPEN = {"schedule": "@daily", "start_date": datetime(2024, 1, 1), "catchup": False}


def no():
    return False


with DAG("choice_latest_only", **OPEN):
    latest = LatestOnlyOperator(task_id="latest")
    first, second = EmptyOperator(task_id="first"), EmptyOperator(task_id="second")
    always = EmptyOperator(task_id="always", trigger_rule="all_done")
    latest >> first >> [second, always]
    EmptyOperator(task_id="elsewhere") >> second

with DAG("choice_by_day", **OPEN):
    day = BranchDayOfWeekOperator(
        task_id="day",
        week_day="Monday",
        use_task_logical_date=True,
        follow_task_ids_if_true="monday",
        follow_task_ids_if_false=["other", "more"],
    )
    day >> [EmptyOperator(task_id=name) for name in ("monday", "other", "more")]

with DAG("choice_by_moment", **OPEN):
    moment = BranchDateTimeOperator(
        task_id="moment",
        target_lower=datetime(2023, 1, 1, tzinfo=UTC),
        target_upper=datetime(2024, 6, 1, tzinfo=UTC),
        use_task_logical_date=True,
        follow_task_ids_if_true="inside",
        follow_task_ids_if_false="outside",
    )
    moment >> [EmptyOperator(task_id="inside"), EmptyOperator(task_id="outside")]

with DAG("choice_short_circuit", **OPEN):
    for name, ignore in (("all", True), ("direct", False)):
        stop = ShortCircuitOperator(task_id=f"stop_{name}", python_callable=no, ignore_downstream_trigger_rules=ignore)
        work = EmptyOperator(task_id=f"work_{name}")
        stop >> work >> EmptyOperator(task_id=f"clean_{name}", trigger_rule="all_done")
