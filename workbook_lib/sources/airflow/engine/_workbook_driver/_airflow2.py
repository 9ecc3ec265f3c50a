"""Airflow 2: load a folder of DAGs, run one as `DAG.test` does, read how it ended.

Meaning of the parts used: https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/debug.html. The names are those of
2.11 (`airflow/models/dag.py`, `taskinstance.py`, `mappedoperator.py`); `_main.ENGINES` says which versions come here.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import _common
from ._clock import Hurry
from ._common import Emit, module
from ._rehearsal import scripted_execute

store_inputs = _common.store_inputs


def make_database() -> None:
    """Create the tables of an empty metadata database (10 s)."""
    module("airflow.utils.db").initdb()


def use_database(path: Path) -> None:
    """Let this process talk to another metadata database from now on."""
    url = f"sqlite:///{path}"
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
    settings = module("airflow.settings")
    settings.dispose_orm()
    settings.SQL_ALCHEMY_CONN = url
    settings.configure_orm()
    _common.never_wait_for_the_disk(settings.engine)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The DAGs of a folder by id, and the files that could not be imported, each with the last line of its error."""
    bag = module("airflow.models.dagbag").DagBag(str(folder), include_examples=False, collect_dags=True)
    bag.sync_to_db()
    return dict(bag.dags), _common.last_lines(bag.import_errors)


def run(dags: dict[str, Any], dag_id: str, scenario: dict[str, Any], job: dict[str, Any], emit: Emit) -> None:
    """Run one DAG for one logical date to its end, in this process."""
    logical_date = module("airflow.utils.timezone").parse(job["logical_date"])
    _quiet()
    _never_mail()
    _infer_scheduled_interval(module("airflow.models.dag").DAG)
    if not job["real_delays"]:
        _shorten(dags)
    if scenario["kind"] == "real":
        _common.run_awaited(dags, dag_id, logical_date, job["awaited_folder"], lambda dag, date: _test(dag, date, {}))
    else:
        _script(dags[dag_id], scenario)
    _observe(dag_id, emit)
    _test(dags[dag_id], logical_date, job["params"])


def read(dag_id: str, logical_date: str) -> dict[str, Any]:
    """How the run of a DAG stands in the metadata database."""
    xcom = module("airflow.models.xcom").XCom
    date = {"execution_date": module("airflow.utils.timezone").parse(logical_date)}
    event = module("airflow.models.dataset").DatasetEvent
    return _common.read_run(dag_id, date, module("airflow.models").XCom, xcom.deserialize_value, event, "dataset_id")


def _test(dag: Any, logical_date: datetime, params: dict[str, Any]) -> None:
    _common.move_start(dag, logical_date)
    dag.test(execution_date=logical_date, run_conf=params or None)


def _quiet() -> None:
    logging.getLogger("airflow.models.dag").setLevel(logging.ERROR)
    logging.getLogger("airflow.models.dagrun").setLevel(logging.WARNING)


def _never_mail() -> None:
    module("airflow.models.taskinstance").TaskInstance.email_alert = lambda self, exception, task: None


def _infer_scheduled_interval(dag_class: Any) -> None:
    """Give the run the data interval that a scheduled run of that logical date has: it starts at the logical date.

    `DAG.test` makes a manual run, whose interval is the last complete one before the date.
    """
    original = dag_class.test

    def test(self: Any, *args: Any, **kwargs: Any) -> Any:
        timetable = type(self.timetable)
        if timetable.__name__ in _common.INTERVAL_TIMETABLES:
            infer = self.infer_automated_data_interval
            timetable.infer_manual_data_interval = lambda _self, *, run_after: infer(run_after)
        return original(self, *args, **kwargs)

    dag_class.test = test


def _shorten(dags: dict[str, Any]) -> None:
    """Take the waiting out of the engine: between rounds, between attempts, between the questions of a sensor."""
    module("airflow.models.dag").time = Hurry(_common.LOOP_SLEEP, counts=False)
    task_instance = module("airflow.models.taskinstance").TaskInstance
    task_instance.next_retry_datetime = lambda self: self.end_date - timedelta(seconds=1)
    for name in ("airflow.sensors.base", "airflow.providers.standard.sensors.base"):
        try:
            base = module(name)
        except ImportError:
            continue
        _common.shorten_sensors(base)
    _common.shorten_tasks(dags)


def _observe(dag_id: str, emit: Emit) -> None:
    """Tell when an attempt of a task instance starts (with its number), how it ends, and the error that ended it."""
    models = module("airflow.models.taskinstance")
    execute = models.TaskInstance._execute_task_with_callbacks
    raw = models.TaskInstance._run_raw_task
    failure = models.TaskInstance.handle_failure

    def tell(what: str, ti: Any, **more: Any) -> None:
        if ti.dag_id == dag_id:
            emit({"event": what, "id": ti.task_id, "map_index": ti.map_index, **more})

    def started(self: Any, context: Any, test_mode: bool = False, *, session: Any) -> Any:
        if not self.next_method:
            tell("started", self, attempt=self.try_number)
        return execute(self=self, context=context, test_mode=test_mode, session=session)

    def run_raw(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return raw(self, *args, **kwargs)
        finally:
            tell("ended", self, state=None if self.state is None else str(self.state))

    def failed(self: Any, error: Any, *args: Any, **kwargs: Any) -> Any:
        tell("error", self, message=f"{type(error).__name__}: {error}"[:2000] if isinstance(error, BaseException) else str(error)[:2000])
        return failure(self, error, *args, **kwargs)

    models.TaskInstance._execute_task_with_callbacks = staticmethod(started)
    models.TaskInstance._run_raw_task = run_raw
    models.TaskInstance.handle_failure = failed


def _script(dag: Any, scenario: dict[str, Any]) -> None:
    """Replace every task body of the DAG by its outcome, and take away what else is user code: templates, hooks, callbacks."""
    models = module("airflow.models.taskinstance")
    attempts: dict[tuple[str, int], int] = {}

    def execute(self: Any, context: Any, test_mode: bool = False, *, session: Any) -> None:
        self.clear_xcom_data()
        self.task.params = context["params"]
        with models.set_current_context(context):
            original = self.render_templates(context=context, jinja_env=None)  # unmaps; renders nothing, see below
            number = attempts[(self.task_id, self.map_index)] = attempts.get((self.task_id, self.map_index), 0) + 1
            scripted_execute(self.task, scenario, self.map_index, number, _skip)
            self._execute_task(context, original)

    models.TaskInstance._execute_task_with_callbacks = staticmethod(execute)
    _common.apply_nothing(module("airflow.models.xcom_arg")._MapResult)
    _common.render_nothing([module("airflow.template.templater").Templater, module("airflow.models.abstractoperator").AbstractOperator])
    _common.drop_callbacks(dag)


def _skip(task: Any, context: Any, tasks: list[Any]) -> None:
    dag_run = context["dag_run"]
    task.skip(dag_run=dag_run, execution_date=dag_run.execution_date, tasks=tasks, map_index=context["ti"].map_index)
