"""Trigger rules, skips and branches for flows whose tasks do not simply follow each other.

`submit` starts a task once its upstream tasks have ended and `rule` holds; otherwise the task run ends as *Skipped* (a completed
state) or *UpstreamFailed* (a failed one) and its body never starts. A flow ends with `return finish([...])`, its last tasks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from prefect import Task, allow_failure
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, State
from shared.rule_table import decide
from shared.upstream import Chosen, Setup, arrived, futures, outcome


class Skip(Exception):
    """Raised by a task's body: the task ends as skipped, and so does what follows it by the rule `all_success`."""


class FinalFailure(Exception):
    """Raised by a task's body: the task fails at once, without its remaining retries."""


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
    return start(work, args, kwargs, Gate(after, gates, rule, (args, kwargs), must=list(needs), early=early))


def finish(last: Iterable[Any], also: Iterable[Any] = ()) -> list[State]:
    """Wait for the last tasks of the flow; it fails when one of them failed or could not run. How `also` ends does not matter."""
    ends = futures(list(last))
    for future in (*ends, *futures(list(also))):
        future.wait()
    return [future.state for future in ends]


def worth_a_retry(_task: Task, _run: Any, state: State) -> bool:
    """Whether a failed task is tried again, as far as its retries go: not after a `FinalFailure`."""
    return state.name != "UpstreamFailed" and not isinstance(state.result(raise_on_failure=False), FinalFailure)


class Gate:
    """Decides, once everything upstream has ended, whether a task may run.

    Where both a failure and a skip stand in the way, the one that came earlier in the flow decides. Rounds say what is earlier: a
    task is one round behind what it waited for, and each attempt takes a round.
    """

    def __init__(
        self, after: Iterable[Any], gates: Iterable[PrefectFuture], rule: str, arguments: Any, must: Any = (), *, early: bool = False
    ) -> None:
        given = [list(after), arguments]
        self.rule = rule
        self.early = early
        self.gates = futures(list(gates))  # of a mapped task each run
        self.must = futures(must)
        self.branches = [item for item in given[0] if isinstance(item, Chosen) and item.source is not None]
        self.setups = [item.source for item in given[0] if isinstance(item, Setup) and item.source is not None]
        self.upstream = _once(futures(given, every=False))
        self.all = _once([*futures(given), *self.gates, *self.must])
        self.attempts = 0
        self.seen = 0

    def closed(self) -> str | None:
        """Why the task may not run: "skipped", "upstream_failed", or None when it may."""
        now, verdict = decide("all_success", map(_end, self.must))
        later, own = decide(self.rule, map(_end, self.upstream), map(outcome, self.setups))
        if verdict is None or (own is not None and later < now):
            now, verdict = later if own is not None else max(now, later), own
        passed = min((GATES[future].seen for future in self._passed_over()), default=None)
        first = verdict == "skipped" or (verdict is None and self.early)  # where the rule decides earlier
        if passed is not None and (now >= passed or not first):
            self.seen = passed
            return "skipped"
        self.seen = now + max(self.attempts, 1)
        return verdict

    def _passed_over(self) -> Iterator[PrefectFuture]:
        """Branches that chose otherwise and gates that are shut."""
        for item in self.branches:
            if outcome(item.source) == "success":
                answer = arrived(item.source)
                if not set([answer] if isinstance(answer, str) else answer or ()) & set(item.answers):
                    yield item.source
        yield from (gate for gate in self.gates if outcome(gate) == "success" and not arrived(gate))


GATES: WeakKeyDictionary[PrefectFuture, Gate] = WeakKeyDictionary()


def start(work: Task, args: Sequence[Any], kwargs: Mapping[str, Any], gate: Gate, note: str = "") -> PrefectFuture:
    """Start `work` behind its gate; `note` tells why it did not run, in other words than the rule's name."""

    @functools.wraps(work.fn)
    def gated(*later: Any, **named: Any) -> Any:
        closed = gate.closed()
        if closed is not None:
            state, name = (Completed, "Skipped") if closed == "skipped" else (Failed, "UpstreamFailed")
            return state(name=name, message=note or f"the rule {gate.rule} does not hold")
        gate.attempts += 1
        gate.seen += gate.attempts > 1
        try:
            return work.fn(*(_now(value) for value in later), **{name: _now(value) for name, value in named.items()})
        except Skip as skip:
            return Completed(name="Skipped", message=str(skip) or "the task skipped itself")

    copy = work.with_options(cache_policy=NO_CACHE, retry_condition_fn=worth_a_retry)
    copy.fn = gated
    copy.on_failure_hooks = [_when_it_ran(hook) for hook in work.on_failure_hooks]
    copy.on_completion_hooks = [_when_it_ran(hook) for hook in work.on_completion_hooks]
    kept = {name: _Later(value) if futures(value) else value for name, value in kwargs.items()}
    waits = [allow_failure(future) for future in gate.all]
    future = copy.submit(*(_Later(value) if futures(value) else value for value in args), wait_for=waits, **kept)
    GATES[future] = gate
    return future


def _when_it_ran(hook: Callable[..., Any]) -> Callable[..., Any]:
    """The hook, but not for a task that was skipped or could not run."""

    @functools.wraps(hook)
    def called(task: Task, run: Any, state: State) -> Any:
        return None if state.name in ("Skipped", "UpstreamFailed") else hook(task, run, state)

    return called


class _Later:
    """Futures in an argument, kept from being resolved before the rule was asked."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _now(value: Any) -> Any:
    return arrived(value.value) if isinstance(value, _Later) else value


def _once(several: list[PrefectFuture]) -> list[PrefectFuture]:
    return list({future.task_run_id: future for future in several}.values())


def _end(future: PrefectFuture) -> tuple[int, str]:
    """The round in which a task ended, and how."""
    return GATES[future].seen, outcome(future)
