"""DAGs from factories and functions, groups without prefix inside groups, odd durations, and names for cron expressions."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.decorators import dag, task
from airflow.models.param import Param
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

START = {"start_date": datetime(2024, 1, 1)}
for name, schedule in {"midnight": "@midnight", "annually": "@annually", "names": "0 0 * * SUN", "steps": "0 8-18/2 * * 1-5"}.items():
    with DAG(f"aspects_cron_{name}", schedule=schedule, **START):
        EmptyOperator(task_id="one")


def factory(dag_id, **settings):
    with DAG(dag_id, **{"schedule": None, **START, **settings}) as made:
        start = EmptyOperator(task_id="start")
        with TaskGroup("outer") as outer:
            with TaskGroup("bare", prefix_group_id=False) as bare:
                EmptyOperator(task_id="x") >> EmptyOperator(task_id="y")
            with TaskGroup("named") as named:
                EmptyOperator(task_id="x")
        start >> outer
        bare >> named
    return made


first = factory("aspects_factory", tags=["a"], catchup=True, max_active_runs=4, max_consecutive_failed_dag_runs=2)
PARAMS = {"x": Param(None, type=["null", "string"]), "y": Param([1, 2], type="array", items={"type": "number"}), "f": 1.5, "b": False}
second = factory("aspects_factory_params", params=PARAMS, dagrun_timeout=timedelta(seconds=1.5))
for listed in [factory(f"aspects_factory_{number}", schedule=f"{number} * * * *") for number in range(2)]:
    globals()[listed.dag_id] = listed


@dag("aspects_positional", schedule=None, **START)
def positional():
    EmptyOperator(task_id="one")


@dag(schedule="@daily", catchup=False, **START)
def aspects_named(x: str = "a", y=None):
    @task(retries=1, retry_delay=timedelta(seconds=1.5), max_retry_delay=timedelta(days=2))
    def show(one, other):
        return one

    show(x, y)


positional()
aspects_named()

with DAG("aspects_durations", schedule=timedelta(days=1, seconds=0.5), **START):
    EmptyOperator(task_id="fractions", retry_delay=1.25, retries=1, execution_timeout=timedelta(milliseconds=1500))
    EmptyOperator(task_id="at_once", retry_delay=0)
    EmptyOperator(task_id="capped", max_retry_delay=10, retry_exponential_backoff=True, retries=10)
    settings = {"retry_delay": 5, "max_retry_delay": 20.5, "retry_exponential_backoff": True, "retries": 3, "pool_slots": 3}
    BashOperator.partial(task_id="mapped", execution_timeout=timedelta(seconds=3), **settings).expand(bash_command=["a"])
