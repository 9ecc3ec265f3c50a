"""What the structure check asks of a program read from a Prefect project; `prefect_reader` answers it.

Only what is written here is used, so that any reader of any kind of project can be judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from workbook_lib.model.run import Scenario, State, TaskRun


class Node(Protocol):
    """One task as the flow creates it: the legacy task id it stands for, and how it is configured.

    `retries` is -1 when only a run knows it. `delays` are the seconds before a retry, one for all or one each; `timeout` None means none.
    `hooks` are its state hooks: (event, name of the function).
    """

    @property
    def id(self) -> str: ...
    @property
    def mapped(self) -> bool: ...
    @property
    def retries(self) -> int: ...
    @property
    def delays(self) -> Sequence[float]: ...
    @property
    def timeout(self) -> float | None: ...
    @property
    def hooks(self) -> Sequence[tuple[str, str]]: ...


class Graph(Protocol):
    """`after[t]`: every task that has ended, whenever both run, before `t` starts; `races`: pairs ordered only while all goes well."""

    @property
    def after(self) -> Mapping[str, frozenset[str]]: ...
    @property
    def races(self) -> Sequence[tuple[str, str]]: ...


class Problem(Protocol):
    """Why a text is no flow at all."""

    @property
    def message(self) -> str: ...
    @property
    def line(self) -> int | None: ...


class Gap(Protocol):
    """Code that is not followed, and why."""

    @property
    def reason(self) -> str: ...
    @property
    def line(self) -> int | None: ...


class Simulated(Protocol):
    """The task instances of a rehearsal as a pilot would record them, without those that the flow never creates, and the run's end."""

    @property
    def runs(self) -> Sequence[TaskRun]: ...
    @property
    def state(self) -> State: ...
    @property
    def unfollowed(self) -> Sequence[Gap]: ...
    @property
    def cut_off(self) -> Sequence[tuple[str, int]]: ...


class FlowProgram(Protocol):
    """A flow as its code stands; `tasks` by legacy id, `timeout` and `hooks` of the flow itself."""

    @property
    def tasks(self) -> Mapping[str, Node]: ...
    @property
    def timeout(self) -> float | None: ...
    @property
    def hooks(self) -> Sequence[tuple[str, str]]: ...
    @property
    def problems(self) -> Sequence[Problem]: ...
    @property
    def unfollowed(self) -> Sequence[Gap]: ...
    def graph(self) -> Graph: ...
    def simulate(self, scenario: Scenario, /) -> Simulated: ...
