"""Sensors: what they wait for, how long, and what becomes of them when they wait in vain."""

from datetime import UTC, datetime, timedelta

from airflow import DAG
from airflow.exceptions import AirflowFailException, AirflowSkipException

try:
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import PythonOperator
    from airflow.sensors.bash import BashSensor
    from airflow.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
    from airflow.sensors.filesystem import FileSensor
    from airflow.sensors.python import PythonSensor
    from airflow.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync
    from airflow.sensors.time_sensor import TimeSensor
except ImportError:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.providers.standard.sensors.bash import BashSensor
    from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
    from airflow.providers.standard.sensors.filesystem import FileSensor
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.sensors.time import TimeSensor
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync

OPEN = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}


def ready():
    return True


def never():
    return False


def skips():
    raise AirflowSkipException("nothing to wait for")


def gives_up():
    raise AirflowFailException("it will never come")


def breaks():
    raise ValueError("the check itself is broken")


def times_out():
    raise TimeoutError("the check was too slow, which is no end of the wait")


QUICK = {"poke_interval": 0.1, "timeout": 0.3}

with DAG("sensor_python", **OPEN):
    for mode in ("poke", "reschedule"):
        PythonSensor(task_id=f"ready_{mode}", python_callable=ready, mode=mode)
    soft = PythonSensor(task_id="soft", python_callable=never, soft_fail=True, **QUICK)
    hard = PythonSensor(task_id="hard", python_callable=never, retries=2, retry_delay=timedelta(seconds=1), **QUICK)
    joined = EmptyOperator(task_id="joined", trigger_rule="none_failed")
    always = EmptyOperator(task_id="always", trigger_rule="all_done")
    after_soft = EmptyOperator(task_id="after_soft")
    soft >> [after_soft, joined]
    [soft, hard] >> always

with DAG("sensor_errors", **OPEN):
    for name, check in {"skips": skips, "gives_up": gives_up, "breaks": breaks, "times_out": times_out}.items():
        PythonSensor(task_id=name, python_callable=check, **QUICK)
        PythonSensor(task_id=f"{name}_softly", python_callable=check, soft_fail=True, **QUICK)
        PythonSensor(task_id=f"{name}_silently", python_callable=check, silent_fail=True, soft_fail=True, **QUICK)
        PythonSensor(task_id=f"{name}_never", python_callable=check, never_fail=True, **QUICK)
    EmptyOperator(task_id="end", trigger_rule="all_done")

with DAG("sensor_backoff", **OPEN):
    PythonSensor(task_id="soon", python_callable=ready, exponential_backoff=True, max_wait=timedelta(seconds=30))
    PythonSensor(task_id="in_vain", python_callable=never, exponential_backoff=True, poke_interval=0.1, timeout=0.5, soft_fail=True)

with DAG("sensor_bash", **OPEN):
    BashSensor(task_id="zero", bash_command="exit 0")
    BashSensor(task_id="one", bash_command="exit 1", soft_fail=True, **QUICK)
    BashSensor(task_id="again", bash_command="exit 7", retry_exit_code=7, soft_fail=True, **QUICK)
    BashSensor(task_id="other", bash_command="exit 3", retry_exit_code=7, **QUICK)
    BashSensor(task_id="with_environment", bash_command='test "$COLOUR" = red', env={"COLOUR": "red"}, **QUICK)

with DAG("sensor_file", **OPEN):
    there = PythonOperator(task_id="there", python_callable=lambda: None)
    FileSensor(task_id="found", filepath="/etc/hostname")
    FileSensor(task_id="found_deferred", filepath="/etc/hostname", deferrable=True)
    FileSensor(task_id="pattern", filepath="/etc/host*")
    FileSensor(task_id="missing", filepath="/nowhere/at/all", soft_fail=True, **QUICK)

with DAG("sensor_time", **OPEN):
    TimeDeltaSensor(task_id="past", delta=timedelta(seconds=1))
    TimeDeltaSensorAsync(task_id="past_deferred", delta=timedelta(seconds=1))
    DateTimeSensor(task_id="fixed", target_time="2024-01-01T12:00:00+00:00")
    DateTimeSensor(task_id="of_the_run", target_time="{{ logical_date.add(hours=1) }}")
    DateTimeSensorAsync(task_id="fixed_deferred", target_time=datetime(2024, 1, 2, tzinfo=UTC))
    DateTimeSensor(task_id="far", target_time="2199-01-01T00:00:00+00:00", soft_fail=True, **QUICK)
    TimeSensor(task_id="now", target_time=datetime.now(tz=UTC).time(), poke_interval=0.1)
