"""What is known of Airflow's names, as data.

Arguments: https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/models/baseoperator/index.html and the operators' own pages.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

_BASE_NAMES = [
    "owner",
    "email",
    "email_on_retry",
    "email_on_failure",
    "start_date",
    "end_date",
    "depends_on_past",
    "ignore_first_depends_on_past",
    "wait_for_past_depends_before_skipping",
    "wait_for_downstream",
    "dag",
    "params",
    "default_args",
    "priority_weight",
    "weight_rule",
    "queue",
    "pool",
    "sla",
    "execution_timeout",
    "on_execute_callback",
    "on_failure_callback",
    "on_success_callback",
    "on_retry_callback",
    "on_skipped_callback",
    "pre_execute",
    "post_execute",
    "max_retry_delay",
    "retry_policy",
    "render_template_as_native_obj",
    "resources",
    "run_as_user",
    "task_concurrency",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "map_index_template",
    "executor",
    "executor_config",
    "inlets",
    "outlets",
    "task_group",
    "doc",
    "doc_md",
    "doc_json",
    "doc_yaml",
    "doc_rst",
    "logger_name",
    "task_display_name",
    "provide_context",
    "_airflow_mapped_validation_only",
]

BASE_ARGUMENTS: dict[str, Any] = dict.fromkeys(_BASE_NAMES) | {
    "retries": 0,
    "retry_delay": timedelta(seconds=300),
    "retry_exponential_backoff": False,
    "trigger_rule": "all_success",
    "pool_slots": 1,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "allow_nested_operators": True,
}

# Settings that no other engine has; named in `RawTask.unsupported` when they differ from the default given here.
UNSUPPORTED: dict[str, Any] = {
    "depends_on_past": False,
    "wait_for_downstream": False,
    "sla": None,
    "retry_policy": None,
    "priority_weight": 1,
    "weight_rule": "downstream",
    "queue": "default",
    "run_as_user": None,
    "executor": None,
    "executor_config": {},
    "resources": None,
    "task_concurrency": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "email": None,
    "start_date": None,
    "end_date": None,
    "pre_execute": None,
    "post_execute": None,
}
CALLBACKS = ("on_execute_callback", "on_failure_callback", "on_success_callback", "on_retry_callback", "on_skipped_callback")

# Base arguments that stay in `RawTask.arguments` when they were given.
KEPT = (
    "do_xcom_push",
    "multiple_outputs",
    "params",
    "inlets",
    "outlets",
    "map_index_template",
    "email_on_failure",
    "email_on_retry",
    "provide_context",
)

# Class -> its base, for the classes whose meaning is known; the class name is what DagBag shows.
PARENTS = {
    "EmptyOperator": "BaseOperator",
    "BashOperator": "BaseOperator",
    "PythonOperator": "BaseOperator",
    "BranchPythonOperator": "PythonOperator",
    "ShortCircuitOperator": "PythonOperator",
    "PythonVirtualenvOperator": "PythonOperator",
    "ExternalPythonOperator": "PythonOperator",
    "BranchPythonVirtualenvOperator": "PythonVirtualenvOperator",
    "BranchExternalPythonOperator": "ExternalPythonOperator",
    "BaseBranchOperator": "BaseOperator",
    "BranchDateTimeOperator": "BaseBranchOperator",
    "BranchDayOfWeekOperator": "BaseBranchOperator",
    "LatestOnlyOperator": "BaseBranchOperator",
    "TriggerDagRunOperator": "BaseOperator",
    "EmailOperator": "BaseOperator",
    "BaseSensorOperator": "BaseOperator",
    "PythonSensor": "BaseSensorOperator",
    "BashSensor": "BaseSensorOperator",
    "FileSensor": "BaseSensorOperator",
    "TimeSensor": "BaseSensorOperator",
    "TimeSensorAsync": "BaseSensorOperator",
    "TimeDeltaSensor": "BaseSensorOperator",
    "TimeDeltaSensorAsync": "TimeDeltaSensor",
    "DateTimeSensor": "BaseSensorOperator",
    "DateTimeSensorAsync": "DateTimeSensor",
    "DayOfWeekSensor": "BaseSensorOperator",
    "ExternalTaskSensor": "BaseSensorOperator",
    "ExternalTaskMarker": "EmptyOperator",
    "SubDagOperator": "BaseSensorOperator",
    "SmoothOperator": "BaseOperator",
    "_AssetMainOperator": "PythonOperator",
}

_SENSOR = ("poke_interval", "timeout", "soft_fail", "mode", "exponential_backoff", "max_wait", "silent_fail", "never_fail")
_PYTHON = ("python_callable", "op_args", "op_kwargs", "templates_dict", "templates_exts", "show_return_value_in_logs")
_VIRTUALENV = [
    "requirements",
    "python_version",
    "serializer",
    "use_dill",
    "system_site_packages",
    "pip_install_options",
    "string_args",
    "templates_dict",
    "templates_exts",
    "expect_airflow",
    "skip_on_exit_code",
    "index_urls",
    "venv_cache_path",
    "env_vars",
    "inherit_env",
    "expect_pendulum",
]

# Class -> its own arguments beyond BaseOperator's and its parent's: only these are taken from default_args.
OWN_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "BaseOperator": (),
    "EmptyOperator": (),
    "BashOperator": (
        "bash_command",
        "env",
        "append_env",
        "output_encoding",
        "skip_exit_code",
        "skip_on_exit_code",
        "cwd",
        "output_processor",
    ),
    "PythonOperator": _PYTHON,
    "BranchPythonOperator": (),
    "ShortCircuitOperator": ("ignore_downstream_trigger_rules",),
    "PythonVirtualenvOperator": tuple(_VIRTUALENV),
    "ExternalPythonOperator": ("python", *_VIRTUALENV),
    "BranchPythonVirtualenvOperator": (),
    "BranchExternalPythonOperator": (),
    "BaseBranchOperator": (),
    "BranchDateTimeOperator": (
        "follow_task_ids_if_true",
        "follow_task_ids_if_false",
        "target_lower",
        "target_upper",
        "use_task_logical_date",
    ),
    "BranchDayOfWeekOperator": ("follow_task_ids_if_true", "follow_task_ids_if_false", "week_day", "use_task_logical_date"),
    "LatestOnlyOperator": (),
    "TriggerDagRunOperator": tuple(
        [
            "trigger_dag_id",
            "trigger_run_id",
            "conf",
            "logical_date",
            "execution_date",
            "reset_dag_run",
            "wait_for_completion",
            "poke_interval",
            "allowed_states",
            "failed_states",
            "skip_when_already_exists",
            "deferrable",
            "fail_when_dag_is_paused",
        ]
    ),
    "EmailOperator": (
        "to",
        "subject",
        "html_content",
        "files",
        "cc",
        "bcc",
        "mime_subtype",
        "mime_charset",
        "conn_id",
        "custom_headers",
        "from_email",
    ),
    "BaseSensorOperator": _SENSOR,
    "PythonSensor": _PYTHON,
    "BashSensor": ("bash_command", "env", "output_encoding", "retry_exit_code"),
    "FileSensor": ("filepath", "fs_conn_id", "recursive", "deferrable"),
    "TimeSensor": ("target_time", "deferrable"),
    "TimeSensorAsync": ("target_time", "start_from_trigger", "end_from_trigger"),
    "TimeDeltaSensor": ("delta", "deferrable"),
    "TimeDeltaSensorAsync": ("end_from_trigger",),
    "DateTimeSensor": ("target_time",),
    "DateTimeSensorAsync": ("start_from_trigger", "end_from_trigger"),
    "DayOfWeekSensor": ("week_day", "use_task_logical_date", "use_task_execution_day"),
    "ExternalTaskSensor": tuple(
        [
            "external_dag_id",
            "external_task_id",
            "external_task_ids",
            "external_task_group_id",
            "allowed_states",
            "skipped_states",
            "failed_states",
            "execution_delta",
            "execution_date_fn",
            "check_existence",
            "deferrable",
        ]
    ),
    "ExternalTaskMarker": ("external_dag_id", "external_task_id", "execution_date", "logical_date", "recursion_depth"),
    "SubDagOperator": ("subdag", "session", "conf", "propagate_skipped_state"),
}

# Old spelling -> class of today.
RENAMED = {
    "DummyOperator": "EmptyOperator",
    "BaseSensor": "BaseSensorOperator",
    "TriggerDagRunLink": "BaseOperatorLink",
    "TimeDeltaSensorOperator": "TimeDeltaSensor",
}

OPERATOR_ENDINGS = ("Operator", "OperatorAsync", "Sensor", "SensorAsync", "Transfer", "Marker")

CRON_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# The timetable that a plain schedule becomes, by its kind: https://airflow.apache.org/docs/apache-airflow/3.3.2/authoring-and-scheduling/timetable.html
_PLAIN = {"none": "NullTimetable", "once": "OnceTimetable", "continuous": "ContinuousTimetable"}
TIMETABLES: dict[str, dict[str, str]] = {
    "2": {
        **_PLAIN,
        "cron": "CronDataIntervalTimetable",
        "interval": "DeltaDataIntervalTimetable",
        "assets": "DatasetTriggeredTimetable",
    },
    "3": {**_PLAIN, "cron": "CronTriggerTimetable", "interval": "DeltaTriggerTimetable", "assets": "AssetTriggeredTimetable"},
}

TRIGGER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}

# TaskFlow decorator -> class name as DagBag shows it, and its base.
DECORATORS = {
    "task": ("_PythonDecoratedOperator", "PythonOperator"),
    "python": ("_PythonDecoratedOperator", "PythonOperator"),
    "branch": ("_BranchPythonDecoratedOperator", "BranchPythonOperator"),
    "short_circuit": ("_ShortCircuitDecoratedOperator", "ShortCircuitOperator"),
    "virtualenv": ("_PythonVirtualenvDecoratedOperator", "PythonVirtualenvOperator"),
    "external_python": ("_PythonExternalDecoratedOperator", "ExternalPythonOperator"),
    "branch_virtualenv": ("_BranchPythonVirtualenvDecoratedOperator", "BranchPythonVirtualenvOperator"),
    "branch_external_python": ("_BranchExternalPythonDecoratedOperator", "BranchExternalPythonOperator"),
    "sensor": ("DecoratedSensorOperator", "PythonSensor"),
    "bash": ("_BashDecoratedOperator", "BashOperator"),
    "docker": ("_DockerDecoratedOperator", "DockerOperator"),
    "kubernetes": ("_KubernetesDecoratedOperator", "KubernetesPodOperator"),
    "kubernetes_cmd": ("_KubernetesCmdDecoratedOperator", "KubernetesPodOperator"),
    "pyspark": ("_PySparkDecoratedOperator", "PythonOperator"),
}

# What `conf.get` gives where nothing is configured and structure may depend on it.
# https://airflow.apache.org/docs/apache-airflow/2.11.2/configurations-ref.html
CONFIGURATION = {
    ("core", "executor"): "SequentialExecutor", ("core", "default_timezone"): "utc", ("core", "load_examples"): "True",
    ("core", "parallelism"): "32", ("core", "max_active_tasks_per_dag"): "16", ("core", "max_active_runs_per_dag"): "16",
    ("core", "default_task_retries"): "0", ("core", "unit_test_mode"): "False", ("core", "hostname_callable"): "airflow.utils.net.getfqdn",
    ("core", "dagbag_import_timeout"): "30.0", ("core", "fernet_key"): "", ("webserver", "base_url"): "http://localhost:8080",
    ("operators", "default_owner"): "airflow", ("operators", "default_queue"): "default", ("scheduler", "catchup_by_default"): "True",
}  # fmt: skip


def own_arguments(cls: type) -> set[str] | None:
    """The arguments of a class beyond BaseOperator's; None when a class in its line is not known."""
    names: set[str] = set()
    for one in cls.__mro__:
        if one.__name__ in OWN_ARGUMENTS:
            names.update(OWN_ARGUMENTS[one.__name__])
        elif one.__name__ == "UnknownOperator":
            return None
    return names


# What `airflow.www.utils.get_attr_renderer` knows: https://github.com/apache/airflow/blob/2.11.2/airflow/www/utils.py
RENDERERS = (
    "bash", "bash_command", "doc", "doc_json", "doc_md", "doc_rst", "doc_yaml", "hql", "html", "jinja", "json", "md", "mysql", "postgresql",
    "powershell", "py", "python_callable", "rst", "sql", "tsql", "yaml",
)  # fmt: skip
