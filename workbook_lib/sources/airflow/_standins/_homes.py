"""Where Airflow really defines the operators that it has under several paths: what DagBag shows as a class's module.

https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/operators/index.html and
https://airflow.apache.org/docs/apache-airflow-providers-standard/stable/_api/airflow/providers/standard/index.html
"""

from __future__ import annotations

_STANDARD = "airflow.providers.standard."

# Module below `airflow.` of 2.x -> its classes; 3 has the same modules in the standard provider.
_CLASSES = {
    "operators.bash": "BashOperator",
    "operators.datetime": "BranchDateTimeOperator",
    "operators.empty": "EmptyOperator",
    "operators.latest_only": "LatestOnlyOperator",
    "operators.python": "PythonOperator BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator ExternalPythonOperator "
    "BranchPythonVirtualenvOperator BranchExternalPythonOperator",
    "operators.smooth": "SmoothOperator",
    "operators.trigger_dagrun": "TriggerDagRunOperator",
    "operators.weekday": "BranchDayOfWeekOperator",
    "sensors.bash": "BashSensor",
    "sensors.date_time": "DateTimeSensor DateTimeSensorAsync",
    "sensors.external_task": "ExternalTaskSensor ExternalTaskMarker",
    "sensors.filesystem": "FileSensor",
    "sensors.python": "PythonSensor",
    "sensors.time_delta": "TimeDeltaSensor TimeDeltaSensorAsync",
    "sensors.time_sensor": "TimeSensor TimeSensorAsync",
    "sensors.weekday": "DayOfWeekSensor",
}
_RENAMED_IN_3 = {"sensors.time_sensor": "sensors.time"}
_ONLY_2 = {"EmailOperator": "airflow.operators.email", "SubDagOperator": "airflow.operators.subdag"}
_HOMES = {name: module for module, names in _CLASSES.items() for name in names.split()}

# Decorator -> its module below `airflow.` of 2.x, or the whole one where a provider has it.
_DECORATORS = {
    "task": "decorators.python",
    "python": "decorators.python",
    "branch": "decorators.branch_python",
    "short_circuit": "decorators.short_circuit",
    "virtualenv": "decorators.python_virtualenv",
    "external_python": "decorators.external_python",
    "branch_virtualenv": "decorators.branch_virtualenv",
    "branch_external_python": "decorators.branch_external_python",
    "sensor": "decorators.sensor",
    "bash": "decorators.bash",
}
_OF_PROVIDERS = {
    "docker": "airflow.providers.docker.decorators.docker",
    "kubernetes": "airflow.providers.cncf.kubernetes.decorators.kubernetes",
    "kubernetes_cmd": "airflow.providers.cncf.kubernetes.decorators.kubernetes_cmd",
    "pyspark": "airflow.providers.apache.spark.decorators.pyspark",
}


def home(name: str, module: str, is_3: bool) -> str:
    """The module of one of Airflow's own classes that a file imports from `module`."""
    found = _HOMES.get(name)
    if found is None:
        return _ONLY_2.get(name, module) if not is_3 else module
    if is_3 or module.startswith(_STANDARD):
        return _STANDARD + _RENAMED_IN_3.get(found, found)
    return f"airflow.{found}"


def decorator_home(decorator: str, is_3: bool) -> str:
    """The module of the class that a TaskFlow decorator makes tasks of."""
    found = _DECORATORS.get(decorator)
    if found is None:
        return _OF_PROVIDERS.get(decorator, "airflow.decorators")
    return (_STANDARD if is_3 else "airflow.") + found
