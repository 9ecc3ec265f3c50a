"""Settings of a task that have no equivalent outside of Airflow: what is lost, and what to do instead.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/models/baseoperator/index.html
"""

from __future__ import annotations

from workbook_lib.findings import Severity

NOTE, WARNING = Severity.NOTE, Severity.WARNING

# setting -> (severity, what it does in Airflow, what to do instead)
SETTINGS: dict[str, tuple[Severity, str, str]] = {
    "depends_on_past": (
        WARNING,
        "waits for its own success in the previous run",
        "Limit the deployment to one run at a time, and look up the state of the previous run where it matters.",
    ),
    "wait_for_downstream": (
        WARNING,
        "waits for what follows it in the previous run",
        "Limit the deployment to one run at a time, and look up the state of the previous run where it matters.",
    ),
    "wait_for_past_depends_before_skipping": (WARNING, "waits for the previous run before it skips", "Skip without waiting."),
    "ignore_first_depends_on_past": (NOTE, "excepts the first run from `depends_on_past`", "Nothing, once `depends_on_past` is settled."),
    "retry_policy": (
        WARNING,
        "decides by the kind of failure whether and when it is tried again",
        "Decide it in a `retry_condition_fn` of the task.",
    ),
    "sla": (NOTE, "reports when it is not done in time", "Use an automation on late or long runs."),
    "priority_weight": (NOTE, "goes first when slots are scarce", "Use priorities of work queues."),
    "weight_rule": (NOTE, "says how priorities add up", "Use priorities of work queues."),
    "queue": (NOTE, "runs on the workers of one queue", "Give the deployment a work pool or a work queue."),
    "executor": (NOTE, "runs in an executor of its own", "Give the deployment a work pool, or the flow a task runner."),
    "executor_config": (NOTE, "configures its executor", "Set resources as job variables of the work pool."),
    "resources": (NOTE, "asks for resources", "Set resources as job variables of the work pool."),
    "run_as_user": (WARNING, "runs as another user", "Run the worker as that user."),
    "max_active_tis_per_dag": (
        WARNING,
        "limits how many of its instances run at once over all runs",
        "Use a global concurrency limit around the task's body, or a tag with a limit.",
    ),
    "max_active_tis_per_dagrun": (
        WARNING,
        "limits how many of its instances run at once in one run",
        "Use a task runner with that many workers, or a tag with a limit.",
    ),
    "task_concurrency": (WARNING, "limits how many of its instances run at once", "Use a tag with a concurrency limit."),
    "email_on_failure": (NOTE, "sends a mail when it fails", "Use an automation on failed runs, or a state hook."),
    "email_on_retry": (NOTE, "sends a mail when it is tried again", "Use a state hook."),
    "email": (NOTE, "names who gets mail", "Use an automation on failed runs."),
    "start_date": (WARNING, "has a start date of its own", "Leave the task out of earlier runs by hand, if there are any."),
    "end_date": (WARNING, "has an end date of its own", "Leave the task out of later runs by hand."),
    "auto_defer": (NOTE, "is deferred", "Nothing: a waiting task holds no slot elsewhere."),
    "multiple_outputs": (NOTE, "hands a dictionary over key by key", "Nothing."),
}


def setting(name: str) -> tuple[Severity, str, str]:
    """What is known of a setting; an unknown one is left to a human."""
    return SETTINGS.get(name, (WARNING, f"is given `{name}`, which no rule knows", "Look up what it does, and whether the flow needs it."))
