"""Mapped tasks behind trigger rules: one run for each element, of which there may be none, known only when other tasks have ended.

`submit_each` starts a mapped task. In a mapped group each run follows its `peer` of the group's other tasks, the one with the same element.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from prefect import Task
from prefect.futures import PrefectFuture
from shared.trigger_rules import Gate, start
from shared.upstream import Chosen, Pick, Setup, Upstream, arrived, futures


class Runs(list[PrefectFuture], Upstream):
    """The runs of one mapped task, in the order of its elements; without elements, or before there are any, one that never started."""

    def __init__(self, runs: Iterable[PrefectFuture] = (), *, expanded: bool = True) -> None:
        super().__init__(runs)
        self.expanded = expanded

    def futures(self, every: bool) -> list[PrefectFuture]:
        return list(self)

    def result(self) -> list[Any] | None:
        return [result for result in map(arrived, self) if result is not None] or None


@dataclass(frozen=True)
class Peer:
    """The one of these runs that has the same element as the task that is started."""

    runs: Runs

    def of_run(self, number: int, whole: bool) -> Any:
        """The run with that number, if any. -1: before there are elements; of runs that have theirs already all (`whole`) or none."""
        if not self.runs.expanded:
            return self.runs[0]
        if number < 0:
            return self.runs if whole else None
        return self.runs[number] if number < len(self.runs) else None


def peer(runs: Runs) -> Peer:
    """Of the runs of a task in the same mapped group: the one with the same element."""
    return Peer(runs)


@dataclass(frozen=True)
class Combined(Upstream):
    """Lists that tasks will return, put together."""

    function: Callable[..., Iterable[Any]]
    parts: tuple[Any, ...]
    options: Mapping[str, Any]

    def futures(self, every: bool) -> list[PrefectFuture]:
        return futures(self.parts, every)

    def result(self) -> list[Any]:
        return list(self.function(*(arrived(part) or () for part in self.parts), **self.options))


def combined(function: Callable[..., Iterable[Any]], *parts: Any, **options: Any) -> Combined:
    """What `function`, such as `zip` or `itertools.chain`, makes of the lists that tasks will return."""
    return Combined(function, parts, options)


def submit_each(
    work: Task,
    *,
    over: Any = None,
    takes: Iterable[str] | None = None,
    index: str | None = None,
    after: Iterable[Any] = (),
    gates: Iterable[Any] = (),
    needs: Iterable[PrefectFuture] = (),
    rule: str = "all_success",
    all_first: bool = False,
    early: bool = False,
    make_gate: Callable[..., Gate] = Gate,
    **kwargs: Any,
) -> Runs:
    """Start `work` once per combination of the lists in `over`; without elements it is skipped.

    `over` names the parameters and their lists (or the tasks that return them), or is a list of keyword arguments (or the task that
    returns it); of these `takes` names those that `work` takes, if not all. Without `over` there is one run for each run of a `peer`.
    `all_first` lets the rule look at all runs of each peer before there are elements. `index` is the parameter that gets the number
    of the run. Other arguments are the same for each run, but for those of a `peer`. `make_gate` makes the gate of a run.
    """
    given, needs, must = (list(after), list(gates), kwargs), list(needs), _lengths(over)

    def gate(number: int, *more: PrefectFuture) -> Gate:
        own_after, own_gates, own = (_of_run(value, number, all_first) for value in given)
        return make_gate(own_after, own_gates, rule, (over, own), must=[*more, *needs], early=early)

    def run(number: int, element: Mapping[str, Any], own_gate: Gate, note: str = "") -> PrefectFuture:
        own = {**element, **_of_run(kwargs, number), **({index: number} if index else {})}
        return start(work, (), own, own_gate, note)

    elements = _of_peers(given) if over is None else None if futures(over) else _elements(over, takes)
    if not elements:
        before = gate(-1, *must)
        for future in before.all:
            future.wait()
        closed = before.closed()
        known = over is not None and (not closed or _written(over))
        elements = elements or (_elements(over, takes) if known else [])
        if not elements:
            of_elements = [name for name in inspect.signature(work.fn).parameters if name not in kwargs]
            names = (over if isinstance(over, Mapping) else of_elements) if takes is None else takes
            shut = before if closed else Gate((), (), "never", (), must=must)
            return Runs([run(-1, dict.fromkeys(names), shut, "not expanded")], expanded=False)
    return Runs(run(number, element, gate(number)) for number, element in enumerate(elements))


def _of_run(value: Any, number: int, whole: bool = False) -> Any:
    """`value` as the run with that number sees it: its own peer in the place of each."""
    if isinstance(value, Peer):
        return value.of_run(number, whole)
    if isinstance(value, Runs):
        return value
    if isinstance(value, Mapping):
        return {name: _of_run(item, number, whole) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_of_run(item, number, whole) for item in value)
    if is_dataclass(value) and isinstance(value, Upstream):
        whole = whole and not isinstance(value, Chosen | Setup)  # these ask one run
        return replace(value, **{part.name: _of_run(getattr(value, part.name), number, whole) for part in fields(value)})
    return value


def _of_peers(value: Any) -> list[dict[str, Any]]:
    """An empty element for each run of a peer in `value` that has its elements."""
    if isinstance(value, Peer):
        return [{} for _ in value.runs] if value.runs.expanded else []
    if isinstance(value, Mapping):
        value = list(value.values())
    elif is_dataclass(value):
        value = [getattr(value, part.name) for part in fields(value)]
    found = map(_of_peers, value) if isinstance(value, list | tuple) and not isinstance(value, Runs) else ()
    return next((elements for elements in found if elements), [])


def _elements(over: Any, takes: Iterable[str] | None) -> list[dict[str, Any]]:
    """One dict of arguments per run."""
    over = arrived(over)
    if isinstance(over, Mapping):
        values = [list(each.items()) if isinstance(each, Mapping) else list(each or []) for each in over.values()]
        records = [dict(zip(over, combination, strict=True)) for combination in itertools.product(*values)]
    else:
        records = [dict(record) for record in over or []]
    return records if takes is None else [{name: record[name] for name in takes if name in record} for record in records]


def _written(over: Any) -> bool:
    """Whether the lists are written out in the flow, so that there is a run for each element whatever happens."""
    lists = over.values() if isinstance(over, Mapping) else [over]
    return not any(isinstance(each, PrefectFuture | Upstream) for each in lists)


def _lengths(over: Any) -> list[PrefectFuture]:
    """The tasks that must have succeeded before the number of runs is known: of a mapped one it is, once there are runs."""
    if isinstance(over, PrefectFuture):
        return [over]
    if isinstance(over, Runs):
        return [] if over.expanded else list(over)
    parts = [over.source] if isinstance(over, Pick) else over.parts if isinstance(over, Combined) else ()
    return [future for part in (over.values() if isinstance(over, Mapping) else parts) for future in _lengths(part)]
