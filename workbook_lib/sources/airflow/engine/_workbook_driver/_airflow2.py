"""Airflow 2: load a folder of DAGs, run one as `DAG.test` does, read how it ended.

Meaning of the parts used: https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/debug.html. The names are those of
2.11 (`airflow/models/dag.py`, `taskinstance.py`, `mappedoperator.py`); `_main.ENGINES` says which versions come here.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import _plain
from ._clock import Hurry
from ._rehearsal import scripted_execute

# Sensors that look at the real clock: counting skipped seconds would let them time out before their moment comes.
CLOCK_SENSORS = frozenset({"DateTimeSensor", "TimeSensor", "TimeDeltaSensor", "DayOfWeekSensor", "WaitSensor"})
LOOP_SLEEP = 0.01
POKE_SLEEP = 0.002

Emit = Callable[[dict[str, Any]], None]


def module(name: str) -> Any:
    """A module of Airflow, imported late: importing it reads the configuration."""
    return importlib.import_module(name)


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
    # Waiting for the disk would only protect against a power failure.
    listen = module("sqlalchemy").event.listen
    listen(settings.engine, "connect", lambda connection, record: connection.execute("PRAGMA synchronous = OFF"))


def store_inputs(inputs: dict[str, Any]) -> None:
    """Put variables and connections, in the form of `airflow variables|connections export`, into the metadata database."""
    models = module("airflow.models")
    for name, value in inputs.get("variables", {}).items():
        models.Variable.set(name, value, serialize_json=not isinstance(value, str))
    with module("airflow.utils.session").create_session() as session:
        for name, entry in inputs.get("connections", {}).items():
            fields = {"uri": entry} if isinstance(entry, str) else {k: v for k, v in entry.items() if v is not None and k != "conn_id"}
            if "extra" in fields and not isinstance(fields["extra"], str):
                fields["extra"] = json.dumps(fields["extra"])
            session.query(models.Connection).filter_by(conn_id=name).delete()
            session.add(models.Connection(conn_id=name, **fields))


def load(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The DAGs of a folder by id, and the files that could not be imported, each with the last line of its error."""
    bag = module("airflow.models.dagbag").DagBag(str(folder), include_examples=False, collect_dags=True)
    bag.sync_to_db()
    return dict(bag.dags), {name: (text.strip().splitlines() or [""])[-1] for name, text in bag.import_errors.items()}


def run(dags: dict[str, Any], dag_id: str, scenario: dict[str, Any], job: dict[str, Any], emit: Emit) -> None:
    """Run one DAG for one logical date to its end, in this process."""
    logical_date = module("airflow.utils.timezone").parse(job["logical_date"])
    _quiet()
    _never_mail()
    _infer_scheduled_interval(module("airflow.models.dag").DAG)
    if not job["real_delays"]:
        _shorten(dags)
    if scenario["kind"] == "real":
        _run_awaited(dags, dag_id, logical_date, job)
    else:
        _script(dags[dag_id], scenario)
    _observe(dag_id, emit)
    _test(dags[dag_id], logical_date, job["params"])


def read(dag_id: str, logical_date: str) -> dict[str, Any]:
    """How the run of a DAG stands in the metadata database: its state and its task instances, in the order of their ids."""
    models = module("airflow.models")
    date = module("airflow.utils.timezone").parse(logical_date)
    with module("airflow.utils.session").create_session() as session:
        dag_run = session.query(models.DagRun).filter_by(dag_id=dag_id, execution_date=date).one_or_none()
        if dag_run is None:
            return {"state": None, "tasks": []}
        instances = session.query(models.TaskInstance).filter_by(dag_id=dag_id, run_id=dag_run.run_id).all()
        table = models.XCom  # by columns: loading the objects would replace each value by a text about it
        values = session.query(table.task_id, table.map_index, table.value).filter_by(
            dag_id=dag_id, run_id=dag_run.run_id, key="return_value"
        )
        results = {(row.task_id, row.map_index): _result(row) for row in values}
        tasks = [
            {
                "id": ti.task_id,
                "map_index": ti.map_index,
                "state": None if ti.state is None else str(ti.state),
                "start": _iso(ti.start_date),
                "end": _iso(ti.end_date),
                "result": results.get((ti.task_id, ti.map_index), {"absent": True}),
            }
            for ti in sorted(instances, key=lambda ti: (ti.task_id, ti.map_index))
        ]
        return {"state": str(dag_run.state), "tasks": tasks}


def _result(row: Any) -> dict[str, Any]:
    try:
        value = module("airflow.models.xcom").XCom.deserialize_value(row)
    except Exception as error:  # a class that Airflow was not allowed to import again, for example
        return {"digest": f"type:unreadable ({type(error).__name__})"}
    return _plain.result_of(value)


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()


def _test(dag: Any, logical_date: datetime, params: dict[str, Any]) -> None:
    """`DAG.test`; a DAG that starts later than the logical date asked for is run all the same."""
    starts = [task.start_date for task in dag.tasks if task.start_date is not None]
    if starts and min(starts) > logical_date:
        dag.start_date = logical_date
        for task in dag.tasks:
            if isinstance(task, module("airflow.models.mappedoperator").MappedOperator):
                task.partial_kwargs["start_date"] = logical_date
            else:
                task.start_date = logical_date
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
        if timetable.__name__ in ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable"):
            infer = self.infer_automated_data_interval
            timetable.infer_manual_data_interval = lambda _self, *, run_after: infer(run_after)
        return original(self, *args, **kwargs)

    dag_class.test = test


def _shorten(dags: dict[str, Any]) -> None:
    """Take the waiting out of the engine: between rounds, between attempts, between the questions of a sensor."""
    module("airflow.models.dag").time = Hurry(LOOP_SLEEP, counts=False)
    task_instance = module("airflow.models.taskinstance").TaskInstance
    task_instance.next_retry_datetime = lambda self: self.end_date - timedelta(seconds=1)
    for name in ("airflow.sensors.base", "airflow.providers.standard.sensors.base"):
        try:
            base = module(name)
        except ImportError:
            continue
        _shorten_sensors(base)
    for dag in dags.values():
        for task in dag.tasks:
            if getattr(task, "trigger_dag_id", None) and hasattr(task, "poke_interval"):
                task.poke_interval = 0.05


def _shorten_sensors(base: Any) -> None:
    counting = Hurry(POKE_SLEEP)
    base.time = counting
    original = base.BaseSensorOperator.execute

    def execute(self: Any, context: Any, **kwargs: Any) -> Any:
        clock = any(cls.__name__.removesuffix("Async") in CLOCK_SENSORS for cls in type(self).__mro__)
        counting.counts, counting.longest = not clock, 0.1 if clock else POKE_SLEEP
        counting.skipped = 0.0
        if "mode" not in type(self).__dict__ and self.mode == "reschedule":
            self.mode = "poke"  # the same questions and answers, asked within one process
        return original(self, context, **kwargs)

    base.BaseSensorOperator.execute = execute


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
            scripted_execute(self.task, scenario, self.map_index, number)
            self._execute_task(context, original)

    models.TaskInstance._execute_task_with_callbacks = staticmethod(execute)
    for owner in _template_owners():
        owner._do_render_template_fields = lambda *args, **kwargs: None
    for holder in (dag, *dag.tasks):
        settings = holder.partial_kwargs if hasattr(holder, "partial_kwargs") else holder.__dict__
        for name in [name for name in settings if name.startswith("on_") and name.endswith("_callback")]:
            settings[name] = None


def _template_owners() -> Iterator[Any]:
    yield module("airflow.template.templater").Templater
    waiting = [module("airflow.models.abstractoperator").AbstractOperator]
    while waiting:
        owner = waiting.pop()
        if "_do_render_template_fields" in vars(owner):
            yield owner
        waiting += owner.__subclasses__()


def _run_awaited(dags: dict[str, Any], dag_id: str, logical_date: datetime, job: dict[str, Any]) -> None:
    """Run the DAGs that this one's ExternalTaskSensors wait for, for the dates they ask for, in a working folder of their own."""
    done: set[tuple[str, datetime]] = {(dag_id, logical_date)}
    here = os.getcwd()
    for awaited, date in _awaited(dags, dag_id, logical_date):
        if (awaited, date) not in done:
            done.add((awaited, date))
            os.chdir(job["awaited_folder"])
            try:
                _run_awaited(dags, awaited, date, job)
                _test(dags[awaited], date, {})
            finally:
                os.chdir(here)


def _awaited(dags: dict[str, Any], dag_id: str, logical_date: datetime) -> Iterator[tuple[str, datetime]]:
    for task in dags[dag_id].tasks:
        if not any(cls.__name__ == "ExternalTaskSensor" for cls in type(task).__mro__) or task.external_dag_id not in dags:
            continue
        if task.execution_date_fn is not None:
            dates = task._handle_execution_date_fn({"logical_date": logical_date})
            yield from ((task.external_dag_id, date) for date in (dates if isinstance(dates, (list, tuple)) else [dates]))
        else:
            yield task.external_dag_id, logical_date - (task.execution_delta or timedelta(0))
