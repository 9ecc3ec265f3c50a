"""Airflow's task context as tables: each name, what it stands for, and the versions that have it.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html and
https://airflow.apache.org/docs/apache-airflow/3.3.2/templates-ref.html; what 3.0 removed stands in its release notes.
`tests/corpus/airflow/functions/dags/templates.py` renders what stands here in both engines.
"""

from __future__ import annotations

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._meanings import Entity, Meaning
from workbook_lib.sources.airflow._moments import format_date, iso, without

LOGICAL = x.Context(name="logical_date")
_NEXT = x.Context(name="interval_end")
_PREVIOUS = x.Context(name="previous_date")


def _day(offset: int) -> Expr:
    return x.Call(function="add_days", args=(format_date(LOGICAL, "%Y-%m-%d"), x.Constant(value=offset)))


def _watermark(name: str) -> Expr:
    """A date of the last run that succeeded: a run parameter, for Prefect's runs know nothing of each other."""
    return x.Call(function="parse_moment", args=(x.Parameter(name=name),))


# Names that are values. In 2.x the logical date of a scheduled run is the start of its data interval; `ds` and its relatives
# come from the logical date, whatever started the run.
VALUES: dict[str, Expr] = {
    "logical_date": LOGICAL,
    "execution_date": LOGICAL,
    "ds": format_date(LOGICAL, "%Y-%m-%d"),
    "ds_nodash": format_date(LOGICAL, "%Y%m%d"),
    "ts": iso(LOGICAL),
    "ts_nodash": format_date(LOGICAL, "%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": without(iso(LOGICAL), "-", ":"),
    "yesterday_ds": _day(-1),
    "tomorrow_ds": _day(1),
    "yesterday_ds_nodash": without(_day(-1), "-"),
    "tomorrow_ds_nodash": without(_day(1), "-"),
    "data_interval_start": x.Context(name="interval_start"),
    "data_interval_end": _NEXT,
    "run_id": x.Context(name="run_id"),
    "task_instance_key_str": x.Format(
        parts=(
            x.Context(name="workflow_id"),
            x.Constant(value="__"),
            x.Context(name="task_id"),
            x.Constant(value="__"),
            format_date(LOGICAL, "%Y%m%d"),
        )
    ),
    "test_mode": x.Constant(value=False),
    "expanded_ti_count": x.Constant(value=None),
    "map_index_template": x.Constant(value=None),
    "partition_key": x.Parameter(name="partition_key"),
    "partition_date": _watermark("partition_date"),
    **{name: _watermark(name) for name in ("prev_start_date_success", "prev_end_date_success")},
    **{name: _watermark(name) for name in ("prev_data_interval_start_success", "prev_data_interval_end_success")},
    "prev_execution_date_success": _watermark("prev_execution_date_success"),
}

# Names that a DAG with a cron schedule or an interval has; without one they are None.
SCHEDULED: dict[str, Expr] = {
    "next_execution_date": _NEXT,
    "next_ds": format_date(_NEXT, "%Y-%m-%d"),
    "next_ds_nodash": format_date(_NEXT, "%Y%m%d"),
    "prev_execution_date": _PREVIOUS,
    "prev_ds": format_date(_PREVIOUS, "%Y-%m-%d"),
    "prev_ds_nodash": format_date(_PREVIOUS, "%Y%m%d"),
}

ENTITIES: dict[str, Entity] = {
    "ti": Entity("ti"),
    "task_instance": Entity("ti"),
    "dag_run": Entity("dag_run"),
    "dag": Entity("dag"),
    "task": Entity("task"),
    "params": Entity("params"),
    "var": Entity("var"),
    "conn": Entity("conn"),
    "macros": Entity("macros"),
    "templates_dict": Entity("templates_dict"),
    "inlet_events": Entity("inlet_events"),
    "outlet_events": Entity("outlet_events"),
}

_STATE = "keeps a state between runs in Airflow's database: keep it in a variable or a table of your own"
# Names that nothing neutral stands for.
WITHOUT_MEANING: dict[str, str] = {
    **dict.fromkeys(("inlets", "outlets"), "works with dataset events"),
    **dict.fromkeys(("triggering_dataset_events", "triggering_asset_events"), "works with dataset events"),
    **dict.fromkeys(("task_state_store", "asset_state_store"), _STATE),
    "task_reschedule_count": "counts how often a sensor was rescheduled",
    "conf": "is Airflow's own configuration",
    "exception": "is the error of a failed task",
    "reason": "is the reason of a DAG callback",
    "try_number": "is given to e-mail templates alone",
}

# What Airflow 3 has not any more: a template or a body that asks for it fails there.
REMOVED = frozenset({"execution_date", "conf", "yesterday_ds", "yesterday_ds_nodash", "tomorrow_ds", "tomorrow_ds_nodash"})
REMOVED |= frozenset({"prev_execution_date_success", "triggering_dataset_events", *SCHEDULED})
ADDED = frozenset(
    {"partition_key", "partition_date", "task_state_store", "asset_state_store", "task_reschedule_count", "triggering_asset_events"}
)

# All names; a parameter of a function that is called like one of them is given it.
CONTEXT_KEYS = frozenset(VALUES) | frozenset(SCHEDULED) | frozenset(ENTITIES) | frozenset(WITHOUT_MEANING)

_TI: dict[str, Meaning] = {
    "task_id": x.Context(name="task_id"),
    "dag_id": x.Context(name="workflow_id"),
    "run_id": x.Context(name="run_id"),
    "try_number": x.Context(name="attempt"),
    "map_index": x.Context(name="map_index"),
    "task": Entity("task"),
    "dag_run": Entity("dag_run"),
}
_DAG_RUN: dict[str, Meaning] = {
    "logical_date": LOGICAL,
    "data_interval_start": x.Context(name="interval_start"),
    "data_interval_end": _NEXT,
    "run_id": x.Context(name="run_id"),
    "dag_id": x.Context(name="workflow_id"),
    "conf": Entity("conf"),
    "partition_key": x.Parameter(name="partition_key"),
    "partition_date": _watermark("partition_date"),
}
ATTRIBUTES: dict[str, dict[str, Meaning]] = {
    "ti": _TI,
    "dag_run": _DAG_RUN,
    "dag": {"dag_id": x.Context(name="workflow_id"), "params": Entity("params")},
    "task": {
        "task_id": x.Context(name="task_id"),
        "dag_id": x.Context(name="workflow_id"),
        "params": Entity("params"),
        "dag": Entity("dag"),
        "log": x.Context(name="logger"),
    },
    "var": {"value": Entity("var.value"), "json": Entity("var.json")},
}
# The same in 2.x alone.
ATTRIBUTES_2: dict[str, dict[str, Meaning]] = {
    "ti": {"execution_date": LOGICAL, "logical_date": LOGICAL, "log": x.Context(name="logger")},
    "dag_run": {"execution_date": LOGICAL},
}

# What a task instance, a DAG run and the rest show of themselves where they are only printed.
SHOWN: dict[str, Expr] = {
    "ti": x.Format(
        parts=(
            x.Constant(value="<TaskInstance: "),
            x.Context(name="workflow_id"),
            x.Constant(value="."),
            x.Context(name="task_id"),
            x.Constant(value=">"),
        )
    ),
    "dag_run": x.Format(
        parts=(x.Constant(value="<DagRun "), x.Context(name="workflow_id"), x.Constant(value=" @ "), LOGICAL, x.Constant(value=">"))
    ),
    "dag": x.Format(parts=(x.Constant(value="<DAG: "), x.Context(name="workflow_id"), x.Constant(value=">"))),
    "task": x.Format(parts=(x.Constant(value="<Task: "), x.Context(name="task_id"), x.Constant(value=">"))),
    "context": x.DictOf(
        items=(
            (x.Constant(value="dag"), x.Context(name="workflow_id")),
            (x.Constant(value="task"), x.Context(name="task_id")),
            (x.Constant(value="run_id"), x.Context(name="run_id")),
            (x.Constant(value="ds"), VALUES["ds"]),
            (x.Constant(value="params"), x.Context(name="run_parameters")),
        )
    ),
}
# Of a connection: what it holds, and the methods that give one of these.
CONNECTION_FIELDS = frozenset({"conn_type", "description", "host", "login", "password", "schema", "port", "extra", "extra_dejson"})
CONNECTION_METHODS = {"get_uri": "uri", "get_password": "password"}
