"""Function bodies that take things out of Airflow's context: each task returns what it found."""

import logging
from datetime import datetime, timedelta

import airflow
from airflow import DAG

try:
    from airflow.providers.standard.operators.python import PythonOperator, get_current_context
except ImportError:
    from airflow.operators.python import PythonOperator, get_current_context

log = logging.getLogger(__name__)
SOURCE = "one"


def one():
    return 1


def several(ti):
    ti.xcom_push(key="first", value=1)
    ti.xcom_push("second", {"a": [1, 2]})
    return "returned"


def by_word(ti, source):
    return ti.xcom_pull(task_ids=source)


def by_local(ti):
    SOURCE = "several"
    return ti.xcom_pull(task_ids=SOURCE)


def by_module(ti):
    return ti.xcom_pull(task_ids=SOURCE)


def any_key(**context):
    return context["ti"].xcom_pull(task_ids="one", key=None)


def by_keys(**context):
    ti = context["task_instance"]
    return [ti.xcom_pull(task_ids="several", key="first"), ti.xcom_pull("several", key="second")["a"]]


def by_list(ti):
    return list(ti.xcom_pull(task_ids=["one", "several"]))


def pushes_alone(ti):
    ti.xcom_push(key="alone", value=[1])


def returns_at_times(ti):
    ti.xcom_push(key="k", value=2)
    if ti.try_number > 5:
        return 7
    return None


def pushes_unreturned(ti):
    ti.xcom_push(key="k", value=3)
    return "never"


def after_pushes(ti):
    names = [ti.xcom_pull("pushes_alone"), ti.xcom_pull("returns_at_times"), ti.xcom_pull("pushes_unreturned")]
    return [*names, ti.xcom_pull("pushes_alone", key="alone"), ti.xcom_pull("pushes_unreturned", key="k")]


def with_default(ti):
    return ti.xcom_pull(task_ids="nothing", key="absent", default="z")


def own_dag(**context):
    return context["ti"].xcom_pull(task_ids="one", dag_id=context["dag"].dag_id, map_indexes=-1)


def current():
    context = get_current_context()
    return [context["ds"], context["ti"].task_id, context["params"]["p"]]


def dates(logical_date, data_interval_start, data_interval_end, **context):
    return [
        logical_date.isoformat(),
        data_interval_start.isoformat(),
        data_interval_end.strftime("%Y-%m-%d %H"),
        (logical_date + timedelta(days=1)).date().isoformat(),
        logical_date.day_of_year,
        logical_date.week_of_year,
        logical_date.format("YYYYMMDD[T]HH:mm"),
        logical_date.to_date_string(),
        logical_date.add(days=2, hours=3).isoformat(),
        logical_date.start_of("month").isoformat(),
        logical_date.int_timestamp,
    ]


def parameters(params, dag_run, **context):
    name = "p"
    return [params["p"], params.get("absent", 5), params.get(name, 0), sorted(params), dag_run.conf.get("absent"), "p" in params]


def identity(ti, dag, task, dag_run):
    return [ti.task_id, ti.dag_id, dag.dag_id, task.task_id, ti.try_number, ti.map_index, task.retries, task.trigger_rule, dag_run.dag_id]


def prints(ds=None, **kwargs):
    print(kwargs)
    print(f"the run: {kwargs['dag_run']}")
    log.info("context %s", kwargs)
    return "printed"


def logs_by_task_instance(ti, ds):
    ti.log.info("task %s on %s", ti.task_id, ds)
    return "logged"


def by_list_with_gaps(ti):
    return list(ti.xcom_pull(task_ids=["one", "quiet", "several"]))


def quiet():
    pass


def sometimes(ti, ds):
    if ds > "2100":
        ti.xcom_push(key="late", value=1)
    return "sometimes"


def after_sometimes(ti):
    return [ti.xcom_pull(task_ids="sometimes", key="late"), ti.xcom_pull(task_ids="sometimes", key="never")]


def watermark(**context):
    since = context["prev_start_date_success"] or datetime(2000, 1, 1)
    return since.year


def checked(dag_run=None):
    assert dag_run
    return dag_run.dag_id


def missing(**context):
    return context["params"]["never"]


def nested(**context):
    def day():
        return context["ds"]

    return [day() for _ in range(2)]


def conf_or_empty(**context):
    conf = context["dag_run"].conf or {}
    return conf.get("absent", "d")


with DAG("bodies", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False, params={"p": 3}) as dag:
    first = [PythonOperator(task_id=f.__name__, python_callable=f) for f in (one, several, quiet, sometimes)]
    rest = [
        PythonOperator(task_id=f.__name__, python_callable=f)
        for f in (
            by_local,
            by_module,
            by_keys,
            by_list,
            by_list_with_gaps,
            after_sometimes,
            with_default,
            own_dag,
            current,
            dates,
            parameters,
            identity,
            prints,
            watermark,
            checked,
            missing,
            nested,
            conf_or_empty,
        )
    ]
    rest.append(PythonOperator(task_id="by_word", python_callable=by_word, op_kwargs={"source": "several"}))
    if airflow.__version__.startswith("2."):
        rest += [PythonOperator(task_id=f.__name__, python_callable=f) for f in (any_key, logs_by_task_instance)]
    pushing = [PythonOperator(task_id=f.__name__, python_callable=f) for f in (pushes_alone, returns_at_times)]
    pushing.append(PythonOperator(task_id="pushes_unreturned", python_callable=pushes_unreturned, do_xcom_push=False))
    pushing >> PythonOperator(task_id="after_pushes", python_callable=after_pushes)
    first[0] >> first[1] >> first[2] >> first[3] >> rest
