"""What is certain of a run that stops at its first failed task (`limits.fail_fast`), and what hangs on which of two tasks ended first.

Source of the meaning: Airflow 2.11.2 and 3.3.2, `models/taskinstance.py` (`_stop_remaining_tasks`): when a task fails for good, all
instances that have not succeeded or failed are ended, but for teardowns and the failed task's other instances: a running one fails,
any other is skipped. So what comes behind the failed task is skipped, and what it waited for has succeeded. A task side by side with it
may have succeeded, may be skipped, and may have been made to fail.
"""

from __future__ import annotations

from collections.abc import Iterable

from workbook_lib.model import _lengths
from workbook_lib.model.evaluate import Evaluation, leaves, played, replayed
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Scenario, State, TaskRun
from workbook_lib.model.workflow import Task, Workflow

Key = tuple[str, int]


def raced(workflow: Workflow, scenario: Scenario) -> frozenset[str]:
    """The tasks whose ends hang on which of two tasks ends first, when the run goes by a scenario; none if it does not stop."""
    return _Certain(played(workflow, scenario)).others() if workflow.limits.fail_fast else frozenset()


def raced_in(workflow: Workflow, recorded: Iterable[TaskRun], again: Iterable[TaskRun] = ()) -> frozenset[str]:
    """The same for a run that was recorded, and perhaps made `again`: there a task may fail that had been skipped the first time."""
    if not workflow.limits.fail_fast:
        return frozenset()
    seen = list(recorded)
    found = _Certain(replayed(workflow, seen)).others()
    more = [run for run in again if run.id in found and run.state is State.FAILED]
    if not more:
        return found
    keys = {(run.id, run.map_index) for run in more}
    return found | _Certain(replayed(workflow, [*(run for run in seen if (run.id, run.map_index) not in keys), *more])).others()


def end_is_raced(workflow: Workflow, runs: Iterable[TaskRun], others: frozenset[str]) -> bool:
    """Whether the run's own end hangs on the race: a last task may have been made to fail, and no other one failed."""
    ends = set(leaves(workflow))
    return bool(ends & others) and not any(run.id in ends - others and run.state is State.FAILED for run in runs)


class _Certain:
    """What is sure of each instance of a run that would go on: `plain` is its evaluation without a stop."""

    def __init__(self, plain: Evaluation) -> None:
        self.plain, self.workflow = plain, plain.workflow
        self.before: dict[Key, frozenset[Key]] = {}  # what has ended when an instance starts
        self.failed = [(run.id, run.map_index) for run in plain.runs() if run.state is State.FAILED]
        self.sure: dict[Key, bool] = {}

    def others(self) -> frozenset[str]:
        """The tasks of which not every instance's end is certain."""
        if not self.failed:
            return frozenset()
        for task in self.plain.order:
            for run in self.plain.ended[task.id]:
                above = [(one.id, one.map_index) for up in self._waits(task) for one in self.plain.relevant(task, run.map_index, up)]
                self.before[run.id, run.map_index] = frozenset(above).union(*(self.before[key] for key in above))
        for task in self.plain.order:
            for run in self.plain.ended[task.id]:
                self.sure[run.id, run.map_index] = self._is_sure(task, run)
        return frozenset(task_id for (task_id, _), sure in self.sure.items() if not sure)

    def _waits(self, task: Task) -> list[str]:
        mapping = _lengths.mapping_of(self.workflow, task)
        return [*dict.fromkeys((*self.workflow.upstream(task.id), *(_lengths.sources(mapping) if mapping is not None else ())))]

    def _is_sure(self, task: Task, run: TaskRun) -> bool:
        key = run.id, run.map_index
        above = [(one.id, one.map_index) for up in self._waits(task) for one in self.plain.relevant(task, run.map_index, up)]
        mapping = _lengths.mapping_of(self.workflow, task)
        if task.teardown:
            asked = above if mapping is not None else [one for one in above if self.workflow.task(one[0]).setup]
            return all(self.sure[one] for one in asked)
        if task.join_rule is not JoinRule.ALL_SUCCESS:
            return False  # Airflow refuses other rules, unless they are set later
        if self.before[key] & set(self.failed):
            return True  # skipped
        if not run.attempts and (mapping is None or _lengths.literal(mapping)):
            return True  # skipped, whatever else happens
        return all(self.sure[one] for one in above) and all(other[0] == task.id or key in self.before[other] for other in self.failed)
