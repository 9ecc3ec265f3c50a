"""The task that makes a run fail when any other task failed: it comes after all of them."""

try:
    from airflow.sdk import task
except ImportError:
    from airflow.decorators import task


@task(trigger_rule="one_failed", retries=0)
def watcher():
    raise RuntimeError("a task before this one failed")
