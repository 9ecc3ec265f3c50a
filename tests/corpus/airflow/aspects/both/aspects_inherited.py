"""What tasks inherit from `default_args` of the DAG, of groups and of operators, what classes set themselves, and what is set later."""

from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models.baseoperator import BaseOperator, chain, cross_downstream
from airflow.models.param import Param, ParamsDict
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule


class Own(BaseOperator):
    template_fields = ("query",)

    def __init__(self, query, *, size=3, **kwargs):
        kwargs.setdefault("retries", 7)
        kwargs["pool"] = "own_pool"
        super().__init__(**kwargs)
        self.query, self.size = query, size
        self.execution_timeout = timedelta(minutes=size)


class Derived(Own):
    def __init__(self, query="select", **kwargs):
        super().__init__(query=query, **kwargs)
        self.trigger_rule = TriggerRule.ONE_SUCCESS


common = {
    "owner": "x",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=5),
    "trigger_rule": "all_done",
    "pool_slots": 2,
    "max_retry_delay": timedelta(hours=1),
    "retry_exponential_backoff": True,
    "size": 8,
    "max_active_runs": 9,  # no argument of a task: this and `tags` reach nobody
    "tags": ["no"],
}

with DAG("aspects_inherited", start_date=datetime(2024, 1, 1), schedule=None, default_args=common, tags=["s2", "s1"]):
    plain = EmptyOperator(task_id="plain")
    own = Own(query="x", task_id="own")
    derived = Derived(task_id="derived", retries=1)
    file = FileSensor(task_id="file", filepath="x", poke_interval=5, timeout=60, mode="reschedule")
    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=3), retries=0)
    other = ExternalTaskSensor(task_id="other", external_dag_id="z", execution_timeout=None)
    start = TriggerDagRunOperator(task_id="start", trigger_dag_id="z", trigger_rule=TriggerRule.NONE_FAILED)
    with TaskGroup("group", default_args={"retries": 11, "pool": "group_pool"}) as group:
        first = EmptyOperator(task_id="first")
        second = EmptyOperator(task_id="second", default_args={"retries": 12})
        with TaskGroup("inner", default_args={"pool_slots": 5}):
            third = EmptyOperator(task_id="third")
            fourth = Own(query="y", task_id="fourth")

    @task(retries=2, pool="deco", trigger_rule=TriggerRule.ALL_FAILED, execution_timeout=timedelta(seconds=9))
    def decorated_task(x=1):
        return x

    @task.branch(task_id="named")
    def chosen():
        return "plain"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def going_on():
        return True

    @task.sensor(poke_interval=3, timeout=9, mode="poke")
    def there():
        return True

    @task.bash
    def echoing():
        return "echo"

    one = decorated_task()
    overridden = decorated_task.override(task_id="overridden", retries=5, trigger_rule="none_skipped", pool_slots=4)(one)
    chain(plain, [own, derived], [file, wait], other)
    cross_downstream([start, first], [second, third])
    chosen() >> [one, going_on(), there(), echoing()]
    [plain, own] >> Label("labelled") >> start
    other >> Label("into the group") >> group
    plain.set_downstream([overridden])
    settings = {"retries": 4, "pool": "mapped_pool", "trigger_rule": "one_done", "execution_timeout": timedelta(seconds=1)}
    Own.partial(task_id="mapped", size=2, **settings).expand(query=["a", "b"])
    Own.partial(task_id="mapped_plain").expand(query=one)
    EmptyOperator.partial(task_id="mapped_settings").expand_kwargs([{"doc": "x"}])


@dag(
    dag_id="aspects_decorated",
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
    schedule="@daily",
    catchup=False,
    tags=["t"],
    default_args={"retries": 1},
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=5),
    params={"p": Param("2024-02-03", type=["string", "null"], title="T", format="date")},
)
def decorated(n: int = 5, *, when=None):
    @task_group(group_id="section", tooltip="x", default_args={"retries": 6})
    def section(value):
        @task
        def inside(item):
            return item

        return inside(value)

    @task(multiple_outputs=True)
    def several():
        return {"a": 1}

    made = several()
    section(n)
    section(made["a"])
    section.override(group_id="another")(when)
    branch = BranchPythonOperator(task_id="branch", python_callable=lambda: "stop")
    branch >> ShortCircuitOperator(task_id="stop", python_callable=lambda: True)


decorated()

shared = ParamsDict({"a": 1, "b": Param(2, type="integer")})
for number in range(3):
    name = f"aspects_loop_{number}"
    with DAG(
        dag_id=name,
        start_date=datetime(2024, 1, 1 + number, 3),
        end_date=datetime(2025, 1, 1) if number else None,
        schedule=timedelta(hours=number + 1),
        params=shared,
        catchup=bool(number),
        tags=[f"t{number}"],
        max_active_tasks=number + 1,
    ) as looped:
        before = None
        for step in range(number + 2):
            made_task = EmptyOperator(task_id=f"t{step}", retries=step, start_date=datetime(2024, 2, 1))
            if before:
                before >> made_task
            before = made_task
    globals()[name] = looped

later = DAG("aspects_later", start_date=datetime(2024, 1, 1), schedule=None, params={"date": "2024-01-01"})
bash = BashOperator(task_id="bash", bash_command="true", dag=later)
python = PythonOperator(task_id="python", dag=later, python_callable=print, op_args=[1], pool=None, max_active_tis_per_dag=1)
bash >> python
python.retries = 8
python.pool = "late"
python.pool_slots = 6
python.execution_timeout = timedelta(seconds=4)
python.retry_delay = timedelta(seconds=7)
python.trigger_rule = TriggerRule.ALL_SKIPPED
later.catchup = True
later.max_active_runs = 2
later.tags = ["late"]
later.params["more"] = 3
later.dagrun_timeout = timedelta(minutes=1)
