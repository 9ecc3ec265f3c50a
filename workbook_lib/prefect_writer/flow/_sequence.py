"""The sequence form: a workflow as a region tree of blocking calls, where nothing independent waits.

A region is a list of statements. Each statement's tasks come after *all* tasks of the statements before it, so that an exception,
which ends the list, blocks exactly those tasks that the join rules would block. Then plain Prefect means the same:

- `Call`: one task, called.
- `Fork`: several tasks (or the instances of a mapped one) that share what comes before and after: submitted together.
- `If`: a branch whose answers are constants, and whose arms separate; or a short circuit with all the rest behind it.
- a tail: one last task that runs whatever happened (`all_done`), behind `try`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from workbook_lib.model import expr as e
from workbook_lib.model.evaluate import skips
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Workflow, closure, topological
from workbook_lib.prefect_writer.flow._answers import answers
from workbook_lib.prefect_writer.tasks._code import TaskCode, is_default
from workbook_lib.prefect_writer.tasks._scope import Scope

_ALL = frozenset({JoinRule.ALL_SUCCESS, JoinRule.NONE_FAILED, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS})
_JOINS = frozenset({JoinRule.NONE_FAILED, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS})


@dataclass(frozen=True)
class Call:
    """One task."""

    task: str


@dataclass(frozen=True)
class Fork:
    """Tasks that run side by side."""

    tasks: tuple[str, ...]


@dataclass(frozen=True)
class If:
    """A deciding task and what follows each of its answers; a short circuit has the one answer "".

    `open`: its code may answer otherwise, too, which no task behind it stands for. `listed`: it answers with a list of one name.
    """

    task: str
    arms: tuple[tuple[str, tuple[Statement, ...]], ...]
    open: bool = False
    listed: bool = False


Statement = Call | Fork | If


@dataclass(frozen=True)
class Sequence:
    """The whole flow: its statements, and the task that runs at the end whatever happened."""

    statements: tuple[Statement, ...]
    tail: str | None = None


class _No(Exception):
    """Why the sequence form does not fit."""


def sequence(workflow: Workflow, code: dict[str, TaskCode], maps_constants: Iterable[str]) -> Sequence | str:
    """The region tree, or the reason why there is none. `maps_constants` are the mapped tasks whose elements are written in the source."""
    try:
        return _Builder(workflow, code, frozenset(maps_constants)).build()
    except _No as reason:
        return str(reason)


@dataclass
class _Builder:
    workflow: Workflow
    code: dict[str, TaskCode]
    maps_constants: frozenset[str]
    joins: set[str] = field(default_factory=set)

    def build(self) -> Sequence:
        self.following = closure(self.workflow)
        self.tasks = {task.id: task for task in self.workflow.tasks}
        self.order = topological(self.workflow)
        self.up = {task_id: set(self.workflow.upstream(task_id)) for task_id in self.tasks}
        everything = list(self.order)
        tail = self._tail(everything)
        self._refuse_odd_tasks(tail)
        statements = self._region([task_id for task_id in everything if task_id != tail])
        self._refuse_escaping_outputs(statements)
        self._refuse_parts_of_futures(statements)
        if tail is not None and any(self.tasks[t].steers == "short_circuit" for t in everything):
            raise _No(f"{tail} runs whatever happened, but not behind a short circuit")
        return Sequence(tuple(statements), tail)

    def _tail(self, everything: list[str]) -> str | None:
        last = everything[-1] if everything else None
        if last is None or self.tasks[last].join_rule not in (JoinRule.ALL_DONE, JoinRule.ALWAYS) or not self.up[last]:
            return None
        if not all(last in self.following[task_id] for task_id in everything[:-1]):
            raise _No(f"{last} does not come after everything else")
        if self.tasks[last].join_rule is JoinRule.ALWAYS:
            raise _No(f"{last} need not wait for what comes before it")
        if self._takes(last):
            raise _No(f"{last} runs whatever happened, and takes a result that may not be there")
        if self.tasks[last].steers or self.tasks[last].mapping:
            raise _No(f"{last} is no plain task")
        return last

    def _refuse_odd_tasks(self, tail: str | None) -> None:
        for task in self.workflow.tasks:
            if task.setup or task.teardown:
                raise _No(f"{task.id} sets up or tears down")
            if task.may_skip or "Skip" in self.code[task.id].rules:
                raise _No(f"{task.id} can be skipped, and a skip travels on")
            if task.mapping is not None and task.id not in self.maps_constants:
                raise _No(f"{task.id} is mapped over what another task returns, which may be empty")
            if aside := sorted(one for one in self._takes(task.id) if task.id not in self.following[one]):
                raise _No(f"{task.id} takes what {aside[0]} returns, and need not wait for it")
            if task.id != tail and self.up[task.id] and task.join_rule not in _ALL:
                raise _No(f"{task.id} runs by the rule {task.join_rule}")
            if task.steers and self.code[task.id].reason is not None:
                raise _No(f"{task.id} decides what goes on, and is not converted yet")

    def _region(self, members: list[str]) -> list[Statement]:
        """The statements for `members` (in topological order), whose upstream outside of the region has ended well."""
        rest = list(members)
        statements: list[Statement] = []
        while rest:
            inside = set(rest)
            sources = [task_id for task_id in rest if not self.up[task_id] & inside]
            others = [task_id for task_id in rest if task_id not in sources]
            for source in sources:
                behind = [other for other in others if other not in self.following[source]]
                if behind:
                    raise _No(f"{behind[0]} need not wait for {source}")
            if len(sources) > 1 or self.tasks[sources[0]].mapping is not None:
                if any(self.tasks[source].steers for source in sources):
                    raise _No(f"{sources[0]} runs beside other runs, and decides what goes on")
                statements.append(Fork(tuple(sources)))
                rest = others
            elif self.tasks[sources[0]].steers == "short_circuit":
                if beyond := [one for one in self.following[sources[0]] if one not in others]:
                    raise _No(f"{sources[0]} decides about {min(beyond, key=self.order.index)}, which other ways lead to as well")
                swept = [] if self.tasks[sources[0]].steers_rules else [one for one in others if skips(self.workflow, sources[0], one)]
                self._refuse_what_runs_unchosen(sources[0], [one for one in others if one not in swept])
                statements.append(If(sources[0], (("", tuple(self._region(others))),)) if others else Call(sources[0]))
                rest = []
            elif self.tasks[sources[0]].steers == "branch" and others:
                conditional, rest = self._branch(sources[0], others)
                statements.append(conditional)
            else:
                statements.append(Call(sources[0]))
                rest = others
        return statements

    def _branch(self, branch: str, others: list[str]) -> tuple[If, list[str]]:
        direct = [task_id for task_id in others if task_id in self.workflow.downstream(branch)]
        possible = answers(self.tasks[branch].action)
        if possible is None or not possible.names <= set(direct):
            raise _No(f"what {branch} answers is not always one of the tasks behind it")
        if possible.listed and any(one in other for one in direct for other in direct if one != other):
            raise _No(f"one answer of {branch} is a part of another one")  # a rehearsal answers with the name alone
        arms: dict[str, list[str]] = {}
        for start in direct:
            if not skips(self.workflow, branch, start):
                raise _No(f"{start} is there before {branch} answers, and runs also when it is not chosen")
            if any(start in self.following[other] for other in direct if other != start):
                continue  # the join itself, reached directly as well: an arm without a task
            arm = [start]
            for task_id in others:
                if task_id not in arm and self.up[task_id] and self.up[task_id] <= set(arm):
                    arm.append(task_id)
            arms[start] = arm
        taken = {task_id for arm in arms.values() for task_id in arm}
        joins = [task_id for task_id in others if task_id not in taken]
        self._refuse_what_runs_unchosen(branch, [task_id for task_id in others if task_id in taken])
        if possible.nothing:
            if joins:
                raise _No(f"{joins[0]} follows whatever {branch} answers, or nothing")
            if len(arms) == 1:
                return If(branch, (("", tuple(self._region(*arms.values()))),)), []
        for join in joins:
            missing = [task_id for task_id in taken if join not in self.following[task_id]]
            if missing:
                raise _No(f"{join} does not come after {missing[0]}")
            entering = self.up[join] & taken
            if entering and self.tasks[join].join_rule not in _JOINS:
                raise _No(f"{join} needs every arm of {branch}")
            if entering and not all(self.up[join] & set(arm) for arm in arms.values()):
                raise _No(f"{join} is not reached from every arm of {branch}")
            if entering and branch in self.up[join] and self.tasks[join].join_rule not in _JOINS:
                raise _No(f"{join} follows {branch} both ways")
        if possible.open and len(arms) < len(direct):
            raise _No(f"{branch} may answer anything, and one of its answers leads straight to a join")
        printed = [(start, tuple(self._region(arm))) for start, arm in arms.items()]
        return If(branch, tuple(printed), open=possible.open, listed=possible.listed), joins

    def _refuse_what_runs_unchosen(self, gate: str, others: Iterable[str]) -> None:
        """What comes further down than the tasks that `gate` itself skips is not reached by a skip when its rule takes no notice of one."""
        direct = self.workflow.downstream(gate)
        for task_id in others:
            if task_id not in direct and self.tasks[task_id].join_rule is JoinRule.NONE_FAILED:
                raise _No(f"{task_id} runs also where {gate} did not choose what comes before it")

    def _takes(self, task_id: str) -> set[str]:
        return e.tasks_in(p.value for p in self.code[task_id].parameters if not is_default(p))

    def _refuse_escaping_outputs(self, statements: list[Statement]) -> None:
        """A result from inside an arm must not be used outside of it, where it may not exist."""
        for statement in statements:
            if isinstance(statement, If):
                for _, arm in statement.arms:
                    inside = set(members(arm))
                    for task_id in self.tasks:
                        if task_id not in inside and self._takes(task_id) & inside:
                            raise _No(f"{task_id} takes a result from an arm of {statement.task}")
                    self._refuse_escaping_outputs(list(arm))

    def _refuse_parts_of_futures(self, statements: Iterable[Statement]) -> None:
        by_name = Scope(self.workflow).hands_over_by_name
        forked = {task_id for statement in _flat(statements) if isinstance(statement, Fork) for task_id in statement.tasks}
        for task_id in self.tasks:
            for part in (part for parameter in self.code[task_id].parameters for part in e.walk(parameter.value)):
                base = part.base if isinstance(part, e.Index) else part
                if not isinstance(base, e.TaskOutput) or base.task not in forked:
                    continue
                if part is not base or base.key != "return_value" or by_name(base.task):
                    raise _No(f"{task_id} takes a part of what {base.task} returns, which runs beside others")


def _flat(statements: Iterable[Statement]) -> Iterable[Statement]:
    for statement in statements:
        yield statement
        if isinstance(statement, If):
            for _, arm in statement.arms:
                yield from _flat(arm)


def members(statements: Iterable[Statement]) -> list[str]:
    """All task ids in a region."""
    found = []
    for statement in _flat(statements):
        found += list(statement.tasks) if isinstance(statement, Fork) else [statement.task]
    return found
