"""Log maintenance: wait for the export, stop if there is nothing to do, compress, verify (with a second try), report."""
import logging
from datetime import timedelta
from pathlib import Path

import pendulum

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sensors.python import PythonSensor

INBOX = Path("inbox")
ARCHIVE = Path("archive")

log = logging.getLogger(__name__)


def export_is_there():
    return (INBOX / "_DONE").exists()


def has_work():
    """False stops everything that follows."""
    return any(INBOX.glob("*.log"))


def compress():
    """Join all logs into one file; says how many lines it has."""
    ARCHIVE.mkdir(exist_ok=True)
    lines = [line for path in sorted(INBOX.glob("*.log")) for line in path.read_text().splitlines()]
    (ARCHIVE / "all.log").write_text("\n".join(lines) + "\n")
    return len(lines)


def verify(ti):
    """The archive is sealed at the first try, so that only the second one can verify it."""
    seal = ARCHIVE / "sealed"
    if not seal.exists():
        seal.write_text("sealed\n")
        raise RuntimeError("the archive was not sealed yet")
    expected = ti.xcom_pull(task_ids="compress")
    found = len((ARCHIVE / "all.log").read_text().splitlines())
    if found != expected:
        raise ValueError(f"{found} lines instead of {expected}")
    return {"lines": found, "sealed": True}


def tell_on_call(context):
    """Called once a task has failed for good."""
    log.error("%s failed for %s", context["ti"].task_id, context["ds"])


with DAG(
    dag_id="log_maintenance",
    description="Archive yesterday's logs",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    schedule="30 2 * * *",
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "platform",
        "retries": 0,
        "on_failure_callback": tell_on_call,
    },
    tags=["maintenance"],
) as dag:
    wait_for_export = PythonSensor(
        task_id="wait_for_export",
        python_callable=export_is_there,
        poke_interval=30,
        timeout=600,
        soft_fail=True,
        mode="reschedule",
    )
    something_to_do = ShortCircuitOperator(task_id="something_to_do", python_callable=has_work)
    compress_ = PythonOperator(task_id="compress", python_callable=compress)
    verify_ = PythonOperator(
        task_id="verify",
        python_callable=verify,
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_exponential_backoff=True,
    )
    empty_inbox = BashOperator(task_id="empty_inbox", bash_command="rm -f inbox/*.log && ls inbox | wc -l", cwd=".")
    report = BashOperator(
        task_id="report",
        bash_command="echo archived {{ ti.xcom_pull(task_ids='compress') }} lines of {{ ds }}",
    )
    finished = EmptyOperator(task_id="finished", trigger_rule="none_failed")

    wait_for_export >> something_to_do >> compress_ >> verify_ >> [empty_inbox, report] >> finished
