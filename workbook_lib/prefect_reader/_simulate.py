"""Runs a flow's body under scripted outcomes, as Prefect 3.8 would: which task instances there are, and how each ends.

Checked against real runs: a failed blocking call raises; a blocking call behind a failed future is NotReady and returns None;
`.result()` of a NotReady run raises; `.map` over a failed future raises at once; elements of a list wait each for their own; the
result of a skipped task is its state when called, None by `.result()`; a returned list counts as states only when it holds nothing else.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from workbook_lib.model.run import Outcome, Scenario, State, TaskRun, result_of
from workbook_lib.prefect_reader import _naming
from workbook_lib.prefect_reader._modules import Modules
from workbook_lib.prefect_reader._options import retries
from workbook_lib.prefect_reader._program import Key, Simulation, Unfollowed
from workbook_lib.prefect_reader._settings import task_problems
from workbook_lib.prefect_reader._signals import Continue, GiveUp, Raised, Return, Signal
from workbook_lib.prefect_reader._simulate_rules import ByRule, Watch
from workbook_lib.prefect_reader._values import (
    Code,
    Declared,
    Future,
    Futures,
    Marked,
    Run,
    Scope,
    StateOf,
    Stream,
    Unknown,
    abstract_in,
    runs_in,
)

_COMPLETED = (State.SUCCESS, State.SKIPPED)
_PREFECT_NAMES = {State.SUCCESS: "Completed", State.FAILED: "Failed", State.SKIPPED: "Skipped"}


class Simulator(ByRule):
    """One rehearsal of one flow. `mapped` are the ids whose runs are numbered."""

    def __init__(self, modules: Modules, table: _naming.Table, scenario: Scenario, mapped: Collection[str]) -> None:
        super().__init__()
        self.modules, self.table, self.scenario, self.mapped = modules, table, scenario, mapped
        self.runs: list[Run] = []
        self.numbers: dict[str, int] = {}
        self.unfollowed: dict[Unfollowed, None] = {}
        self.ended: set[Run] = set()  # runs that the flow has waited for, itself or through another run

    def play(self, flow: Code) -> Simulation:
        """The states of all instances and the flow run's own."""
        ended = State.FAILED
        try:
            ended = self._end(self.call_code(flow, [], self.given(flow)))
        except Raised:
            pass
        except RecursionError:
            self.unfollowed[Unfollowed("the flow is nested too deeply", self.line)] = None
        except Signal:
            pass
        keyed = self._keyed()
        return Simulation(
            states={key: run.state for key, run in keyed},
            state=ended,
            runs=tuple(_record(key, run) for key, run in keyed),
            unfollowed=tuple(self.unfollowed),
            cut_off=tuple(key for key, run in keyed if run.attempts and run not in self.ended),
        )

    def given(self, flow: Code) -> dict[str, Any]:
        """The flow's parameters; a list as a default is what the runs are mapped over, all else is unknown."""
        spec = flow.node.args
        names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        defaults |= {arg.arg: node for arg, node in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if node is not None}
        values: dict[str, Any] = {}
        for name in (*names, *(arg.arg for arg in spec.kwonlyargs)):
            known = self.eval(defaults[name], flow.scope) if name in defaults else None
            values[name] = known if isinstance(known, list | dict) else Unknown(f"the parameter {name}", parameter=name)
        return values

    def give_up(self, reason: str) -> None:
        self.unfollowed[Unfollowed(reason, self.line)] = None
        raise GiveUp

    def module(self, name: str) -> Scope | None:
        return self.modules.find(name)

    def _end(self, returned: Any) -> State:
        """The run's state from what the flow returned."""
        if isinstance(returned, Stream):
            return State.SUCCESS  # Prefect looks into lists, tuples and sets only
        if isinstance(returned, Future | StateOf | list | tuple | set):
            self._await(runs_in(returned))
        if isinstance(returned, Future | StateOf):
            states = [_state(returned)]
        elif isinstance(returned, list | tuple | set) and returned and all(isinstance(item, Future | StateOf) for item in returned):
            states = [_state(item) for item in returned]
        else:
            states = []
        return State.SUCCESS if all(state in _COMPLETED for state in states) else State.FAILED

    # --- task runs ---

    def _create(self, task: Declared, bound: Mapping[str, Any]) -> Run:
        for reason in task_problems(task):
            self.give_up(reason)
        name = _naming.run_name(task, bound)
        if name is None:
            self.give_up(f"the name of a run of {task.function} is known only to a run")
        task_id, _ = self.table.id_of(name or "")
        number = self.numbers.get(task_id, 0)
        self.numbers[task_id] = number + 1
        run = Run(task_id, task, self.line, number=number)
        self.runs.append(run)
        return run

    def _keyed(self) -> list[tuple[Key, Run]]:
        """The runs with their map indices, numbered as `pilot._collect.task_runs` does: it sees only a whole run."""
        keyed: list[tuple[Key, Run]] = []
        for run in self.runs:
            alone = run.unexpanded and not run.attempts and self.numbers[run.id] == 1
            keyed.append(((run.id, run.number if run.id in self.mapped and not alone else run.number or -1), run))
        return keyed

    def _perform(self, run: Run) -> None:
        """The body runs as scripted."""
        outcome = self.scenario.outcome(run.id, run.number if run.id in self.mapped else -1)
        tries = retries(run.task) + 1
        run.state, run.attempts = State.SUCCESS, 1
        if outcome.does == "skip":
            run.state, run.value = State.SKIPPED, None
        elif outcome.does == "fail" or (outcome.does == "recover" and outcome.fails >= tries):
            run.state, run.attempts = State.FAILED, tries
        else:
            run.attempts = outcome.fails + 1 if outcome.does == "recover" else 1
            run.value = _value(outcome, run)

    def _await(self, runs: Iterable[Run]) -> None:
        """These runs have ended, and so has whatever they waited for before: all of it, or up to the first failed one."""
        waiting = [run for run in runs if run not in self.ended]
        while waiting:
            run = waiting.pop()
            if run not in self.ended:
                self.ended.add(run)
                waiting += run.waited

    def _start(self, task: Declared, bound: Mapping[str, Any], given: Any, waits: Any) -> Run:
        run = self._create(task, bound)
        run.waited = tuple(runs_in((given, waits)))
        if any(state not in _COMPLETED for state in _upstream((given, waits))):
            run.state, run.not_ready = State.UPSTREAM_FAILED, True
            run.waited = tuple(_up_to_the_first_failed((given, waits)))
        else:
            self._perform(run)
        return run

    def call_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state, waits = kwargs.pop("return_state", False), kwargs.pop("wait_for", None)
        run = self._start(task, task.bind(args, kwargs), (args, kwargs), waits)
        self._await([run])
        if as_state is True:
            return StateOf(run)
        if run.not_ready:
            return None
        if run.state is State.FAILED:
            raise Raised
        return StateOf(run) if run.state is State.SKIPPED else copy.deepcopy(run.value) if not abstract_in(run.value) else run.value

    def submit_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state, waits = kwargs.pop("return_state", False), kwargs.pop("wait_for", None)
        run = self._start(task, task.bind(args, kwargs), (args, kwargs), waits)
        if as_state is True:
            self._await([run])
        return StateOf(run) if as_state is True else Future(run)

    def map_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state, waits = kwargs.pop("return_state", False), kwargs.pop("wait_for", None)
        fixed: dict[str, Any] = {}
        lists: dict[str, list[Any]] = {}
        for name, value in task.bind(args, kwargs).items():
            mark = value.mark if isinstance(value, Marked) and value.mark in ("allow_failure", "quote") else None
            resolved = self._resolved(value.value if mark is not None else value)
            if isinstance(resolved, Marked) and resolved.mark == "unmapped":
                fixed[name] = resolved.value
            elif isinstance(resolved, list | tuple | dict | set):
                lists[name] = [Marked(mark, item) if mark is not None else item for item in resolved]
            elif isinstance(resolved, Unknown):
                self.give_up(f"the number of runs of {task.function} depends on a value that only a run knows")
            else:
                fixed[name] = resolved
        if not lists or len({len(items) for items in lists.values()}) > 1:
            raise Raised  # Prefect: nothing to map over, or lists of different lengths
        result = Futures()
        for index in range(len(next(iter(lists.values())))):
            bound = fixed | {name: items[index] for name, items in lists.items()}
            result.append(Future(self._start(task, bound, bound, waits)))
        if as_state is True:
            self._await(runs_in(result))
        return [StateOf(future.run) for future in result] if as_state is True else result

    def _resolved(self, value: Any) -> Any:
        """A future or state among `.map`'s arguments is resolved in the flow's body, and raises there."""
        if not isinstance(value, Future | StateOf):
            return value
        state = _state(value)
        self._await(runs_in(value))
        if state not in _COMPLETED:
            raise Raised
        return value.run.value if value.run is not None else None

    def await_value(self, owner: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if isinstance(owner, StateOf) and name != "result":
            return self._asked(owner, name)
        if name == "wait":
            self._await(runs_in(owner))
            return None
        if name != "result":
            self.give_up(f"{name}() of a future is not followed")
        raises = kwargs.get("raise_on_failure", True) is not False
        if isinstance(owner, Futures):
            return [self._result(item, raises) for item in owner]
        return self._result(owner, raises)

    def _result(self, item: Any, raises: bool) -> Any:
        if not isinstance(item, Future | StateOf):
            self.give_up("result() of a value that only a run knows")
        state = _state(item)
        run = item.run
        self._await(runs_in(item))
        if state in _COMPLETED or run is None:
            value = run.value if run is not None else None
            return copy.deepcopy(value) if not abstract_in(value) else value
        if raises or run.not_ready:
            raise Raised
        return Unknown("an exception", (run,))

    def _asked(self, state: StateOf, name: str) -> Any:
        ended, run = _state(state), state.run
        waiting = run is not None and run.not_ready
        answers = {
            "is_completed": ended in _COMPLETED,
            "is_failed": ended not in _COMPLETED and not waiting,
            "is_pending": waiting,
            "is_final": not waiting,
            "is_crashed": False,
            "is_cancelled": False,
            "is_running": False,
        }
        if name not in answers:
            self.give_up(f"{name}() of a state is not followed")
        return answers[name]

    def state_name(self, state: StateOf, attribute: str) -> Any:
        if attribute == "type":
            self.give_up("the type of a state is not followed; ask is_completed() or is_failed()")
        if state.run is not None and state.run.state is State.UPSTREAM_FAILED:
            return "NotReady" if state.run.not_ready else "UpstreamFailed"
        return _PREFECT_NAMES.get(_state(state), "Failed")

    def made_state(self, meaning: str, kwargs: dict[str, Any]) -> Any:
        return StateOf(None, State.SUCCESS if meaning == "completed" else State.FAILED)

    # --- the emitted rules ---

    def call_prefect(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if meaning in ("wait", "as_completed", "rules.finish"):
            self._await(runs_in((args, kwargs)))
        if meaning == "wait":
            return Unknown("done and not done", tuple(runs_in(args)))
        if meaning == "as_completed":
            return args[0] if args else []
        if meaning == "suppress":
            everything = any(getattr(arg, "name", "") in ("builtins.Exception", "builtins.BaseException") for arg in args)
            return Marked("suppress", None, ("all",) if everything else ())
        watch = Watch() if meaning.endswith("_unless_failed") else None
        if meaning in ("rules.submit", "rules.submit_unless_failed"):
            return self._submit_by_rule(args, dict(kwargs), watch)
        if meaning in ("rules.submit_each", "rules.submit_each_unless_failed"):
            return self._submit_each(args, dict(kwargs), watch)
        if meaning == "rules.finish":
            return [StateOf(run) for run in runs_in(args)]
        self.give_up(f"{meaning} is not followed")
        return None

    # --- decisions ---

    def fork(self, test: Any, arms: Sequence[Sequence[ast.stmt]], scope: Scope, node: ast.stmt) -> None:
        harmless = not any(_leaves(arm) or self.concerns_tasks(arm, scope) for arm in arms)
        known = self._decide(test, harmless)
        if known is not None:
            self.block(arms[0 if known else 1], scope)
            return
        before = dict(scope.names)
        for arm in arms:
            self.block(arm, scope)
        for name in [name for name, value in scope.names.items() if before.get(name) is not value]:
            scope.names[name] = Unknown("a value that depends on the run", tuple(runs_in((before.get(name), scope.names[name]))))

    def fork_calls(self, test: Any, then: Callable[[], None], otherwise: Callable[[], None], node: ast.stmt) -> None:
        (then if self._decide(test, False) else otherwise)()

    def may_go_on(self, test: Any, rest: Sequence[ast.expr], scope: Scope) -> bool:
        if self.acts(rest, scope) or (runs_in(test) and any(isinstance(part, ast.Call) for expr in rest for part in ast.walk(expr))):
            self._refuse(test)
        return True

    def truth(self, value: Any) -> bool | None:
        if isinstance(value, Marked) and value.mark == "not":
            inside = self.truth(value.value)
            return None if inside is None else not inside
        return super().truth(value)

    def _decide(self, test: Any, harmless: bool) -> bool | None:
        truth = self.truth(test)
        if truth is None and not harmless:
            self._refuse(test)
        return truth

    def _refuse(self, test: Any) -> None:
        runs = ", ".join(dict.fromkeys(run.id for run in runs_in(test)))
        self.give_up(f"what happens next depends on {'the result of ' + runs if runs else 'a value that only a run knows'}")

    def items(self, value: Any) -> tuple[Iterable[Any], bool]:
        known = self.known_items(value)
        if known is None:
            self.give_up("the number of rounds of a loop depends on a value that only a run knows")
        return known or [], False

    def negated(self, value: Any) -> Any:
        return Marked("not", value)

    def do_Try(self, node: ast.Try, scope: Scope) -> None:
        try:
            try:
                self.block(node.body, scope)
            except Raised:
                self._handle(node.handlers, scope)
            else:
                self.block(node.orelse, scope)
        except GiveUp:
            raise
        except Signal:
            self.block(node.finalbody, scope)
            raise
        self.block(node.finalbody, scope)

    def _handle(self, handlers: Sequence[ast.ExceptHandler], scope: Scope) -> None:
        for handler in handlers:
            self.line = handler.lineno
            if not self.catches_all(handler, scope):
                self.give_up("whether this handler catches what a failed task raises is known only to a run")
            if handler.name:
                scope.names[handler.name] = Unknown("an exception")
            self.block(handler.body, scope)
            return
        raise Raised

    def guarded(self, body: Sequence[ast.stmt], handler: Sequence[ast.stmt] | None, scope: Scope) -> None:
        try:
            self.block(body, scope)
        except Raised:
            if handler is None:
                self.give_up("which exceptions are suppressed is not followed")

    def do_While(self, node: ast.While, scope: Scope) -> None:
        if self.concerns_tasks([node.test, *node.body], scope) or _leaves(node.body):
            self.give_up("a while loop is not followed")
        try:
            self.block(node.body, scope)
        except (Continue, Return):
            return


def _value(outcome: Outcome, run: Run) -> Any:
    if outcome.arms is not None:
        return outcome.arms[0] if len(outcome.arms) == 1 else list(outcome.arms)
    if outcome.value is None:
        return Unknown("a result that the scenario does not give", (run,), result=run)
    return copy.deepcopy(outcome.value)


def _record(key: Key, run: Run) -> TaskRun:
    known = run.state is State.SUCCESS and not abstract_in(run.value)
    return TaskRun(id=key[0], map_index=key[1], state=run.state, attempts=run.attempts, result=result_of(run.value if known else None))


def _state(item: Future | StateOf) -> State:
    return item.run.state if item.run is not None else item.ended


def _upstream(value: Any) -> list[State]:
    """The states of the futures and states in arguments, those under allow_failure left out."""
    if isinstance(value, Future | StateOf):
        return [_state(value)]
    if isinstance(value, Marked):
        return [] if value.mark in ("allow_failure", "quote") else _upstream(value.value)
    if isinstance(value, Mapping):
        return [state for item in value.values() for state in _upstream(item)]
    if isinstance(value, list | tuple | set):
        return [state for item in value for state in _upstream(item)]
    return []


def _up_to_the_first_failed(value: Any) -> Iterator[Run]:
    """The runs in arguments in the order in which Prefect waits for them, until one has failed that is not under allow_failure."""
    for run, excused in _in_order(value, False):
        yield run
        if not excused and run.state not in _COMPLETED:
            return


def _in_order(value: Any, excused: bool) -> Iterator[tuple[Run, bool]]:
    if isinstance(value, Future | StateOf):
        yield from [(value.run, excused)] if value.run is not None else []
    elif isinstance(value, Marked):
        yield from _in_order(value.value, excused or value.mark in ("allow_failure", "quote"))
    elif isinstance(value, Mapping):
        yield from _in_order(list(value.values()), excused)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _in_order(item, excused)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(part, ast.Return | ast.Raise | ast.Break | ast.Continue) for statement in body for part in ast.walk(statement))
