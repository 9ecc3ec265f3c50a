"""What a dataflow workflow's own rules say about a run: all of it (`simulate`), or what nobody observed (`fill`).

Source of the meaning: Airflow 2.11.2, `ti_deps/deps/trigger_rule_dep.py` (rules and setups), `models/skipmixin.py` (branches and
short circuits), `ti_deps/deps/mapped_task_upstream_dep.py` (mapping), `models/dagrun.py` (the run's end from its leaves),
`models/taskinstance.py` (`_stop_remaining_tasks`: a run that stops at its first failed task; see `stopping`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workbook_lib.errors import ModelError
from workbook_lib.model import _lengths
from workbook_lib.model._base import Json
from workbook_lib.model._timing import Ended, settle
from workbook_lib.model.join_rules import Decision, JoinRule
from workbook_lib.model.run import Outcome, Scenario, State, TaskRun, result_of
from workbook_lib.model.workflow import Edge, Mapping, Task, Workflow, closure, topological

_BAD = (State.FAILED, State.UPSTREAM_FAILED, State.NOT_RUN)

Runner = Callable[[Task, int], TaskRun]


def simulate(workflow: Workflow, scenario: Scenario) -> tuple[tuple[TaskRun, ...], State]:
    """All task instances of a rehearsal and the run's state, by the rules alone; an unknown length of a mapping counts as 1.

    Where the run stops at its first failed task, what is side by side with that task counts as `DAG.test` lets it end: what could start
    in the same round or before has run.
    """
    evaluation = played(workflow, scenario)
    if workflow.limits.fail_fast and (first := evaluation.first_failure()) is not None:
        evaluation = played(workflow, scenario, first)
    runs = evaluation.runs()
    return runs, run_state(workflow, runs)


def played(workflow: Workflow, scenario: Scenario, stop: FirstFailure | None = None) -> Evaluation:
    """A rehearsal by the rules alone; `stop` is the failure that ends it, if one does."""
    evaluation = Evaluation(workflow, lambda run: _scripted(workflow, scenario, run), stop)
    for task in evaluation.order:
        evaluation.settle(task, [], lambda task, index: _run(workflow, task, scenario.outcome(task.id, index), index), unknown_length=1)
    return evaluation


def replayed(workflow: Workflow, observed: Sequence[TaskRun]) -> Evaluation:
    """A run that was observed as it would have gone on if it had not stopped: what never started succeeds, its result unknown."""
    evaluation = Evaluation(workflow, lambda run: ("json" in run.result, run.result.get("json")))
    unknown: dict[str, Json] = {"digest": "unknown"}
    for task in evaluation.order:
        seen = sorted((run for run in observed if run.id == task.id and run.attempts), key=lambda run: run.map_index)
        evaluation.settle(
            task,
            seen,
            lambda task, index: TaskRun(id=task.id, map_index=index, state=State.SUCCESS, attempts=1, result=unknown),
            unknown_length=1,
        )
    return evaluation


def overtaken(workflow: Workflow, scenario: Scenario) -> tuple[tuple[str, int], ...]:
    """The instances (id, map index) that their rule lets run before a branch or short circuit decides to skip them.

    How they end in Airflow 2 hangs on which of the two ends first, and may be told twice: they run, and are skipped afterwards.
    """
    return tuple(dict.fromkeys(played(workflow, scenario).overtaken))


def fill(workflow: Workflow, observed: Sequence[TaskRun]) -> tuple[TaskRun, ...]:
    """`observed` and, for each task instance that was never created, what the rules say over the observed states.

    Such an instance is skipped, upstream_failed or removed; where the rules say that it should have run it is not_run. It bears
    `observed=False`. Runs of ids that the workflow does not have are kept, at the end. Where the run stops at its first failed task and one
    has failed, what need not have run before that is skipped.
    """
    failed = [run.id for run in observed if run.state is State.FAILED] if workflow.limits.fail_fast else []
    evaluation = Evaluation(workflow, _recorded, _SomeFailure(_graph(workflow).closure, frozenset(failed)) if failed else None)
    for task in evaluation.order:
        seen = sorted((run for run in observed if run.id == task.id), key=lambda run: run.map_index)
        evaluation.settle(
            task, seen, lambda task, index: TaskRun(id=task.id, map_index=index, state=State.NOT_RUN, observed=False), unknown_length=None
        )
    known = {task.id for task in workflow.tasks}
    return evaluation.runs() + tuple(run for run in observed if run.id not in known)


def run_state(workflow: Workflow, runs: Iterable[TaskRun]) -> State:
    """How the run ends, by its leaves; a teardown counts only when it may fail the run."""
    ends = set(leaves(workflow))
    return State.FAILED if any(run.id in ends and run.state in _BAD for run in runs) else State.SUCCESS


def leaves(workflow: Workflow) -> tuple[str, ...]:
    """The tasks whose ends decide the run's: those with nothing but quiet teardowns behind them, in the order of the source."""
    quiet = {task.id for task in workflow.tasks if task.teardown and not task.teardown_fails_run}
    behind = {task.id: workflow.downstream(task.id) for task in workflow.tasks}
    found = tuple(task_id for task_id, after in behind.items() if task_id not in quiet and quiet.issuperset(after))
    return found or tuple(task_id for task_id, after in behind.items() if not after)


class _Graph:
    """What follows from a workflow alone; kept for the next scenario of the same workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.closure = closure(workflow)
        self.tasks = {task.id: task for task in workflow.tasks}
        self.order = [self.tasks[task_id] for task_id in topological(workflow)]
        self.upstream: dict[str, list[str]] = {task.id: [] for task in workflow.tasks}
        self.branches: dict[str, list[Edge]] = {task.id: [] for task in workflow.tasks}
        for edge in workflow.edges:
            self.upstream[edge.target].append(edge.source)
            if self.tasks[edge.source].steers == "branch":
                self.branches[edge.target].append(edge)
        self.mappings = {task.id: _lengths.mapping_of(workflow, task) for task in workflow.tasks}
        self.groups = {task.id: group.id for task in workflow.tasks if (group := _lengths.enclosing(workflow, task)) is not None}
        self.setups = relevant_setups(workflow, self.closure)


@dataclass(frozen=True)
class FirstFailure:
    """The round that sees the first failure of a run that stops then, and the tasks that failed in it."""

    seen: int
    tasks: frozenset[str]

    def stops(self, task: str, now: int) -> bool:
        """Whether an instance that may start in round `now` is skipped; the failed task's other instances go on."""
        return now >= self.seen and self.tasks != {task}

    def cut(self, run: TaskRun, now: int) -> TaskRun:
        """The run as it stands when the failure is seen: what still had attempts to come is skipped."""
        if self.tasks == {run.id} or now + run.attempts <= self.seen:
            return run
        return run.model_copy(update={"state": State.SKIPPED, "attempts": self.seen - now, "result": {"absent": True}})


@dataclass(frozen=True)
class _SomeFailure:
    """What is known of a run that was observed: which tasks failed, but not when."""

    closure: dict[str, frozenset[str]]
    failed: frozenset[str]

    def stops(self, task: str, now: int) -> bool:
        """A task that did not run may have been skipped, unless it has to end before each failed one."""
        return any(task != failed and failed not in self.closure[task] for failed in self.failed)

    def cut(self, run: TaskRun, now: int) -> TaskRun:
        return run


_last: list[_Graph] = []


def _graph(workflow: Workflow) -> _Graph:
    if not _last or _last[0].workflow is not workflow:
        _last[:] = [_Graph(workflow)]
    return _last[0]


class Evaluation:
    """The states so far, task by task in topological order, and the round from which each is seen. `result` tells a run's result."""

    def __init__(self, workflow: Workflow, result: _lengths.ResultOf, stop: FirstFailure | _SomeFailure | None = None) -> None:
        if workflow.kind != "dataflow":
            raise ModelError(f"workflow {workflow.id!r} is control flow; join rules do not decide it")
        self.workflow, self.result, self.graph = workflow, result, _graph(workflow)
        self.stop = stop
        self.order = self.graph.order
        self.ended: dict[str, list[TaskRun]] = {}
        self.seen: dict[tuple[str, int], int] = {}
        self.overtaken: list[tuple[str, int]] = []
        self.stopped: dict[str, set[str]] = {}  # task -> short circuits that skipped it, whatever its rule

    def runs(self) -> tuple[TaskRun, ...]:
        """All instances, in the order of the workflow's tasks."""
        return tuple(run for task in self.workflow.tasks for run in self.ended[task.id])

    def first_failure(self) -> FirstFailure | None:
        """The round that sees a task fail, before any other, and the tasks that fail in it."""
        failed = [run for run in self.runs() if run.state is State.FAILED]
        first = min((self.seen[run.id, run.map_index] for run in failed), default=None)
        if first is None:
            return None
        return FirstFailure(first, frozenset(run.id for run in failed if self.seen[run.id, run.map_index] == first))

    def settle(self, task: Task, there: list[TaskRun], run: Runner, *, unknown_length: int | None) -> None:
        """Decide all instances of `task`; those that are `there` already keep their states."""
        mapping = self.graph.mappings[task.id]
        if mapping is None:
            self.ended[task.id] = [self._instance(task, one.map_index, run, one) for one in there] or [self._instance(task, -1, run)]
        else:
            self.ended[task.id] = self._mapped(task, mapping, there, run, unknown_length)
        self._stop_downstream(task)

    def _mapped(self, task: Task, mapping: Mapping, there: list[TaskRun], run: Runner, unknown_length: int | None) -> list[TaskRun]:
        given = {one.map_index: one for one in there}
        if -1 in given:
            return [self._instance(task, index, run, one) for index, one in given.items()]
        decision, now = self._decide(task, -1, () if _lengths.literal(mapping) else self._expansion(mapping))
        if not given and not _lengths.literal(mapping) and decision != "run":
            return [self._never(task, -1, decision, now)]
        number = _lengths.length(self.workflow, mapping, self.ended, self.result)
        number = unknown_length if number is None else number
        if number is None:
            return [self._instance(task, index, run, one) for index, one in given.items()] or [self._instance(task, -1, run)]
        if number == 0 and not given:
            return [self._never(task, -1, "skipped" if decision == "run" else decision, now)]
        return [self._instance(task, index, run, given.get(index)) for index in sorted({*given, *range(number)})]

    def _expansion(self, mapping: Mapping) -> tuple[Ended, ...]:
        """The tasks that decide the length; a mapped one only while it is not expanded."""
        return tuple(
            Ended(self.seen[name, -1], str(one.state))
            for name in _lengths.sources(mapping)
            for one in self.ended[name]
            if one.map_index == -1
        )

    def _instance(self, task: Task, index: int, run: Runner, given: TaskRun | None = None) -> TaskRun:
        decision, now = self._decide(task, index)
        if given is None and decision != "run":
            return self._never(task, index, decision, now)
        one = given or run(task, index)
        if self.stop is not None and not task.teardown:
            one = self.stop.cut(one, now)
        self.seen[task.id, index] = now + max(one.attempts, 1)
        return one

    def _never(self, task: Task, index: int, decision: Decision, now: int) -> TaskRun:
        passed = self._passed_over(task, index)
        self.seen[task.id, index] = now + 1 if passed is None else min(now + 1, passed)
        return TaskRun(id=task.id, map_index=index, state=State(decision), observed=False)

    def _decide(self, task: Task, index: int, required: tuple[Ended, ...] = ()) -> tuple[Decision, int]:
        decision, now = self._before_a_stop(task, index, required)
        if self.stop is None or task.teardown or (decision == "run" and not self.stop.stops(task.id, now)):
            return decision, now
        return "skipped", now

    def _before_a_stop(self, task: Task, index: int, required: tuple[Ended, ...]) -> tuple[Decision, int]:
        decision, now = self._by_rule(task, index, required)
        passed = self._passed_over(task, index)
        early = passed is not None and decision == "run" and now < passed
        if early:
            self.overtaken.append((task.id, index))
        by_itself = passed is not None and decision == "skipped" and now < passed
        if passed is None or by_itself or (early and starts_early(self.workflow)):
            return decision, now
        return "skipped", passed

    def _by_rule(self, task: Task, index: int, required: tuple[Ended, ...]) -> tuple[Decision, int]:
        if not self.graph.upstream[task.id] or task.join_rule is JoinRule.ALWAYS:
            return settle(JoinRule.ALL_SUCCESS, (), required)
        setups = () if task.teardown else self.graph.setups[task.id]
        scope = [Ended(self.seen[name, one.map_index], str(one.state)) for name in setups for one in self.ended[name]]
        upstream = [
            Ended(self.seen[name, one.map_index], str(one.state), self.graph.tasks[name].setup)
            for name in self.graph.upstream[task.id]
            for one in self.relevant(task, index, name)
        ]
        return settle(task.join_rule, upstream, (*required, *scope))

    def relevant(self, task: Task, index: int, upstream: str) -> list[TaskRun]:
        """The instances of `upstream` that this instance waits for: its own peer inside one mapped group, else all."""
        runs, groups = self.ended[upstream], self.graph.groups
        if task.id not in groups or groups[task.id] != groups.get(upstream):
            return runs
        if _lengths.looks_at_all(self.workflow, task, groups[task.id]) or (index < 0 and _lengths.looks_at_all_first(self.workflow, task)):
            return runs
        return [one for one in runs if one.map_index in (index, -1)]

    def _passed_over(self, task: Task, index: int) -> int | None:
        """The round from which it is seen that a branch chose otherwise or a short circuit stopped here; then no rule is asked."""
        rounds = [
            self.seen[name, one.map_index]
            for name in self.stopped.get(task.id, ())
            for one in self.relevant(task, index, name)
            if self._is_false(one) and self._finds(name, one, task, index)
        ]
        for edge in self.graph.branches[task.id]:
            for one in self.relevant(task, index, edge.source):
                known, value = self.result(one)
                if not _lengths.finds_answer(self.workflow, index, one.map_index):
                    continue
                if one.state is State.SUCCESS and known and not self._chosen(task.id, edge.choice, value):
                    rounds.append(self.seen[edge.source, one.map_index])
        return min(rounds, default=None)

    def _finds(self, source: str, one: TaskRun, task: Task, index: int) -> bool:
        """Whether a decision reaches an instance: a mapped one's only its direct peer; a task without elements is skipped as a whole."""
        if one.map_index >= 0:
            return index == one.map_index and task.id in self.workflow.downstream(source)
        return index < 0 or skips_instances(self.workflow, source, task.id)

    def _chosen(self, task_id: str, choice: tuple[str, ...] | None, value: object) -> bool:
        arms = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
        if choice is not None:
            return any(arm in choice for arm in arms)
        return any(arm == task_id or task_id in self.graph.closure.get(str(arm), ()) for arm in arms)

    def _is_false(self, run: TaskRun) -> bool:
        known, value = self.result(run)
        return run.state is State.SUCCESS and known and not value

    def _stop_downstream(self, task: Task) -> None:
        if task.steers != "short_circuit" or not any(self._is_false(run) for run in self.ended[task.id]):
            return
        for name in self.workflow.downstream(task.id) if task.steers_rules else self.graph.closure[task.id]:
            if not self.graph.tasks[name].teardown:
                self.stopped.setdefault(name, set()).add(task.id)


def starts_early(workflow: Workflow) -> bool:
    """Whether a task that its rule let run before a branch or short circuit decided stays as it ended.

    Airflow 2 skips it all the same, also when it has ended (https://github.com/apache/airflow/issues/59378).
    """
    return workflow.version.split(".")[0] == "3"


def skips_instances(workflow: Workflow, source: str, target: str) -> bool:
    """Whether a branch or short circuit outside skips the instances of `target` that exist from the start (mapped over constants).

    Airflow 2: a short circuit skips by the task's id, a branch the one instance that is not mapped. Airflow 3: that one, but each direct
    follower asks again (`ti_deps/deps/not_previously_skipped_dep.py`).
    """
    if workflow.version.split(".")[0] == "3":
        return target in workflow.downstream(source)
    return workflow.task(source).steers == "short_circuit"


def skips(workflow: Workflow, source: str, target: str) -> bool:
    """Whether a skip that `source` decides upon reaches `target` at all.

    A mapped short circuit tells its direct followers alone, and of those the instance with its own number asks
    (`models/skipmixin.py`, `ti_deps/deps/not_previously_skipped_dep.py`).
    """
    task, decides = workflow.task(target), workflow.task(source)
    if decides.steers == "short_circuit" and _lengths.mapping_of(workflow, decides) is not None:
        return target in workflow.downstream(source) and _lengths.mapping_of(workflow, task) is not None
    mapping, group = _lengths.mapping_of(workflow, task), _lengths.enclosing(workflow, task)
    if mapping is None or not _lengths.literal(mapping):
        return True
    together = group is not None and group == _lengths.enclosing(workflow, workflow.task(source))
    return together or skips_instances(workflow, source, target)


def relevant_setups(workflow: Workflow, reach: dict[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Per task the indirect setups it depends on: those without a teardown, or whose teardown comes after the task."""
    teardowns = {task.id for task in workflow.tasks if task.teardown}
    own = {task.id: {after for after in workflow.downstream(task.id) if after in teardowns} for task in workflow.tasks if task.setup}
    return {
        task.id: tuple(
            setup
            for setup, ends in own.items()
            if task.id in reach[setup] and setup not in workflow.upstream(task.id) and (not ends or ends & reach[task.id])
        )
        for task in workflow.tasks
    }


def _value(outcome: Outcome) -> object:
    if outcome.arms is None:
        return outcome.value
    return outcome.arms[0] if len(outcome.arms) == 1 else list(outcome.arms)


def _scripted(workflow: Workflow, scenario: Scenario, run: TaskRun) -> _lengths.Known:
    return True, _value(scenario.outcome(run.id, run.map_index))


def _recorded(run: TaskRun) -> _lengths.Known:
    return "digest" not in run.result, run.result.get("json")


def _run(workflow: Workflow, task: Task, outcome: Outcome, index: int) -> TaskRun:
    """The instance as its script lets it end. A task that decides a mapping and hands over no collection fails."""
    tries = task.retry.retries + 1
    state, attempts = State.SUCCESS, 1
    if outcome.does == "skip":
        state = State.SKIPPED
    elif outcome.does == "fail" or (outcome.does == "recover" and outcome.fails >= tries):
        state, attempts = State.FAILED, tries
    elif outcome.does == "recover":
        attempts = outcome.fails + 1
    if state is State.SUCCESS and _cannot_map(workflow, task, _value(outcome)):
        state, attempts = State.FAILED, tries
    result = result_of(_value(outcome)) if state is State.SUCCESS else {"absent": True}
    return TaskRun(id=task.id, map_index=index, state=state, attempts=attempts, observed=False, result=result)


def _cannot_map(workflow: Workflow, task: Task, value: object) -> bool:
    if task.id not in _lengths.deciders(workflow) or task.mapping is not None:
        return False
    return not isinstance(value, list | tuple | dict)
