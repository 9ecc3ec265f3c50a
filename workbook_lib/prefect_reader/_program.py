"""What was read from a flow: its tasks, their order, and where the reading gave up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workbook_lib.model.run import State, TaskRun

Key = tuple[str, int]  # (legacy task id, map index; -1 when not mapped)
EdgeKind = Literal["data", "wait", "control"]


@dataclass(frozen=True)
class Problem:
    """A text that is no flow: what is wrong, at which line (from 1) and column (from 1)."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Unfollowed:
    """Code that is not followed, and why; what depends on it is not comparable."""

    reason: str
    line: int | None = None


@dataclass(frozen=True)
class Choice:
    """A condition in front of a task: the result of task `branch` is (or, when `among` is false, is not) one of `values`."""

    branch: str
    values: tuple[Any, ...]
    among: bool = True
    line: int | None = None


Hooks = tuple[tuple[str, str], ...]  # (event, name of the function), such as ("on_failure", "tell_on_call")


@dataclass(frozen=True)
class TaskNode:
    """One task as the flow creates it; `id` is the legacy id, or the task run's name when the table does not know it.

    `delays` are `retry_delay_seconds`, one for all retries or one each. `rule` is the trigger rule given to `submit`, None elsewhere.
    `upstream` are the tasks whose futures or results it is given, directly. `placeholder`: its body raises NotImplementedError.
    `hooks` are the state hooks that each of its runs has.
    """

    id: str
    function: str
    run_name: str
    known: bool = True
    mapped: bool = False
    retries: int = 0
    delays: tuple[float, ...] = ()
    timeout: float | None = None
    line: int = 0
    rule: str | None = None
    upstream: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    placeholder: bool = False
    hooks: Hooks = ()


@dataclass(frozen=True)
class FlowEdge:
    """`target` starts after `source` ended: it is given its value (data), waits for it, or its code stands behind it (control)."""

    source: str
    target: str
    kind: EdgeKind


@dataclass(frozen=True)
class FlowGraph:
    """The order of the tasks. `after[t]`: every task that has ended, whenever both run, before `t` starts.

    `races`: (earlier, later) pairs that are ordered while all goes well, but not after a failure, because the code that catches it
    does not wait for `earlier`.
    """

    tasks: tuple[str, ...]
    edges: tuple[FlowEdge, ...]
    after: Mapping[str, frozenset[str]]
    races: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Region:
    """A piece of the flow: a sequence, one task invocation (call, submit, map), an if, a try or a loop.

    `parts` of an if are its arms, of a try its body, handlers, else and finally, each a sequence named by `label`.
    """

    kind: Literal["sequence", "call", "submit", "map", "if", "try", "loop"]
    line: int
    label: str = ""
    task: str | None = None
    parts: tuple[Region, ...] = ()

    def walk(self) -> Iterator[Region]:
        """This region and all inside, in the order of the source."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True)
class Simulation(Mapping[Key, State]):
    """How each task instance of a rehearsal ends; instances that the flow never creates are absent.

    `state` is the flow run's own end, `runs` are the instances as a pilot would record them, in order of creation. With `unfollowed` the
    states are partial and prove nothing. `cut_off` are instances that may still be at work when the flow ends, because nothing waits
    for them: Prefect starts no try of theirs any more.
    """

    states: Mapping[Key, State]
    state: State
    runs: tuple[TaskRun, ...] = ()
    unfollowed: tuple[Unfollowed, ...] = ()
    cut_off: tuple[Key, ...] = ()

    def __getitem__(self, key: Key) -> State:
        return self.states[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.states)

    def __len__(self) -> int:
        return len(self.states)
