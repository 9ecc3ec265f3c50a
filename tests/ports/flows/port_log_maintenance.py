"""Log maintenance: wait for the export, stop if there is nothing to do, compress, verify (with a second try),
report.

Migrated from the Airflow DAG `log_maintenance` (log_maintenance.py).
"""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path

from prefect import State, flow, runtime, task
from prefect.futures import wait
from prefect.states import Completed

from shared.shell import run_shell
from shared.waiting import wait_until

INBOX = Path("inbox")
ARCHIVE = Path("archive")

log = logging.getLogger(__name__)


def tell_on_call(task, run, state):
    """Called once a task has failed for good."""
    day = runtime.flow_run.parameters.get("day")
    log.error("%s failed for %s", run.name if task.task_run_name else task.name, day)


@task(on_failure=[tell_on_call])
def wait_for_export() -> State | None:
    """Ends as skipped when there is no export after ten minutes."""
    try:
        wait_until(lambda: (INBOX / "_DONE").exists(), every=30, at_most=600)
    except TimeoutError as error:
        return Completed(name="Skipped", message=str(error))
    return None


@task(on_failure=[tell_on_call])
def something_to_do() -> bool:
    """False stops everything that follows."""
    return any(INBOX.glob("*.log"))


@task(on_failure=[tell_on_call])
def compress() -> int:
    """Join all logs into one file; says how many lines it has."""
    ARCHIVE.mkdir(exist_ok=True)
    lines = [line for path in sorted(INBOX.glob("*.log")) for line in path.read_text().splitlines()]
    (ARCHIVE / "all.log").write_text("\n".join(lines) + "\n")
    return len(lines)


@task(retries=2, retry_delay_seconds=[300, 600], on_failure=[tell_on_call])
def verify(expected: int) -> dict:
    """The archive is sealed at the first try, so that only the second one can verify it."""
    seal = ARCHIVE / "sealed"
    if not seal.exists():
        seal.write_text("sealed\n")
        raise RuntimeError("the archive was not sealed yet")
    found = len((ARCHIVE / "all.log").read_text().splitlines())
    if found != expected:
        raise ValueError(f"{found} lines instead of {expected}")
    return {"lines": found, "sealed": True}


@task(on_failure=[tell_on_call])
def empty_inbox() -> str:
    return run_shell("rm -f inbox/*.log && ls inbox | wc -l", cwd=".")


@task(on_failure=[tell_on_call])
def report(expected: int, day: date) -> str:
    return run_shell(f"echo archived {expected} lines of {day}")


@task(on_failure=[tell_on_call])
def finished() -> None:
    """The end of the night's work; it does nothing itself."""


@flow
def log_maintenance(day: date | None = None) -> None:
    """`day` is the day that a run stands for, its logical date; by default that of a run scheduled now."""
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    export = wait_for_export(return_state=True)
    export.result()  # a failed wait ends the flow here
    if export.name != "Skipped":
        if not something_to_do():
            return
        expected = compress()
        verify(expected)
        emptied = empty_inbox.submit()
        reported = report.submit(expected, day)
        wait([emptied, reported])
        emptied.result()
        reported.result()
    finished()


if __name__ == "__main__":
    log_maintenance()
