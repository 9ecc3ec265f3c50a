"""DAGs, operators and what files do to make them."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

import pytest
from read_helpers import PRELUDE, built, edges, ids, only, trace_text, values

from workbook_lib.model.workflow import Limits, RetryPolicy

SCHEDULES = {
    "schedule='@daily'": ("cron", "@daily", "0 0 * * *", None),
    "schedule='30 2 * * 1-5'": ("cron", "30 2 * * 1-5", "30 2 * * 1-5", None),
    "schedule_interval='@hourly'": ("cron", "@hourly", "0 * * * *", None),
    "schedule=None": ("none", "none", None, None),
    "schedule_interval=None": ("none", "none", None, None),
    "schedule='@once'": ("once", "@once", None, None),
    "schedule='@continuous'": ("continuous", "@continuous", None, None),
    "schedule=timedelta(hours=2)": ("interval", "every 2:00:00", None, 7200.0),
    "tags=['x']": ("interval", "every 1 day, 0:00:00", None, 86400.0),
    "timetable=CronTriggerTimetable('0 1 * * *', timezone='UTC')": ("cron", "0 1 * * *", "0 1 * * *", None),
    "schedule=Mine()": ("custom", "Mine", None, None),
    "schedule=[Dataset('s3://x')]": ("assets", "s3://x", None, None),
}


@pytest.mark.parametrize("given", SCHEDULES)
def test_schedules(given: str) -> None:
    dag = built(
        "from airflow.datasets import Dataset\nfrom airflow.timetables.trigger import CronTriggerTimetable\nfrom airflow.timetables.base import Timetable\n"
        f"class Mine(Timetable): ...\nwith DAG('d', {given}):\n    T('a')"
    )
    schedule = dag.schedule
    assert (schedule.kind, schedule.text, schedule.cron, schedule.interval_seconds) == SCHEDULES[given]


def test_defaults_of_the_two_versions() -> None:
    source = "with DAG('d'):\n    T('a')"
    two, three = built(source), built(source, version="3")
    assert (two.schedule.kind, two.catchup) == ("interval", True)
    assert (three.schedule.kind, three.catchup) == ("none", False)


def test_version_is_recognised() -> None:
    old, _ = trace_text("import airflow\nfrom airflow import DAG\nDAG(airflow.__version__)", prelude=False)
    new, _ = trace_text("import airflow\nfrom airflow.sdk import DAG\nd = DAG(airflow.__version__)", prelude=False)
    assert old is not None
    assert new is not None
    assert (old.airflow, old.dags) == ("2.11", ())
    assert (new.airflow, new.dags[0].id) == ("3", "3.3.2")


def test_a_dag_with_everything() -> None:
    dag = built("""
        import pendulum
        def told(context): ...
        d = DAG("d", description="text", start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"), end_date=datetime(2025, 1, 1), catchup=False,
            tags=["b", "a"], doc_md="doc", max_active_runs=1, max_active_tasks=3, dagrun_timeout=timedelta(hours=1), params={"x": 3},
            default_args={"owner": "me", "retries": 2, "retry_delay": timedelta(minutes=1), "depends_on_past": True, "on_failure_callback": told},
            on_success_callback=[told], user_defined_macros={"m": 3}, render_template_as_native_obj=True, template_searchpath="/sql")
        a = BashOperator(task_id="a", bash_command="echo", dag=d, execution_timeout=timedelta(seconds=5), pool="p", pool_slots=2, retry_exponential_backoff=True,
            max_retry_delay=timedelta(minutes=9), sla=timedelta(1), doc_md="about a", env={"A": "1"})
    """)
    assert (dag.description, dag.start_date, dag.end_date) == ("text", "2024-01-01T00:00:00+01:00", "2025-01-01T00:00:00+00:00")
    assert (dag.tags, dag.doc, dag.owner, dag.template_paths, dag.native_templates) == (("a", "b"), "doc", "me", ("/sql",), True)
    assert dag.schedule.timezone == "Europe/Berlin"
    assert dag.limits == Limits(active_runs=1, active_tasks=3, run_timeout_seconds=3600.0)
    assert [(name, expr.name) for name, expr in dag.callbacks] == [("on_success_callback", "told")]
    task = only(dag)
    assert task.retry == RetryPolicy(retries=2, delay_seconds=60.0, exponential=True, multiplier=2.0, max_delay_seconds=540.0)
    assert (task.timeout_seconds, task.pool, task.pool_slots, task.doc) == (5.0, "p", 2, "about a")
    assert task.unsupported == ("depends_on_past", "sla")
    assert [(name, expr.name) for name, expr in task.callbacks] == [("on_failure_callback", "told")]
    assert values(task)["bash_command"] == "echo"
    assert values(task)["env"] == {"A": "1"}
    assert {one.name: one.text for one in task.argument_sources}["execution_timeout"] == "timedelta(seconds=5)"


PATHS = {
    "airflow.operators.bash_operator import BashOperator as X": "BashOperator",
    "airflow.operators.bash import BashOperator as X": "BashOperator",
    "airflow.providers.standard.operators.bash import BashOperator as X": "BashOperator",
    "airflow.operators.dummy_operator import DummyOperator as X": "EmptyOperator",
    "airflow.operators.dummy import DummyOperator as X": "EmptyOperator",
    "airflow.operators.python_operator import PythonOperator as X": "PythonOperator",
    "airflow.contrib.operators.bigquery_operator import BigQueryOperator as X": "BigQueryOperator",
    "airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator as X": "BigQueryInsertJobOperator",
    "airflow.sensors.s3_key_sensor import S3KeySensor as X": "S3KeySensor",
    "airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator as X": "S3ToRedshiftOperator",
}


@pytest.mark.parametrize("path", PATHS)
def test_import_paths(path: str) -> None:
    raw, _ = trace_text(f"from airflow import DAG\nfrom {path}\nwith DAG('d'):\n    X(task_id='a', some=1)", prelude=False)
    assert raw is not None
    task = only(raw.dags[0])
    assert (task.operator, values(task)) == (PATHS[path], {"some": 1})
    assert task.user_execute is False


def test_operators_by_module() -> None:
    dag = built("""
        from airflow.operators import bash_operator, python_operator as po
        from airflow.contrib.operators import kubernetes_pod_operator
        import airflow.providers.http.operators.http as http
        from airflow.models import DAG, BaseOperator, XCom
        import airflow.utils.dates
        with DAG("d", start_date=datetime(2024, 1, 1)):
            bash_operator.BashOperator(task_id="a", bash_command="x")
            po.PythonOperator(task_id="b", python_callable=print)
            kubernetes_pod_operator.KubernetesPodOperator(task_id="c", image="i")
            http.HttpOperator(task_id="e")
    """)
    assert [task.operator for task in dag.tasks] == ["BashOperator", "PythonOperator", "KubernetesPodOperator", "HttpOperator"]


def test_custom_operators_run_for_real() -> None:
    dag = built(
        """
        from helpers.ops import Mine, Wrapped
        with DAG("d", default_args={"table": "t", "retries": 4}):
            Mine(task_id="a", extra=1)
            Wrapped(name="x", task_id="b")
        """,
        files={
            "helpers/__init__.py": "",
            "helpers/ops.py": """
                from airflow.models.baseoperator import BaseOperator
                from airflow.operators.bash import BashOperator
                from airflow.utils.decorators import apply_defaults
                class Mine(BaseOperator):
                    template_fields = ("table",)
                    @apply_defaults
                    def __init__(self, table, extra=None, *args, **kwargs):
                        super().__init__(*args, **kwargs)
                        self.table, self.extra = table, extra
                    def execute(self, context): ...
                class Wrapped(BashOperator):
                    def __init__(self, name, **kwargs):
                        super().__init__(bash_command=f"run {name}", **kwargs)
            """,
        },
    )
    mine, wrapped = only(dag), only(dag, "b")
    assert (mine.operator, mine.bases, mine.user_execute, mine.retry.retries) == ("Mine", ("Mine", "BaseOperator"), True, 4)
    assert values(mine) == {"extra": 1, "table": "t"}
    assert (wrapped.operator, wrapped.bases, wrapped.user_execute) == ("Wrapped", ("Wrapped", "BashOperator", "BaseOperator"), False)
    assert values(wrapped) == {"bash_command": "run x"}
    assert wrapped.origin.line == 5 + PRELUDE.count("\n")
    assert [frame.function for frame in wrapped.origin.stack] == ["<module>"]


def test_factories_and_origins() -> None:
    raw, findings = trace_text(
        """
        from shared import make
        for name in ("one", "two"):
            globals()[name] = make(name)
        """,
        prelude=False,
        files={
            "shared.py": (
                "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\ndef make(name):\n"
                "    d = DAG(name)\n    EmptyOperator(\n        task_id='a', dag=d)\n    return d\n"
            )
        },
    )
    assert findings == []
    assert raw is not None
    assert [dag.id for dag in raw.dags] == ["one", "two"]
    origin = raw.dags[0].tasks[0].origin
    assert (origin.file.rpartition("/")[2], origin.line) == ("shared.py", 5)
    assert [(frame.file.rpartition("/")[2], frame.line, frame.function) for frame in origin.stack] == [
        ("dag_file.py", 4, "<module>"),
        ("shared.py", 5, "make"),
    ]
    assert [name for name, _ in raw.modules] == ["shared"]


def test_third_party_packages_are_inert() -> None:
    dag = built(
        """
        import numpy as np
        import requests
        from kubernetes.client import models as k8s
        from google.cloud import bigquery
        import pandas, boto3, pydantic
        assert pandas.__version__ >= "1"
        class Config(pydantic.BaseModel):
            size: int = 3
        @requests.retry(times=3)
        def f(): return 7
        try:
            names = [row["x"] for row in requests.get("http://x").json()]
        except requests.HTTPError:
            names = []
        with DAG("d"):
            T("a", executor_config={"pod": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[]))})
            T(f"b{f()}_{Config(size=4).size}")
    """,
        findings=("airflow.inert_decision",),
    )
    assert ids(dag) == "a b7_4"
    assert (
        values(only(dag))["executor_config"]["items"][0][1]["source"]
        == "kubernetes.client.models.V1Pod(spec=kubernetes.client.models.V1PodSpec(containers=[]))"
    )


def test_params() -> None:
    dag = built("""
        from airflow.models.param import Param
        with DAG("d", params={"x": Param(5, type="integer", minimum=1, description="how many"), "y": [1], "z": Param(type="string")}) as d:
            PythonOperator(task_id="a", python_callable=print, op_args=[d.param("x")])
    """)
    assert [(p.name, p.default.value if p.default else "none", p.json_schema, p.description) for p in dag.parameters] == [
        ("x", 5, {"type": "integer", "minimum": 1}, "how many"),
        ("y", [1], {}, None),
        ("z", "none", {"type": "string"}, None),
    ]
    assert values(only(dag))["op_args"]["items"] == ({"name": "x"},)


def test_enums_and_attributes_set_later() -> None:
    dag = built("""
        from airflow.utils.trigger_rule import TriggerRule
        from airflow.utils.weekday import WeekDay
        from airflow.operators.weekday import BranchDayOfWeekOperator
        with DAG("d"):
            a = T("a", trigger_rule=TriggerRule.ALL_DONE)
            b = T("b")
            b.trigger_rule = "dummy"
            b.retries = 7
            BranchDayOfWeekOperator(task_id="c", week_day={WeekDay.MONDAY}, follow_task_ids_if_true="a", follow_task_ids_if_false="b")
    """)
    assert [(task.trigger_rule, task.retry.retries) for task in dag.tasks] == [("all_done", 0), ("always", 7), ("all_success", 0)]
    assert values(only(dag, "c"))["week_day"]["items"] == ({"value": 1},)


def test_subdags() -> None:
    raw, findings = trace_text("""
        from airflow.operators.subdag import SubDagOperator
        def sub():
            with DAG("d.s") as inner:
                T("x")
            return inner
        with DAG("d"):
            T("a") >> SubDagOperator(task_id="s", subdag=sub())
    """)
    assert findings == []
    assert raw is not None
    assert [(dag.id, ids(dag), edges(dag)) for dag in raw.dags] == [("d", "a s", "a>s"), ("d.s", "x", "")]


def test_which_dags_airflow_collects() -> None:
    raw, findings = trace_text("""
        def hidden():
            d = DAG("lost")
            T("a", dag=d)
        hidden()
        kept = DAG("kept")
        T("a", dag=kept)
        with DAG("entered"):
            T("a")
    """)
    assert raw is not None
    assert [dag.id for dag in raw.dags] == ["kept", "entered"]
    assert [(finding.code, finding.line) for finding in findings] == [("airflow.uncollected_dag", PRELUDE.count("\n") + 3)]


def test_duplicates() -> None:
    raw, findings = trace_text("with DAG('d'):\n    T('a')\nwith DAG('d'):\n    T('b')")
    assert raw is not None
    assert [ids(dag) for dag in raw.dags] == ["a"]
    assert [finding.code for finding in findings] == ["airflow.duplicate_dag"]
    _, findings = trace_text("with DAG('d'):\n    T('a')\n    T('a')")
    assert [(finding.code, finding.message) for finding in findings] == [
        (
            "airflow.duplicate_task",
            "Airflow does not import this file: the task id 'a' is taken in the DAG 'd': the first is made in line 12",
        )
    ]


def test_moving_start_dates_are_left_out() -> None:
    source = "from airflow.utils.dates import days_ago\nwith DAG('d', start_date=days_ago(2)):\n    T('a')"
    assert built(source, findings=("airflow.moving_date",)).start_date is None
    assert built("with DAG('d', start_date=datetime.now()):\n    T('a')", findings=("airflow.moving_date",)).start_date is None


def test_the_same_bytes_every_time() -> None:
    source = "with DAG('d', tags={'x', 'y', 'z'}):\n    T('a', executor_config={'o': object()}, inlets={'q', 'r', 's'})\n    PythonOperator(task_id='b', python_callable=print)"
    first, second = (built(source) for _ in range(2))
    assert [task.arguments for task in first.tasks] == [task.arguments for task in second.tasks]
