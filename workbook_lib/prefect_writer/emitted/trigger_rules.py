"""Trigger rules, skips and branches for flows whose tasks do not simply follow each other.

`submit` starts a task once its upstream tasks have ended and `rule` holds; otherwise the task run ends as *Skipped* (a completed
state) or *UpstreamFailed* (a failed one) and its body never starts. A flow ends with `return finish([...])`, its last tasks.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from prefect import Task, allow_failure
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, State

NOT_EXPANDED = "not expanded"


class Skip(Exception):
    """Raised by a task's body: the task ends as skipped, and so does what follows it by the rule `all_success`."""


class FinalFailure(Exception):
    """Raised by a task's body: the task fails at once, without its remaining retries."""


@dataclass(frozen=True)
class Chosen:
    """An upstream branch, and the answers of the branch that let the task go on."""

    branch: PrefectFuture
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Setup:
    """An upstream task that set something up; `all_done_setup_success` asks for it."""

    future: PrefectFuture


class Runs(list[PrefectFuture]):
    """The runs of one mapped task, in the order of its elements; without elements, or before there are any, one that never started."""

    def __init__(self, futures: Iterable[PrefectFuture] = (), *, expanded: bool = True) -> None:
        super().__init__(futures)
        self.expanded = expanded


class Peer:
    """The one of these runs that has the same element as the task that is started."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs


def peer(runs: Runs) -> Peer:
    """Of the runs of a task in the same mapped group: the one with the same element."""
    return Peer(runs)


class Combined:
    """Lists that tasks will return, put together."""

    def __init__(self, function: Callable[..., Iterable[Any]], parts: Sequence[Any], options: Mapping[str, Any]) -> None:
        self.function = function
        self.parts = parts
        self.options = options


def combined(function: Callable[..., Iterable[Any]], *parts: Any, **options: Any) -> Combined:
    """What `function`, such as `zip` or `itertools.chain`, makes of the lists that tasks will return."""
    return Combined(function, parts, options)


class Pick:
    """What a task will return, or one part of it, such as an entry of a dict; `follows` tells whether `rule` asks how it ended."""

    def __init__(self, source: PrefectFuture | Runs, keys: tuple[Any, ...] = (), *, follows: bool = True) -> None:
        self.source = source
        self.keys = keys
        self.follows = follows


def pick(source: PrefectFuture | Runs, *keys: Any) -> Pick:
    """`source[key]` of what `source` will return."""
    return Pick(source, keys)


def peek(source: PrefectFuture | Runs, *keys: Any) -> Pick:
    """The same, of a task further up: how it ended does not matter to the rule."""
    return Pick(source, keys, follows=False)


def chosen(branch: PrefectFuture, *answers: str) -> Chosen:
    """Go on only when `branch` answers with one of these task names."""
    return Chosen(branch, answers)


def submit(
    work: Task,
    *args: Any,
    after: Iterable[Any] = (),
    gates: Iterable[PrefectFuture] = (),
    needs: Iterable[PrefectFuture] = (),
    rule: str = "all_success",
    early: bool = False,
    **kwargs: Any,
) -> PrefectFuture:
    """Start `work` when everything in `after` and in its arguments has ended and `rule` holds.

    A false answer of one of `gates` skips the task whatever its rule says, unless it is `early` and its rule
    let it run before; all of `needs` must have succeeded. Futures among
    the arguments arrive as their results, as None where the task failed or was skipped.
    """
    return _submit(work, args, kwargs, _Gate(after, gates, rule, (args, kwargs), must=list(needs), early=early))


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
    **kwargs: Any,
) -> Runs:
    """Start `work` once per combination of the lists in `over`; without elements it is skipped.

    `over` names the parameters and their lists (or the tasks that return them), or is a list of keyword arguments (or the task that
    returns it); of these `takes` names those that `work` takes, if not all. Without `over` there is one run for each run of a `peer`.
    `all_first` lets the rule look at all runs of each peer before there are elements. `index` is the parameter that gets the number
    of the run. Other arguments are the same for each run, but for those of a `peer`.
    """
    after, gates, needs, must = list(after), list(gates), list(needs), _lengths(over)

    def start(number: int, element: Mapping[str, Any], gate: _Gate | None = None) -> PrefectFuture:
        given = _of_run(kwargs, number)
        ends = (_of_run(after, number), _of_run(gates, number))
        own = gate or _Gate(*ends, rule, (over, given), must=needs, early=early)  # one for each run, because each counts its own attempts
        arguments = {**element, **given, **({index: number} if index else {})}
        return _submit(work, (), arguments, own, NOT_EXPANDED if gate else "")

    unknown = dict.fromkeys((over if isinstance(over, Mapping) else _missing(work, kwargs)) if takes is None else takes)
    elements = _peers((after, gates, kwargs)) if over is None else None if _futures(over) else _elements(over, takes)
    if not elements:
        first = [_of_run(value, -1, all_first) for value in (after, gates, kwargs)]
        before = _Gate(first[0], first[1], rule, (over, first[2]), must=[*must, *needs], early=early)
        for future in before.all:
            future.wait()
        closed = before.closed()
        elements = elements or ([] if closed or over is None else _elements(over, takes))
        if not elements:
            return Runs([start(-1, unknown, before if closed else _Gate((), (), "never", (), must=must))], expanded=False)
    return Runs(start(number, element) for number, element in enumerate(elements))


def _of_run(value: Any, number: int, whole: bool = False) -> Any:
    """`value` as the run with that number sees it: its own peer in the place of each.

    -1 stands for all before there are elements: it sees no runs of peers that have elements already, or all of them (`whole`).
    """
    if isinstance(value, Peer):
        runs = value.runs
        return runs[0] if not runs.expanded else runs[number] if number >= 0 else runs if whole else None
    if isinstance(value, Pick):
        return Pick(_of_run(value.source, number, whole), value.keys, follows=value.follows)
    if isinstance(value, Chosen):
        return Chosen(_of_run(value.branch, number), value.answers)
    if isinstance(value, Setup):
        return Setup(_of_run(value.future, number))
    if isinstance(value, Mapping):
        return {name: _of_run(item, number, whole) for name, item in value.items()}
    if isinstance(value, list | tuple) and not isinstance(value, Runs):
        return type(value)(_of_run(item, number, whole) for item in value)
    return value


def _peers(value: Any) -> list[dict[str, Any]]:
    """An empty element for each run of the peers in `value`."""
    if isinstance(value, Peer):
        return [{} for _ in value.runs] if value.runs.expanded else []
    if isinstance(value, Pick | Chosen | Setup):
        value = [value.source if isinstance(value, Pick) else value.branch if isinstance(value, Chosen) else value.future]
    if isinstance(value, Mapping):
        value = list(value.values())
    found = (_peers(item) for item in value) if isinstance(value, list | tuple) and not isinstance(value, Runs) else ()
    return next((elements for elements in found if elements), [])


def _missing(work: Task, given: Mapping[str, Any]) -> list[str]:
    """The parameters that only an element would name."""
    return [name for name in inspect.signature(work.fn).parameters if name not in given]


def finish(last: Iterable[Any], also: Iterable[Any] = ()) -> list[State]:
    """Wait for the last tasks of the flow; it fails when one of them failed or could not run. How `also` ends does not matter."""
    futures = _futures(list(last))
    for future in (*futures, *_futures(list(also))):
        future.wait()
    return [future.state for future in futures]


def _submit(work: Task, args: Sequence[Any], kwargs: Mapping[str, Any], gate: _Gate, note: str = "") -> PrefectFuture:
    @functools.wraps(work.fn)
    def gated(*later: Any, **named: Any) -> Any:
        closed = gate.closed()
        if closed == "skipped":
            return Completed(name="Skipped", message=note or f"the rule {gate.rule} does not hold")
        if closed == "upstream_failed":
            return Failed(name="UpstreamFailed", message=note or f"the rule {gate.rule} does not hold")
        gate.attempts += 1
        gate.seen += gate.attempts > 1
        try:
            return work.fn(*(_arrived(value) for value in later), **{name: _arrived(value) for name, value in named.items()})
        except Skip as skip:
            return Completed(name="Skipped", message=str(skip) or "the task skipped itself")

    copy = work.with_options(cache_policy=NO_CACHE, retry_condition_fn=worth_a_retry)
    copy.fn = gated
    copy.on_failure_hooks = [_when_it_ran(hook) for hook in work.on_failure_hooks]
    copy.on_completion_hooks = [_when_it_ran(hook) for hook in work.on_completion_hooks]
    waits = [allow_failure(future) for future in gate.all]
    future = copy.submit(
        *(_Later(value) if _futures(value) else value for value in args),
        wait_for=waits,
        **{name: _Later(value) if _futures(value) else value for name, value in kwargs.items()},
    )
    GATES[future] = gate
    return future


def _when_it_ran(hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook, but not for a task that was skipped or could not run."""

    @functools.wraps(hook)
    def called(task: Task, run: Any, state: State) -> Any:
        return None if state.name in ("Skipped", "UpstreamFailed") else hook(task, run, state)

    return called


def worth_a_retry(_task: Task, _run: Any, state: State) -> bool:
    """Whether a failed task is tried again, as far as its retries go: not after a `FinalFailure`."""
    if state.name == "UpstreamFailed":
        return False
    return not isinstance(state.result(raise_on_failure=False), FinalFailure)


class _Later:
    """Futures in an argument, kept from being resolved before the rule was asked."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _arrived(value: Any) -> Any:
    return _value(value.value) if isinstance(value, _Later) else value


def _value(value: Any) -> Any:
    """`value` with every future replaced by its result; None for one that has no result."""
    if isinstance(value, PrefectFuture):
        return value.result() if _outcome(value) == "success" else None
    if isinstance(value, Runs):
        return [result for result in map(_value, value) if result is not None]
    if isinstance(value, Combined):
        return list(value.function(*(_value(part) or () for part in value.parts), **value.options))
    if isinstance(value, Pick) and isinstance(value.source, Runs):
        return _value(Runs(Pick(run, value.keys) for run in value.source))
    if isinstance(value, Pick):
        return functools.reduce(lambda whole, key: None if whole is None else whole[key], value.keys, _value(value.source))
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_value(item) for item in value)
    return value


def _futures(value: Any, all_: bool = True) -> list[PrefectFuture]:
    """Every future in `value`, however deep; without those that are only peeked at unless `all_`."""
    if isinstance(value, PrefectFuture):
        return [value]
    if isinstance(value, Chosen | Setup):
        return _futures(value.branch if isinstance(value, Chosen) else value.future)
    if isinstance(value, Pick):
        return _futures(value.source) if all_ or value.follows else []
    if isinstance(value, Combined):
        return _futures(value.parts, all_)
    if isinstance(value, Mapping):
        value = list(value.values())
    return [future for item in value for future in _futures(item, all_)] if isinstance(value, list | tuple) else []


def _elements(over: Any, takes: Iterable[str] | None) -> list[dict[str, Any]]:
    """One dict of arguments per run."""
    over = _value(over)
    if isinstance(over, Mapping):
        values = [list(each.items()) if isinstance(each, Mapping) else list(each or []) for each in over.values()]
        records = [dict(zip(over, combination, strict=True)) for combination in itertools.product(*values)]
    else:
        records = [dict(record) for record in over or []]
    return records if takes is None else [{name: record[name] for name in takes if name in record} for record in records]


def _lengths(over: Any) -> list[PrefectFuture]:
    """The tasks that must have succeeded before the number of runs is known: of a mapped one it is, once there are runs."""
    if isinstance(over, PrefectFuture):
        return [over]
    if isinstance(over, Runs):
        return [] if over.expanded else list(over)
    parts = [over.source] if isinstance(over, Pick) else over.parts if isinstance(over, Combined) else ()
    return [future for part in (over.values() if isinstance(over, Mapping) else parts) for future in _lengths(part)]


def _once(futures: list[PrefectFuture]) -> list[PrefectFuture]:
    return list({future.task_run_id: future for future in futures}.values())


def _outcome(future: PrefectFuture) -> str:
    state = future.state
    if state.name in ("Skipped", "UpstreamFailed", "NotReady"):
        return "skipped" if state.name == "Skipped" else "upstream_failed"
    return "success" if state.is_completed() else "failed"


class _Gate:
    """Decides, once everything upstream has ended, whether a task may run.

    Where both a failure and a skip stand in the way, the one that came earlier in the flow decides. Rounds say what is earlier: a
    task is one round behind what it waited for, and each attempt takes a round.
    """

    def __init__(
        self, after: Iterable[Any], gates: Iterable[PrefectFuture], rule: str, arguments: Any, must: Any = (), *, early: bool = False
    ) -> None:
        after = list(after)
        self.rule = rule
        self.early = early
        self.gates = [gate for gate in gates if gate is not None]
        self.must = _futures(must)
        self.branches = [item for item in after if isinstance(item, Chosen) and item.branch is not None]
        self.setups = [item.future for item in after if isinstance(item, Setup) and item.future is not None]
        self.upstream = _once(_futures([after, list(arguments)], all_=False))
        self.all = _once([*_futures([after, list(arguments)]), *self.gates, *self.must])
        self.attempts = 0
        self.seen = 0

    def closed(self) -> str | None:
        """Why the task may not run: "skipped", "upstream_failed", or None when it may."""
        now, verdict = _decide("all_success", self.must, [])
        later, own = _decide(self.rule, self.upstream, self.setups)
        if verdict is None or (own is not None and later < now):
            now, verdict = later if own is not None else max(now, later), own
        passed = min((_round(future) for future in self._passed_over()), default=None)
        if passed is not None and (verdict is not None or now >= passed or not self.early):
            self.seen = passed
            return "skipped"
        self.seen = now + max(self.attempts, 1)
        return verdict

    def _passed_over(self) -> Iterator[PrefectFuture]:
        """Branches that chose otherwise and gates that are shut."""
        for item in self.branches:
            if _outcome(item.branch) == "success":
                answer = _value(item.branch)
                if not set([answer] if isinstance(answer, str) else answer or ()) & set(item.answers):
                    yield item.branch
        yield from (gate for gate in self.gates if _outcome(gate) == "success" and not _value(gate))


GATES: WeakKeyDictionary[PrefectFuture, _Gate] = WeakKeyDictionary()


def _round(future: PrefectFuture) -> int:
    return GATES[future].seen


def _decide(rule: str, upstream: list[PrefectFuture], setups: list[PrefectFuture]) -> tuple[int, str | None]:
    """The round in which `rule` is decided, and what stands in the way."""
    if rule == "never":
        return 0, "skipped"
    ended = sorted((_round(future), _outcome(future)) for future in upstream)
    if not ended or rule == "always":
        return 0, None
    now = next((seen for seen, outcome in ended if outcome in EARLY.get(rule, ())), ended[-1][0])
    states = [outcome for seen, outcome in ended if seen <= now]
    return now, RULES[rule](states, [_outcome(future) for future in setups])


BAD = ("failed", "upstream_failed")

# The ends of an upstream task that decide a rule at once, before the others have ended.
EARLY = {
    "all_success": (*BAD, "skipped"),
    "all_failed": ("success", "skipped"),
    "all_skipped": (*BAD, "success"),
    "one_success": ("success",),
    "one_failed": BAD,
    "one_done": ("success", "failed"),
    "none_failed": BAD,
    "none_failed_min_one_success": BAD,
    "none_skipped": ("skipped",),
    "all_done_min_one_success": ("skipped",),
}


def _bad(states: list[str]) -> bool:
    return any(state in BAD for state in states)


# What stands in the way of a task, given how its upstream tasks (and, of these, the setups) ended; None lets it run.
RULES = {
    "all_success": lambda states, _: "upstream_failed" if _bad(states) else "skipped" if "skipped" in states else None,
    "all_failed": lambda states, _: "skipped" if "success" in states or "skipped" in states else None,
    "all_done": lambda states, _: None,
    "all_skipped": lambda states, _: None if set(states) == {"skipped"} else "skipped",
    "one_success": lambda states, _: None if "success" in states else "upstream_failed" if _bad(states) else "skipped",
    "one_failed": lambda states, _: None if _bad(states) else "skipped",
    "one_done": lambda states, _: None if "success" in states or "failed" in states else "skipped",
    "none_failed": lambda states, _: "upstream_failed" if _bad(states) else None,
    "none_failed_min_one_success": lambda states, _: "upstream_failed" if _bad(states) else None if "success" in states else "skipped",
    "none_skipped": lambda states, _: "skipped" if "skipped" in states else None,
    "always": lambda states, _: None,
    "all_done_setup_success": lambda _, setups: (
        None if not setups or "success" in setups else "upstream_failed" if _bad(setups) else "skipped"
    ),
    "all_done_min_one_success": lambda states, _: "skipped" if "skipped" in states else None if "success" in states else "upstream_failed",
}
