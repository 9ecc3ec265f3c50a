"""Airflow 3: load a folder of DAGs, run one as `DAG.test` does, read how it ended.

Meaning of the parts used: https://airflow.apache.org/docs/apache-airflow/3.3.2/core-concepts/debug.html. Tasks run in the task
runner, which talks to the execution API, here within one process. The names are those of 3.3 (`airflow/sdk/definitions/dag.py`,
`sdk/execution_time/task_runner.py` and `supervisor.py`, `models/taskinstance.py`); `_main.ENGINES` says which versions come here.
"""

from __future__ import annotations

import asyncio
import builtins
import os
from datetime import datetime, timedelta
from pathlib import Path
from types import FunctionType
from typing import Any

from . import _common
from ._clock import Hurry
from ._common import Emit, module
from ._rehearsal import scripted_execute

BUNDLE = "dags-folder"  # the bundle that is the folder of DAG files
RUNNER = "airflow.sdk.execution_time.task_runner"
# Where variables and connections come from while DAG files are imported: the metadata database. See `ensure_secrets_backend_loaded`.
CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"
store_inputs = _common.store_inputs


def make_database() -> None:
    """Create the tables of an empty metadata database."""
    module("airflow.utils.db").initdb()


def use_database(path: Path) -> None:
    """Let this process talk to another metadata database from now on."""
    url = f"sqlite:///{path}"
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
    settings = module("airflow.settings")
    settings.dispose_orm()
    settings.SQL_ALCHEMY_CONN = url
    settings.SQL_ALCHEMY_CONN_ASYNC = url.replace("sqlite:", "sqlite+aiosqlite:")
    settings.configure_orm()
    for engine in (settings.engine, settings.async_engine.sync_engine):
        _common.never_wait_for_the_disk(engine)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The DAGs of a folder by id, and the files that could not be imported, each with the last line of its error."""
    dagbags = module("airflow.dag_processing.dagbag")
    module("airflow.dag_processing.bundles.manager").DagBundlesManager().sync_bundles_to_db()
    os.environ[CONTEXT] = "server"
    try:
        bag = dagbags.BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name=BUNDLE)
    finally:
        del os.environ[CONTEXT]
    dagbags.sync_bag_to_db(bag, BUNDLE, None)
    _warm()
    return dict(bag.dags), {str(folder / name): text for name, text in _common.last_lines(bag.import_errors).items()}


def _warm() -> None:
    """Let the execution API make its routes, and the metrics their names, before processes are forked: the first use takes seconds.

    The request is made in an event loop that ends here, because threads do not survive forking; each process then starts its own.
    """
    module("airflow._shared.observability.metrics.stats")._get_registry()
    module("sqlalchemy.orm").configure_mappers()
    api = module("airflow.sdk.execution_time.supervisor").in_process_api_server()

    async def ask() -> None:
        async with module("httpx").AsyncClient(transport=api.atransport, base_url="http://in-process.invalid") as client:
            await client.get("/health")

    asyncio.run(ask())


def run(dags: dict[str, Any], dag_id: str, scenario: dict[str, Any], job: dict[str, Any], emit: Emit) -> None:
    """Run one DAG for one logical date to its end, in this process."""
    logical_date = module("airflow.sdk.timezone").parse(job["logical_date"])
    _never_mail()
    _infer_scheduled_interval()
    _import_nothing_again()
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
    xcom = module("airflow.sdk.execution_time.xcom").XCom
    date = {"logical_date": module("airflow.sdk.timezone").parse(logical_date)}
    event = module("airflow.models.asset").AssetEvent
    return _common.read_run(dag_id, date, module("airflow.models.xcom").XComModel, xcom.deserialize_value, event, "asset_id")


def _test(dag: Any, logical_date: datetime, params: dict[str, Any]) -> None:
    """`DAG.test` at the moment at which the scheduler would have made the run: the end of its data interval."""
    _common.move_start(dag, logical_date)
    timetable = module("airflow.serialization.encoders").coerce_to_core_timetable(dag.timetable)
    interval = timetable.infer_manual_data_interval(run_after=module("airflow.sdk.timezone").coerce_datetime(logical_date))
    dag.test(logical_date=logical_date, run_after=interval.end if interval else logical_date, run_conf=params or None)


def _never_mail() -> None:
    module(RUNNER)._send_error_email_notification = lambda *args, **kwargs: None


def _infer_scheduled_interval() -> None:
    """Give the run the data interval that a scheduled run of that logical date has: where it has one, it starts at the logical date.

    `DAG.test` makes a manual run, whose interval is the last complete one before the date. Timetables that are triggers have none.
    """
    infer = module("airflow.models.dag").infer_automated_data_interval
    timetables = module("airflow.timetables.interval")
    for name in _common.INTERVAL_TIMETABLES:
        getattr(timetables, name).infer_manual_data_interval = lambda self, *, run_after: infer(self, run_after)


def _import_nothing_again() -> None:
    """`DAG.test` imports all files of the DAG's bundle; they were imported and stored before this process was forked."""
    dagbags = module("airflow.dag_processing.dagbag")
    dagbags.BundleDagBag = lambda **kwargs: None
    dagbags.sync_bag_to_db = lambda *args, **kwargs: None


def _shorten(dags: dict[str, Any]) -> None:
    """Take the waiting out of the engine: between rounds, between attempts, between the questions of a sensor."""
    dag_class = module("airflow.sdk.definitions.dag").DAG
    dag_class.test = _hurried(dag_class.test, Hurry(_common.LOOP_SLEEP, counts=False))
    task_instance = module("airflow.models.taskinstance").TaskInstance
    task_instance.next_retry_datetime = lambda self: self.end_date - timedelta(seconds=1)
    _common.shorten_sensors(module("airflow.sdk.bases.sensor"))
    _common.shorten_tasks(dags)


def _hurried(function: Any, clock: Hurry) -> Any:
    """The same function with another module `time`, which it imports itself."""

    def import_module(name: str, *more: Any) -> Any:
        return clock if name == "time" else builtins.__import__(name, *more)

    names = function.__globals__ | {"__builtins__": vars(builtins) | {"__import__": import_module}}
    hurried = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    hurried.__kwdefaults__ = function.__kwdefaults__
    return hurried


def _observe(dag_id: str, emit: Emit) -> None:
    """Tell when an attempt of a task instance starts (with its number), how it ends, the error that ended it, and an answer not kept.

    A task that skips others ends by an exception, which comes before its answer is stored.
    """
    runner = module(RUNNER)
    prepare, execute, run_task = runner._prepare, runner._execute_task, runner.run
    skips = module("airflow.sdk.exceptions").DownstreamTasksSkipped

    def tell(what: str, ti: Any, **more: Any) -> None:
        if ti.dag_id == dag_id:
            emit({"event": what, "id": ti.task_id, "map_index": -1 if ti.map_index is None else ti.map_index, **more})

    def prepared(ti: Any, log: Any, context: Any) -> Any:
        if not ti._ti_context_from_server.next_method:
            tell("started", ti, attempt=ti.try_number)
        return prepare(ti, log, context)

    def executed(context: Any, ti: Any, log: Any) -> Any:
        try:
            return execute(context, ti, log)
        except skips:
            tell("unkept", ti)
            raise

    def ran(ti: Any, context: Any, log: Any) -> Any:
        state, message, error = run_task(ti, context, log)
        if error is not None:
            tell("error", ti, message=f"{type(error).__name__}: {error}"[:2000])
        tell("ended", ti, state=None if state is None else str(state.value))
        return state, message, error

    runner._prepare, runner._execute_task, runner.run = prepared, executed, ran


def _script(dag: Any, scenario: dict[str, Any]) -> None:
    """Replace every task body of the DAG by its outcome, and take away what else is user code: templates, hooks, callbacks, policies."""
    runner = module(RUNNER)
    attempts: dict[tuple[str, int], int] = {}

    def execute(context: Any, ti: Any, log: Any) -> Any:
        number = attempts[(ti.task_id, ti.map_index)] = attempts.get((ti.task_id, ti.map_index), 0) + 1
        scripted_execute(ti.task, scenario, ti.map_index, number, _skip)
        return runner._run_execute_callable(context, ti.task.execute, ti.task)

    runner._execute_task = execute
    runner._serialize_rendered_fields = lambda task: {}
    for name in ("_render_map_index", "_run_task_state_change_callbacks", "_evaluate_retry_policy"):
        setattr(runner, name, lambda *args, **kwargs: None)
    _common.apply_nothing(module("airflow.sdk.definitions.xcom_arg")._MapResult)
    _common.render_nothing([module("airflow.sdk.definitions._internal.templater").Templater])
    _common.drop_callbacks(dag)
    dag.has_on_success_callback = dag.has_on_failure_callback = False


def _skip(task: Any, context: Any, tasks: list[Any]) -> None:
    task.skip(ti=context["ti"], tasks=tasks)
