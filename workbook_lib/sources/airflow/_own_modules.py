"""Where Airflow itself keeps the operators that have a rule, in 1.10, 2 and 3: the same name in another module is another class.

Specification: the API references of https://airflow.apache.org/docs/apache-airflow/1.10.15/_api/index.html and
https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/index.html, and
https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/_api/airflow/providers/standard/index.html for 3.
"""

from __future__ import annotations

_STANDARD = "airflow.providers.standard."  # operators, sensors and decorators of 3

_WORDS = """
    airflow.operators
    airflow.operators.bash airflow.operators.bash_operator
    airflow.operators.branch airflow.operators.branch_operator
    airflow.operators.dagrun_operator airflow.operators.trigger_dagrun
    airflow.operators.datetime airflow.operators.weekday
    airflow.operators.email airflow.operators.email_operator airflow.operators.smooth
    airflow.operators.dummy airflow.operators.dummy_operator airflow.operators.empty
    airflow.operators.latest_only airflow.operators.latest_only_operator
    airflow.operators.python airflow.operators.python_operator
    airflow.operators.sensors airflow.operators.subdag airflow.operators.subdag_operator
    airflow.contrib.operators.branch_operator airflow.contrib.operators.dayofweek_operator airflow.contrib.operators.weekday_operator
    airflow.sensors
    airflow.sensors.base airflow.sensors.base_sensor_operator
    airflow.sensors.bash airflow.sensors.bash_sensor
    airflow.sensors.date_time airflow.sensors.date_time_sensor airflow.sensors.datetime_sensor
    airflow.sensors.external_task airflow.sensors.external_task_sensor
    airflow.sensors.filesystem airflow.sensors.file_sensor
    airflow.sensors.python airflow.sensors.python_sensor
    airflow.sensors.time_delta airflow.sensors.time_delta_sensor
    airflow.sensors.time_sensor
    airflow.sensors.weekday airflow.sensors.weekday_sensor
    airflow.contrib.sensors.bash_sensor airflow.contrib.sensors.file_sensor airflow.contrib.sensors.python_sensor
    airflow.contrib.sensors.weekday_sensor
    airflow.models airflow.models.baseoperator airflow.sdk airflow.sdk.bases.operator airflow.sdk.bases.sensor
    airflow.decorators airflow.sdk.definitions.asset.decorators
"""
_MODULES = frozenset(_WORDS.split())


def is_airflows(module: str) -> bool:
    """Whether the known operators' names mean Airflow's own classes in this module."""
    return module in _MODULES or module.startswith(_STANDARD)
