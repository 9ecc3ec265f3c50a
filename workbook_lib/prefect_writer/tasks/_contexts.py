"""What the run knows beside its logical date, as Python: the other end of its interval, the date before, its logger.

A scheduled run's interval begins at its logical date and ends with the next time of the schedule
(https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dag-run.html#data-interval); a run that stands for the moment at which
it starts, or that nothing schedules, has an interval of no length.
"""

from __future__ import annotations

from workbook_lib.model import cron
from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.python._expr import Unprintable, literal
from workbook_lib.prefect_writer.tasks._scope import Scope

_LOGICAL = e.Context(name="logical_date")


def as_shift(workflow: Workflow, name: str) -> e.Expr | None:
    """An end of the run's interval, counted from its logical date; None where the length of the interval varies."""
    if workflow.schedule.kind in ("assets", "custom", "unknown"):
        raise Unprintable("the data interval comes from what started the run, and is not known here")
    seconds = interval_seconds(workflow)
    if name == "interval_start" or (seconds == 0 and name == "interval_end"):
        return _LOGICAL
    if seconds is None or (workflow.schedule.timezone != "UTC" and seconds >= 86400):
        return None
    back = -1 if name == "previous_date" else 1
    return e.Call(function="shift", args=(_LOGICAL, e.Constant(value=back * (int(seconds) if seconds == int(seconds) else seconds))))


def neighbour(workflow: Workflow, name: str) -> tuple[str, str]:
    """The helper that finds the time of the schedule next to a date, and its further arguments."""
    if workflow.schedule.cron is None:
        raise Unprintable("the data interval of this schedule is not known here")
    zone = f", {literal(workflow.schedule.timezone)}" if workflow.schedule.timezone != "UTC" else ""
    return ("time_before" if name == "previous_date" else "time_after"), f"{literal(cron.fields(workflow.schedule.cron))}{zone}"


def run_parameters(scope: Scope) -> str:
    """All run parameters as a dict; those that nobody declared are in it where the run was given them."""
    declared = {parameter.name: parameter.declared for parameter in scope.workflow.parameters}
    pairs = []
    for name, python in scope.parameters.items():
        pair = f"{literal(name)}: {python}"
        pairs.append(pair if declared.get(name, True) else f"**({{}} if {python} is None else {{{pair}}})")
    return f"{{{', '.join(pairs)}}}"
