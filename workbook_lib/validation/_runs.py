"""Compares two runs of one scenario, one by each engine, aspect by aspect."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from workbook_lib.errors import UsageError
from workbook_lib.model.run import FLOW_RAISED, RunRecord, Scenario, State
from workbook_lib.model.workflow import Workflow, closure
from workbook_lib.validation._clock import without_clock
from workbook_lib.validation._masks import Mask
from workbook_lib.validation._order import compare_order, moment
from workbook_lib.validation._rows import Judgement, TaskVerdict
from workbook_lib.validation._states import by_key, compare_states
from workbook_lib.validation._stopped import without_raced
from workbook_lib.validation._updates import compare_updates
from workbook_lib.validation._values import compare_calls, compare_outputs, compare_results


def compare_runs(
    workflow: Workflow,
    legacy: RunRecord,
    pilot: RunRecord,
    masks: Iterable[Mask] = (),
    *,
    placeholders: Collection[str] = (),
    script: Scenario | None = None,
) -> list[TaskVerdict]:
    """States, order and calls of the two runs; results, updates of assets and outputs as well when they are real runs.

    `placeholders` are the ids of tasks that were not converted. What they or seeded tasks do in a real run is not comparable, nor is
    what differs behind a placeholder that failed, or behind a branch that asked the clock at another time, nor what ran side by side
    with the failure that stopped a run. `script` is what a rehearsal asked for: where the legacy engine itself did not keep to it, the
    rehearsal proves nothing.
    """
    _check(workflow, legacy, pilot)
    obstacle = _obstacle(workflow, legacy, pilot) or _refusal(legacy, script)
    if obstacle is not None:
        return [obstacle.model_copy(update={"scenario": legacy.scenario})]
    rows = [*compare_states(workflow, legacy, pilot), *compare_order(workflow, legacy, pilot), *compare_calls(workflow, legacy, pilot)]
    if legacy.scenario == "real":
        kept = tuple(masks)
        rows += [*compare_results(workflow, legacy, pilot, kept), *compare_updates(workflow, legacy, pilot)]
        rows += compare_outputs(legacy, pilot, kept)
        rows = list(_without_unfinished(workflow, legacy, pilot, without_clock(workflow, legacy, pilot, rows), placeholders))
    rows = list(without_raced(workflow, legacy, pilot, rows, script if legacy.scenario != "real" else None))
    return [row.model_copy(update={"scenario": legacy.scenario}) for row in rows]


def _check(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> None:
    for record in (legacy, pilot):
        if record.workflow != workflow.id:
            raise UsageError(f"a record of workflow {record.workflow!r} cannot be compared for workflow {workflow.id!r}.")
    if legacy.scenario != pilot.scenario:
        raise UsageError(f"a run of scenario {legacy.scenario!r} cannot be compared with one of scenario {pilot.scenario!r}.")


def _obstacle(workflow: Workflow, legacy: RunRecord, pilot: RunRecord) -> TaskVerdict | None:
    """Why the two records prove nothing about each other, if so, or that the flow broke off by its own fault."""
    verdict, reason, one, other = Judgement.NOT_COMPARABLE, "", "", ""
    if legacy.engine == pilot.engine:
        reason, one, other = "both records come from the same engine", legacy.engine, pilot.engine
    elif legacy.scenario == "real" and moment(legacy.logical_date) != moment(pilot.logical_date):
        reason, one, other = "the two runs stand for different logical dates", legacy.logical_date, pilot.logical_date
    elif pilot.problem.startswith(FLOW_RAISED) and not legacy.problem:
        # What came after was never created: states that the rules fill in for it prove nothing.
        verdict, reason, one, other = Judgement.DIFFERENT, pilot.problem, f"ended {legacy.state}", pilot.problem
    elif legacy.problem or pilot.problem:
        ends = (("legacy", legacy.problem), ("pilot", pilot.problem))
        reason = "; ".join(f"the {who} run did not end by itself: {problem}" for who, problem in ends if problem)
        one, other = legacy.problem or "ended", pilot.problem or "ended"
    else:
        for who, record in (("legacy engine", legacy), ("pilot", pilot)):
            if workflow.tasks and not any(task.observed for task in record.tasks):
                reason, one, other = f"no task of the {who}'s run was observed", _observed(legacy), _observed(pilot)
    if not reason:
        return None
    return TaskVerdict(id="", aspect="states", verdict=verdict, legacy=one, pilot=other, reason=reason)


def _refusal(legacy: RunRecord, script: Scenario | None) -> TaskVerdict | None:
    """A task that the legacy engine failed before its body: in a real run it says so, in a rehearsal the script would not have failed.

    Airflow 3 does so where an asset of the task is not active.
    """
    for run in legacy.tasks:
        if run.refused:
            reason = f"the legacy engine refused {run.id!r} before its body: {run.refused}"
            return TaskVerdict(id="", aspect="states", verdict=Judgement.NOT_COMPARABLE, legacy="failed", reason=reason)
        if script is None:
            continue
        does = script.outcome(run.id, run.map_index).does
        if run.state is State.FAILED and run.attempts and does in ("succeed", "skip"):
            reason = f"the legacy engine refused {run.id!r} before its body, which was to {does}"
            return TaskVerdict(id="", aspect="states", verdict=Judgement.NOT_COMPARABLE, legacy="failed", reason=reason)
    return None


def _observed(record: RunRecord) -> str:
    return f"{sum(task.observed for task in record.tasks)} of {len(record.tasks)} observed"


def _without_unfinished(
    workflow: Workflow, legacy: RunRecord, pilot: RunRecord, rows: Iterable[TaskVerdict], placeholders: Collection[str]
) -> Iterator[TaskVerdict]:
    """The rows of a real run, with those that unfinished tasks spoil made not comparable."""
    rows = list(rows)
    seeded = {task.id for record in (legacy, pilot) for task in record.tasks if task.seeded}
    runs = by_key(pilot)
    failed = {key[0] for key, run in runs.items() if key[0] in placeholders and not run.seeded and run.state is State.FAILED}
    after = closure(workflow) if failed and workflow.kind == "dataflow" else {}
    everything = [task.id for task in workflow.tasks] if workflow.limits.fail_fast else []  # its failure stops the run
    spoiled = {task: first for first in sorted(failed) for task in (*after.get(first, ()), *everything)}
    unfinished = sorted({*placeholders, *seeded})
    for row in rows:
        reason = ""
        if row.id in seeded:
            reason = "seeded: the pilot was given its recorded value instead of running it"
        elif row.id in placeholders:
            reason = "placeholder: this task is not converted yet"
        elif row.verdict is Judgement.DIFFERENT and row.id in spoiled:
            reason = f"behind the placeholder {spoiled[row.id]!r}, which failed; {row.reason}"
        elif row.verdict is Judgement.DIFFERENT and row.id == "" and (failed or (row.aspect == "outputs" and unfinished)):
            reason = f"placeholders or seeded tasks ({', '.join(unfinished[:3])}) took part; {row.reason}"
        if reason:
            row = row.model_copy(update={"verdict": Judgement.NOT_COMPARABLE, "reason": reason, "placeholder": True})
        yield row
    shown = {(row.id, row.map_index) for row in rows if row.aspect == "results"}
    for (task_id, index), run in runs.items():
        if (task_id in seeded or task_id in placeholders) and (task_id, index) not in shown:
            reason = "seeded" if run.seeded else "placeholder: this task is not converted yet"
            yield TaskVerdict(
                id=task_id, map_index=index, aspect="results", verdict=Judgement.NOT_COMPARABLE, reason=reason, placeholder=True
            )
