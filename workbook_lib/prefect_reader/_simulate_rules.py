"""Plays the emitted trigger rules: `submit`, `submit_each` and what they are given. When and how a rule decides is `model._timing`'s."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbook_lib.model._timing import Ended, settle
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import State
from workbook_lib.prefect_reader._known import COMBINE
from workbook_lib.prefect_reader._signals import Raised
from workbook_lib.prefect_reader._statements import Statements
from workbook_lib.prefect_reader._values import Abstract, Declared, Future, Futures, Marked, Run, Unknown, runs_in


@dataclass(frozen=True)
class Gate:
    """Why a task may not run (None: it may), and the round in which that is known; each attempt takes a round."""

    closed: State | None
    now: int


class Watch:
    """One call of `submit_unless_failed` or `submit_each_unless_failed`: it tells of its own failures, and asks for those of others."""


def _decided(rule: JoinRule, upstream: Sequence[Run], must: Sequence[Run], setups: Collection[Run] = ()) -> Gate:
    required = [Ended(run.round, str(run.state)) for run in must]
    decision, now = settle(rule, [Ended(run.round, str(run.state), run in setups) for run in upstream], required)
    return Gate(None if decision == "run" else State(decision), now)


class ByRule(Statements):
    """The part of a simulation that decides by trigger rules."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: list[Watch] = []  # the calls of which a run has failed

    def _create(self, task: Declared, bound: Mapping[str, Any]) -> Run:
        raise NotImplementedError  # the simulator numbers the runs

    def _perform(self, run: Run) -> None:
        raise NotImplementedError  # the simulator knows the script

    def _await(self, runs: Iterable[Run]) -> None:
        raise NotImplementedError  # the simulator keeps account

    def _rule_task(self, args: list[Any]) -> Declared:
        task = args[0] if args else None
        if not isinstance(task, Declared):
            self.give_up("submit() is given a task that only a run knows")
        assert isinstance(task, Declared)
        return task

    def _submit_by_rule(self, args: list[Any], kwargs: dict[str, Any], watch: Watch | None = None) -> Any:
        task = self._rule_task(args)
        gate = self._unless(watch, self._gate(kwargs, args[1:]))
        run = self._create(task, task.bind(args[1:], _given(kwargs)))
        run.waited = tuple(runs_in((args[1:], kwargs)))
        return Future(self._let(run, gate, watch))

    def _submit_each(self, args: list[Any], kwargs: dict[str, Any], watch: Watch | None = None) -> Any:
        waited = tuple(runs_in(kwargs))
        self._await(runs_in(kwargs.get("over")))  # the flow itself waits for what decides the number of runs
        result = self._each(args, kwargs, watch)
        for run in runs_in(result):
            run.waited = waited
        return result

    def _each(self, args: list[Any], kwargs: dict[str, Any], watch: Watch | None) -> Any:
        task, over = self._rule_task(args), kwargs.pop("over", None)
        takes, index, whole = kwargs.pop("takes", None), kwargs.pop("index", None), kwargs.pop("all_first", False) is True
        must = _lengths(over)
        result = Futures()
        result.runs = True
        if over is None:
            elements: list[dict[str, Any]] = [{} for _ in range(_peers(kwargs))]
        else:
            elements = [] if runs_in(over) else self._elements(task, over, takes)
        if not elements:
            own = _of_run(kwargs, -1, whole)
            before, waited = self._unless(watch, self._gate(own, over, must)), tuple(runs_in((own, over)))
            self._await(waited)  # the flow waits itself, to know the number of the runs
            if over is not None and (before.closed is None or _written(over)):
                elements = self._elements(task, over, takes)
            if not elements:
                known = _decided(JoinRule.ALL_SUCCESS, (), must)
                gate = before if before.closed is not None else Gate(known.closed or State.SKIPPED, known.now)
                nothing = dict.fromkeys(takes if takes is not None else over if isinstance(over, dict) else ())
                result.append(Future(self._unexpanded(task, nothing | _given(own), gate)))
                result[0].run.waited = waited
                return result
        for number, element in enumerate(elements):
            own = _of_run(kwargs, number)
            counted = {index: number} if isinstance(index, str) else {}
            gate = self._unless(watch, self._gate(own, over))
            run = self._let(self._create(task, element | _given(own) | counted), gate, watch)
            run.waited = tuple(runs_in((own, over)))
            result.append(Future(run))
        return result

    def _unexpanded(self, task: Declared, bound: Mapping[str, Any], gate: Gate) -> Run:
        run = self._create(task, bound)
        run.unexpanded = True
        return self._let(run, gate)

    def _unless(self, watch: Watch | None, gate: Gate) -> Gate:
        """The gate of a task that is skipped for whatever reason, and once a run of another call has failed."""
        if watch is None or (gate.closed is None and all(other is watch for other in self.failed)):
            return gate
        return Gate(State.SKIPPED, gate.now)

    def _let(self, run: Run, gate: Gate, watch: Watch | None = None) -> Run:
        if gate.closed is None:
            self._perform(run)
            self.failed += [watch] if watch is not None and run.state is State.FAILED else []
        else:
            run.state, run.attempts = gate.closed, 0
        run.round = gate.now + max(run.attempts, 1)
        return run

    def _elements(self, task: Declared, over: Any, takes: Any) -> list[dict[str, Any]]:
        over = self._mapped_over(over)
        if not isinstance(over, dict):
            rows: list[dict[str, Any]] = [dict(record) if isinstance(record, dict) else {} for record in self._listed(task, over)]
        else:
            rows = [{}]
            for name, value in over.items():
                items = list(value.items()) if isinstance(value, dict) else self._listed(task, value)
                rows = [row | {name: item} for row in rows for item in items]
        return rows if takes is None else [{name: row[name] for name in takes if name in row} for row in rows]

    def _mapped_over(self, value: Any) -> Any:
        """What has arrived of the lists to map over; of a mapped task's results those that the scenario gives."""
        if isinstance(value, dict):
            return {name: self._mapped_over(item) for name, item in value.items()}
        if isinstance(value, Futures):
            return [result for result in self._arrived(value) or () if not isinstance(result, Unknown)]
        if isinstance(value, Marked) and value.mark == "rules.peek" and not value.extra:
            return self._mapped_over(value.value)
        if isinstance(value, Marked) and value.mark == "rules.combined":
            function, options = value.extra
            parts = [self._mapped_over(part) for part in value.value]
            combine = COMBINE.get(getattr(function, "name", ""))
            if combine is None or any(isinstance(part, Abstract) for part in parts):
                self.give_up("how lists are put together depends on a value that only a run knows")
            assert combine is not None
            return list(combine(*(part or () for part in parts), **options))
        return self._arrived(value)

    def _listed(self, task: Declared, value: Any) -> list[Any]:
        if isinstance(value, Abstract):
            self.give_up(f"the number of runs of {task.function} depends on a value that only a run knows")
        try:
            return list(value or [])
        except TypeError:
            raise Raised from None

    def _arrived(self, value: Any) -> Any:
        """What the emitted rules hand to a task: results, None where there is none."""
        if isinstance(value, Future):
            return value.run.value if value.run.state is State.SUCCESS else None
        if isinstance(value, Futures):
            return [result for result in map(self._arrived, value) if result is not None] or None
        if isinstance(value, Marked) and value.mark in ("rules.pick", "rules.peek"):
            whole = self._arrived(value.value)
            for key in value.extra:
                if isinstance(whole, Abstract):
                    return Unknown("part of a result", tuple(runs_in(whole)))
                try:
                    whole = None if whole is None else whole[key]
                except (KeyError, IndexError, TypeError):
                    raise Raised from None
            return whole
        if isinstance(value, dict):
            return {key: self._arrived(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._arrived(item) for item in value]
        return value

    def _gate(self, kwargs: dict[str, Any], arguments: Any, must: Sequence[Run] = ()) -> Gate:
        """Whether a task may run, by its branches, its gates and its rule. `must`: the tasks that decide a mapping's length."""
        after, gates = _flat(kwargs.get("after", ())), _flat(kwargs.get("gates", ()))
        rule = kwargs.get("rule", "all_success")
        must = [*must, *runs_in(kwargs.get("needs", ()))]
        arguments = (arguments, _given(kwargs))
        try:
            join = JoinRule(rule)
        except ValueError:
            self.give_up(f"{rule!r} is no trigger rule")
            raise
        passed = [*self._not_chosen(after), *self._shut(gates)]
        setups = {run for item in after if isinstance(item, Marked) and item.mark == "rules.setup" for run in runs_in(item)}
        gate = _decided(join, list(runs_in([after, _without_peeks(arguments)])), must, setups)
        seen = min((run.round for run in passed), default=None)
        first = gate.closed is State.SKIPPED or (gate.closed is None and kwargs.get("early"))  # where the rule decides earlier
        if seen is not None and (gate.now >= seen or not first):
            return Gate(State.SKIPPED, seen - 1)
        return gate

    def _not_chosen(self, after: Sequence[Any]) -> Iterator[Run]:
        for item in after:
            if isinstance(item, Marked) and item.mark == "rules.chosen" and isinstance(item.value, Future):
                answer = self._answer(item.value.run)
                if answer is not None and not {*([answer] if isinstance(answer, str) else answer)} & set(item.extra):
                    yield item.value.run

    def _shut(self, gates: Sequence[Any]) -> Iterator[Run]:
        for gate in gates:
            if isinstance(gate, Future) and gate.run.state is State.SUCCESS:
                if isinstance(gate.run.value, Unknown):
                    self.give_up(f"the scenario gives no result for {gate.run.id}")
                if not gate.run.value:
                    yield gate.run

    def _answer(self, run: Run) -> Any:
        """The answer of a branch that succeeded; None when it did not."""
        if run.state is not State.SUCCESS:
            return None
        if isinstance(run.value, Unknown):
            self.give_up(f"the scenario gives no result for {run.id}")
        return run.value if isinstance(run.value, str | list | tuple) else ()


_SETTINGS = frozenset({"after", "gates", "needs", "rule", "early"})


def _given(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a task itself is given."""
    return {name: value for name, value in kwargs.items() if name not in _SETTINGS}


def _written(over: Any) -> bool:
    """Whether the lists are written out in the flow: there is a run for each element whatever happens."""
    return not any(isinstance(each, Future | Futures | Marked) for each in (over.values() if isinstance(over, dict) else [over]))


def _lengths(over: Any) -> list[Run]:
    """The runs that must have succeeded before a length is known; of a mapped task it is, once there are runs."""
    if isinstance(over, Future):
        return [over.run]
    if isinstance(over, Futures):
        return [future.run for future in over if future.run.unexpanded]
    if isinstance(over, Marked):
        return [run for part in (over.value if isinstance(over.value, tuple) else [over.value]) for run in _lengths(part)]
    return [run for part in over.values() for run in _lengths(part)] if isinstance(over, dict) else []


def _of_run(value: Any, number: int, whole: bool = False) -> Any:
    """`value` as the run with that number sees it: its own peer in the place of each; -1 before there are elements (`whole`: all)."""
    if isinstance(value, Marked) and value.mark == "rules.peer":
        runs = value.value
        if not isinstance(runs, Futures) or not runs:
            return None
        return runs[0] if runs[0].run.unexpanded else runs[number] if 0 <= number < len(runs) else runs if whole and number < 0 else None
    if isinstance(value, Marked):
        inner = whole and value.mark in ("rules.pick", "rules.peek")
        return Marked(value.mark, _of_run(value.value, number, inner), value.extra)
    if isinstance(value, Mapping):
        return {name: _of_run(item, number, whole) for name, item in value.items()}
    if isinstance(value, list | tuple) and not isinstance(value, Futures):
        return type(value)(_of_run(item, number, whole) for item in value)
    return value


def _peers(value: Any) -> int:
    """How many runs the peers in `value` have; none while they stand for all."""
    if isinstance(value, Marked) and value.mark == "rules.peer":
        runs = value.value
        return len(runs) if isinstance(runs, Futures) and not any(future.run.unexpanded for future in runs) else 0
    parts = [value.value] if isinstance(value, Marked) else list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(parts, list | tuple) or isinstance(parts, Futures):
        return 0
    return next((number for number in map(_peers, parts) if number), 0)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [part for item in value for part in _flat(item)]
    return [value]


def _without_peeks(value: Any) -> Any:
    if isinstance(value, Marked) and value.mark == "rules.peek":
        return None
    if isinstance(value, Mapping):
        return [_without_peeks(item) for item in value.values()]
    return [_without_peeks(item) for item in value] if isinstance(value, list | tuple) else value
