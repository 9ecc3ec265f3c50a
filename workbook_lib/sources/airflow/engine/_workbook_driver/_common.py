"""What the drivers of Airflow 2 and 3 do alike: inputs, start dates, sensors, callbacks, awaited DAGs, reading how a run ended."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from . import _plain
from ._clock import Hurry

# Sensors that look at the real clock: counting skipped seconds would let them time out before their moment comes.
CLOCK_SENSORS = frozenset({"DateTimeSensor", "TimeSensor", "TimeDeltaSensor", "DayOfWeekSensor", "WaitSensor"})
LOOP_SLEEP = 0.01
POKE_SLEEP = 0.002
# Timetables whose manual runs have another data interval than the scheduled run of the same logical date.
INTERVAL_TIMETABLES = ("CronDataIntervalTimetable", "DeltaDataIntervalTimetable")

Emit = Callable[[dict[str, Any]], None]


def module(name: str) -> Any:
    """A module of Airflow, imported late: importing it reads the configuration."""
    return importlib.import_module(name)


def never_wait_for_the_disk(engine: Any) -> None:
    """Write to an SQLite file without waiting for the disk, which would only protect against a power failure."""
    listen = module("sqlalchemy").event.listen
    listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA synchronous = OFF"))


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


def last_lines(errors: dict[str, str]) -> dict[str, str]:
    """The last line of each error text."""
    return {name: (text.strip().splitlines() or [""])[-1] for name, text in errors.items()}


def move_start(dag: Any, logical_date: datetime) -> None:
    """Let a DAG that starts later than the logical date asked for start there, so that it is run all the same."""
    starts = [task.start_date for task in dag.tasks if task.start_date is not None]
    if not starts or min(starts) <= logical_date:
        return
    dag.start_date = logical_date
    for task in dag.tasks:
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["start_date"] = logical_date
        task.start_date = logical_date


def shorten_tasks(dags: dict[str, Any]) -> None:
    """Let tasks that wait for a run which they started ask for its end at once."""
    for dag in dags.values():
        for task in dag.tasks:
            if getattr(task, "trigger_dag_id", None) and hasattr(task, "poke_interval"):
                task.poke_interval = 0.05


def shorten_sensors(base: Any) -> None:
    """Take the waiting out of the sensors of a module that has `BaseSensorOperator`, and let them poke within one process."""
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


def apply_nothing(results: Any) -> None:
    """Let what `.map(f)` gives be the element itself where `f` fails or skips: scripted elements are not of the kind that it expects."""
    original = results.__getitem__

    def item(self: Any, index: Any) -> Any:
        try:
            return original(self, index)
        except Exception:
            return self.value[index]

    results.__getitem__ = item


def render_nothing(roots: Iterable[Any]) -> None:
    """Replace `_do_render_template_fields` in every class below `roots` that has one of its own."""
    waiting = list(roots)
    while waiting:
        owner = waiting.pop()
        if "_do_render_template_fields" in vars(owner):
            owner._do_render_template_fields = lambda *args, **kwargs: None
        waiting += owner.__subclasses__()


def drop_callbacks(dag: Any) -> None:
    """Take the callbacks away from a DAG and its tasks."""
    for holder in (dag, *dag.tasks):
        settings = holder.partial_kwargs if hasattr(holder, "partial_kwargs") else holder.__dict__
        for name in [name for name in settings if name.startswith("on_") and name.endswith("_callback")]:
            settings[name] = None


def run_awaited(dags: dict[str, Any], dag_id: str, logical_date: datetime, folder: str, test: Callable[[Any, datetime], None]) -> None:
    """Run the DAGs that this one's ExternalTaskSensors wait for, for the dates they ask for, in a working folder of their own."""
    done: set[tuple[str, datetime]] = {(dag_id, logical_date)}

    def before(waiting: str, date: datetime) -> None:
        for awaited, asked in _awaited(dags, waiting, date):
            if (awaited, asked) not in done:
                done.add((awaited, asked))
                before(awaited, asked)
                test(dags[awaited], asked)

    here = os.getcwd()
    os.chdir(folder)
    try:
        before(dag_id, logical_date)
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


def read_run(dag_id: str, date: dict[str, datetime], table: Any, decode: Callable[[Any], Any], event: Any, asset_id: str) -> dict[str, Any]:
    """How the run of a DAG stands in the metadata database: its state and its task instances, in the order of their ids.

    `date` filters runs by the column of their logical date; `table` holds the XComs, `decode` gives the value of a row of it; `event` is
    the table of events of assets, `asset_id` its column that names the asset.
    """
    models = module("airflow.models")
    with module("airflow.utils.session").create_session() as session:
        dag_run = session.query(models.DagRun).filter_by(dag_id=dag_id, **date).one_or_none()
        if dag_run is None:
            return {"state": None, "tasks": []}
        instances = session.query(models.TaskInstance).filter_by(dag_id=dag_id, run_id=dag_run.run_id).all()
        # By columns: loading the objects would replace each value by a text about it.
        values = session.query(table.task_id, table.map_index, table.value).filter_by(
            dag_id=dag_id, run_id=dag_run.run_id, key="return_value"
        )
        results = {(row.task_id, row.map_index): _result(row, decode) for row in values}
        updates = _updates(session, event, asset_id, dag_id, dag_run.run_id)
        tasks = [
            {
                "id": ti.task_id,
                "map_index": ti.map_index,
                "state": None if ti.state is None else str(getattr(ti.state, "value", ti.state)),
                "start": _iso(ti.start_date),
                "end": _iso(ti.end_date),
                "result": results.get((ti.task_id, ti.map_index), {"absent": True}),
                "updates": updates.get((ti.task_id, ti.map_index), []),
            }
            for ti in sorted(instances, key=lambda ti: (ti.task_id, ti.map_index))
        ]
        return {"state": str(getattr(dag_run.state, "value", dag_run.state)), "tasks": tasks}


def _updates(session: Any, event: Any, asset_id: str, dag_id: str, run_id: str) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """The updates of assets that the run's task instances told of, in the order in which they were stored."""
    asset = next(relation.mapper.class_ for relation in event.__mapper__.relationships if relation.key in ("asset", "dataset"))
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    rows = (
        session.query(event.source_task_id, event.source_map_index, event.extra, asset.uri)
        .join(asset, asset.id == getattr(event, asset_id))
        .filter(event.source_dag_id == dag_id, event.source_run_id == run_id)
        .order_by(event.id)
    )
    for task_id, map_index, extra, uri in rows:
        found.setdefault((task_id, map_index), []).append({"asset": uri, "extra": extra or {}})
    return found


def _result(row: Any, decode: Callable[[Any], Any]) -> dict[str, Any]:
    try:
        value = decode(row)
    except Exception as error:  # a class that Airflow was not allowed to import again, for example
        return {"digest": f"type:unreadable ({type(error).__name__})"}
    return _plain.result_of(value)


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
