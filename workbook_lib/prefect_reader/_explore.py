"""Walks every path of a flow once: which tasks it can create, behind which others, under which conditions.

`done` and `started` are bit sets over task runs: what has surely ended (or will never start) on every way to here, and what may have
started. A run that is caught by a handler while others are in flight leaves those out of `done`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbook_lib.prefect_reader import _naming
from workbook_lib.prefect_reader._conditions import choices
from workbook_lib.prefect_reader._expressions import deep
from workbook_lib.prefect_reader._modules import Modules
from workbook_lib.prefect_reader._program import Choice, Region, Unfollowed
from workbook_lib.prefect_reader._signals import Break, Continue, Raised, Return, Signal, Stopped
from workbook_lib.prefect_reader._statements import Statements
from workbook_lib.prefect_reader._values import (
    Code,
    Declared,
    Either,
    Future,
    Futures,
    Marked,
    Method,
    Run,
    Scope,
    StateOf,
    Unknown,
    runs_in,
)


@dataclass
class Site:
    """One creation of a task run, as found: its run, what had ended, what may have started, and what it is given."""

    run: Run
    name: str
    known: bool
    before: int
    started: int
    data: tuple[Run, ...]
    waits: tuple[Run, ...]
    choices: tuple[Choice, ...]


@dataclass
class _Path:
    done: int = 0
    started: int = 0


@dataclass
class _Frame:
    scope: Scope
    returns: list[Any] = field(default_factory=list)


class Explorer(Statements):
    """The walk; `sites`, `unfollowed` and `regions` are its yield."""

    def __init__(self, modules: Modules, table: _naming.Table) -> None:
        super().__init__()
        self.modules, self.table = modules, table
        self.sites: list[Site] = []
        self.unfollowed: dict[Unfollowed, None] = {}
        self.path = _Path()
        self.frames: list[_Frame] = []
        self.guards: list[tuple[Choice, ...]] = []
        self.several = 0  # loops around this point whose number of rounds only a run knows
        self.raising: list[list[_Path]] = []  # per open try: the paths on which an exception may leave its body
        self.regions: list[list[Region]] = [[]]

    def module(self, name: str) -> Scope | None:
        return self.modules.find(name)

    def give_up(self, reason: str) -> None:
        self.unfollowed[Unfollowed(reason, self.line)] = None

    # --- task runs ---

    def _create(
        self, task: Declared, bound: dict[str, Any], data: Iterable[Run], waits: Iterable[Run], kind: str, mapped: bool,
        rule: str | None = None, asked: Sequence[Choice] = (),
    ) -> Run:  # fmt: skip
        name = _naming.run_name(task, bound)
        if name is None:
            self.give_up(f"the name of a run of {task.function} is known only to a run")
            name = f"{task.function} at line {self.line}"
        task_id, known = self.table.id_of(name)
        run = Run(task_id, task, self.line, number=len(self.sites), mapped=mapped or self.several > 0, rule=rule)
        data, waits = tuple(dict.fromkeys(data)), tuple(dict.fromkeys(waits))
        before = self.path.done
        for source in (*data, *waits):
            before |= self.sites[source.number].before & self.path.started | 1 << source.number
        guards = tuple(choice for level in self.guards for choice in level)
        self.sites.append(Site(run, name, known, before, self.path.started, data, waits, (*guards, *asked)))
        self.path.started |= 1 << run.number
        self.regions[-1].append(Region(kind, run.line, task=task_id))  # type: ignore[arg-type]
        return run

    def _ended(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self.path.done |= self.sites[run.number].before | 1 << run.number

    def _may_raise(self) -> None:
        for paths in self.raising[-1:]:
            paths.append(_Path(self.path.done, self.path.started))

    def _given(self, bound: Any, kwargs: dict[str, Any]) -> tuple[list[Run], list[Run]]:
        return list(runs_in(bound)), list(runs_in(kwargs.pop("wait_for", None)))

    def call_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state = kwargs.pop("return_state", False)
        waits = kwargs.pop("wait_for", None)
        bound = task.bind(args, kwargs)
        run = self._create(task, bound, runs_in((args, kwargs)), runs_in(waits), "call", False)
        self._ended([run])
        if as_state is True:
            return StateOf(run)
        self._may_raise()
        return Unknown("a task's result", (run,), result=run)

    def submit_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state = kwargs.pop("return_state", False)
        waits = kwargs.pop("wait_for", None)
        run = self._create(task, task.bind(args, kwargs), runs_in((args, kwargs)), runs_in(waits), "submit", False)
        if as_state is True:
            self._ended([run])
            return StateOf(run)
        return Future(run)

    def map_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        kwargs = dict(kwargs)
        as_state = kwargs.pop("return_state", False)
        waits = list(runs_in(kwargs.pop("wait_for", None)))
        bound = task.bind(args, kwargs)
        lists = {name: _iterable(value) for name, value in bound.items()}
        waited = [run for name, value in bound.items() if isinstance(_bare(value), Future) for run in runs_in(value)]
        if waited:  # Prefect resolves a future of a list before it maps, and raises here when it failed
            self._ended(waited)
            self._may_raise()
        sizes = {len(items) for items in lists.values() if items is not None}
        dynamic = any(items is None and not _static(bound[name]) for name, items in lists.items())
        if not dynamic and not sizes:
            self.give_up(f"{task.function}.map() is given nothing to map over")
        if len(sizes) > 1:
            self.give_up(f"{task.function}.map() is given lists of different lengths")
            dynamic = True
        result = Futures()
        over = {name for name, items in lists.items() if items is not None}
        if dynamic or not _naming.fields(task) & over:
            if not dynamic and sizes == {0}:
                return result
            if dynamic and _naming.fields(task) & {name for name, value in bound.items() if not _static(value)}:
                named = {name: value for name, value in bound.items() if _static(value)}
            else:
                named = {name: _plain(value) for name, value in bound.items()}
            run = self._create(task, named, runs_in(bound), waits, "map", True)
            result.extend([Future(run)] * (1 if dynamic else sizes.pop()))
            result.several = dynamic
        else:
            for index in range(sizes.pop()):
                one = {name: items[index] if (items := lists[name]) is not None else _plain(value) for name, value in bound.items()}
                result.append(Future(self._create(task, one, runs_in(one), waits, "map", False)))
        if as_state is True:
            self._ended(future.run for future in result)
            return [StateOf(future.run) for future in result]
        return result

    def await_value(self, owner: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        runs = list(runs_in(owner))
        if isinstance(owner, StateOf):
            if name == "result" and kwargs.get("raise_on_failure") is not False:
                self._may_raise()
            return Unknown("a state", tuple(runs))
        if name == "wait":
            self._ended(runs)
            return None
        if name != "result":
            return Unknown(f"{name}() of a future", tuple(runs))
        if len(runs) == 1 and not isinstance(owner, Futures):
            self._ended(runs)
        self._may_raise()  # a list raises as soon as one of its runs failed: the others may be running still
        self._ended(runs)
        return Unknown("a task's result", tuple(runs), result=runs[0] if len(runs) == 1 and isinstance(owner, Future) else None)

    def call_prefect(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if meaning == "wait":
            self._ended(runs_in(args))
            return Unknown("done and not done", tuple(runs_in(args)))
        if meaning == "as_completed":
            return args[0] if args else self.unknown("nothing")
        if meaning == "suppress":
            everything = any(getattr(arg, "name", "") in ("builtins.Exception", "builtins.BaseException") for arg in args)
            return Marked("suppress", None, ("all",) if everything else ())
        if meaning in ("rules.submit", "rules.submit_each"):
            return self._by_rule(meaning, args, kwargs)
        if meaning == "rules.finish":
            self._ended(runs_in(args))
            return [StateOf(run) for run in runs_in(args)]
        self.give_up(f"{meaning} is not followed")
        return self.unknown(meaning, args, kwargs)

    def _by_rule(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        kwargs = dict(kwargs)
        task = args[0] if args else None
        if not isinstance(task, Declared):
            self.give_up("submit() is given a task that only a run knows")
            return self.unknown("a future", args, kwargs)
        after, gates, rule = kwargs.pop("after", ()), kwargs.pop("gates", ()), kwargs.pop("rule", "all_success")
        over = kwargs.pop("over", None)
        each = meaning.endswith("each")
        if not isinstance(rule, str):
            self.give_up("a trigger rule is known only to a run")
            rule = None
        asked = [
            Choice(run.id, mark.extra, True, self.line) for mark in _marks(after, "rules.chosen") for run in runs_in(mark.value)
        ] + [Choice(run.id, (True,), True, self.line) for run in runs_in(gates)]  # fmt: skip
        data, waits = list(runs_in((args[1:], kwargs, over))), list(runs_in((after, gates)))
        if each and runs_in(over):
            self._ended([*data, *waits])
        bound = task.bind(args[1:], kwargs)
        run = self._create(task, bound, data, waits, "map" if each else "submit", each, rule, asked)
        if not each:
            return Future(run)
        result = Futures([Future(run)])
        result.several = result.runs = True
        return result

    # --- paths ---

    def body(self, code: Code, scope: Scope) -> Any:
        assert not isinstance(code.node, ast.Lambda)
        frame = _Frame(scope)
        self.frames.append(frame)
        guards = len(self.guards)
        try:
            self.block(code.node.body, scope)
            frame.returns.append(None)
        except Return as signal:
            frame.returns.append(signal.value)
        except (Stopped, Raised):
            if not frame.returns:
                raise
        finally:
            self.frames.pop()
            del self.guards[guards:]
        return frame.returns[0] if len(frame.returns) == 1 else Either(tuple(frame.returns))

    def block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        guards = len(self.guards)
        try:
            super().block(body, scope)
        finally:
            del self.guards[guards:]

    def _snapshot(self) -> list[dict[str, Any]]:
        memo: dict[int, Any] = {}
        return [{name: deep(value, memo) for name, value in frame.scope.names.items()} for frame in self.frames]

    def _restore(self, names: list[dict[str, Any]]) -> None:
        for frame, saved in zip(self.frames, names, strict=True):
            frame.scope.names = saved

    def fork(self, test: Any, arms: Sequence[Sequence[ast.stmt]], scope: Scope, node: ast.stmt) -> None:
        self._fork(test, [lambda arm=arm: self.block(arm, scope) for arm in arms], node)  # type: ignore[misc]

    def fork_calls(self, test: Any, then: Any, otherwise: Any, node: ast.stmt) -> None:
        self._fork(test, [then, otherwise], node)

    def _fork(self, test: Any, arms: Sequence[Callable[[], None]], node: ast.stmt) -> None:
        start, names = _Path(self.path.done, self.path.started), self._snapshot()
        left: list[tuple[_Path, list[dict[str, Any]], int]] = []
        parts: list[Region] = []
        signals: list[Signal] = []
        for index, arm in enumerate(arms):
            self.path = _Path(start.done, start.started)
            self._restore(self._copy(names))
            self.guards.append(choices(test, index == 0, node.lineno))
            self.regions.append([])
            try:
                arm()
                left.append((self.path, self._snapshot(), index))
            except Return as signal:
                self.frames[-1].returns.append(signal.value)
                signals.append(Stopped())
            except Signal as signal:
                signals.append(signal)
            parts.append(Region("sequence", node.lineno, ("then", "else")[min(index, 1)], parts=tuple(self.regions.pop())))
            self.guards.pop()
        if any(part.parts for part in parts):
            self.regions[-1].append(Region("if", node.lineno, parts=tuple(parts)))
        if (signals or any(part.parts for part in parts)) and not choices(test, True, node.lineno):
            self.line = node.lineno
            self.give_up("what happens next depends on a value that only a run knows")
        if any(isinstance(signal, Break | Continue) for signal in signals):
            self.line = node.lineno
            if left or len({type(signal) for signal in signals}) > 1:
                self.give_up("whether a loop goes on depends on a value that only a run knows")
                left = left or [(self.path, self._snapshot(), 0)]
        if not left:
            raise next((signal for signal in signals if not isinstance(signal, Raised)), signals[0])
        if len(left) == 1 and len(arms) > 1 and not any(isinstance(signal, Break | Continue) for signal in signals):
            self.guards.append(choices(test, left[0][2] == 0, node.lineno))
        self._merge([(path, state) for path, state, _ in left])

    @staticmethod
    def _copy(names: list[dict[str, Any]]) -> list[dict[str, Any]]:
        memo: dict[int, Any] = {}
        return [{name: deep(value, memo) for name, value in frame.items()} for frame in names]

    def _merge(self, left: list[tuple[_Path, list[dict[str, Any]]]]) -> None:
        self.path = _join([path for path, _ in left])
        states = [state for _, state in left]
        merged: list[dict[str, Any]] = []
        for frames in zip(*states, strict=True):
            names = dict.fromkeys(name for frame in frames for name in frame)
            merged.append({name: _either([frame[name] for frame in frames if name in frame]) for name in names})
        self._restore(merged)

    def may_go_on(self, test: Any, rest: Sequence[ast.expr]) -> bool:
        return True

    def unsure(self, what: str) -> None:
        self.give_up(f"{what} depends on a value that only a run knows")

    def do_Try(self, node: ast.Try, scope: Scope) -> None:
        self._try(node.body, node.handlers, node.orelse, node.finalbody, scope, node.lineno)

    def guarded(self, body: Sequence[ast.stmt], handler: Sequence[ast.stmt] | None, scope: Scope) -> None:
        if handler is None:
            self.give_up("which exceptions are suppressed is not followed")
        self._try(body, [ast.ExceptHandler(None, None, list(handler or []))], [], [], scope, self.line)

    def _try(
        self, body: Sequence[ast.stmt], handlers: Sequence[ast.ExceptHandler], orelse: Sequence[ast.stmt], final: Sequence[ast.stmt],
        scope: Scope, line: int,
    ) -> None:  # fmt: skip
        names = self._snapshot()
        left: list[tuple[_Path, list[dict[str, Any]]]] = []
        signals: list[Signal] = []
        parts: list[Region] = []
        self.raising.append([])
        self._arm([*body, *orelse], scope, "try", line, left, signals, parts)
        raised = self.raising.pop()
        if any(isinstance(signal, Raised) for signal in signals):
            raised.append(self.path)
        after_body = self._snapshot()
        escaping: list[_Path] = [] if handlers else list(raised)
        if raised or not left:
            for handler in handlers:
                if not self.catches_all(handler, scope):
                    escaping += raised
                self.path = _join(raised or [self.path])
                self._restore(self._either_frames([self._copy(names), after_body]))
                if handler.name:
                    scope.names[handler.name] = Unknown("an exception", ())
                self.raising.append([])
                self._arm(handler.body, scope, "except", line, left, signals, parts)
                escaping += self.raising.pop()
        if any(isinstance(signal, Raised) for signal in signals):
            escaping.append(self.path)
        if final:
            self._final(final, left, escaping, scope, line, parts)
        if self.raising and escaping:
            self.raising[-1] += escaping
        if any(part.parts for part in parts):
            self.regions[-1].append(Region("try", line, parts=tuple(parts)))
        if not left:
            raise next((signal for signal in signals if not isinstance(signal, Raised)), Raised())
        self._merge(left)

    def _final(
        self, final: Sequence[ast.stmt], left: list[tuple[_Path, list[dict[str, Any]]]], escaping: list[_Path], scope: Scope, line: int,
        parts: list[Region],
    ) -> None:  # fmt: skip
        """`finally` runs on all ways out, so it is walked once, behind all of them."""
        states = [state for _, state in left] or [self._snapshot()]
        self.path = _join([path for path, _ in left] + escaping or [self.path])
        self._restore(self._either_frames(states))
        stays = bool(left)
        left.clear()
        self._arm(final, scope, "finally", line, left, [], parts)
        if not stays:
            left.clear()
        escaping[:] = [self.path] if escaping else []

    def _arm(
        self, body: Sequence[ast.stmt], scope: Scope, label: str, line: int, left: list[tuple[_Path, list[dict[str, Any]]]],
        signals: list[Signal], parts: list[Region],
    ) -> None:  # fmt: skip
        self.regions.append([])
        try:
            self.block(body, scope)
            left.append((self.path, self._snapshot()))
        except Return as signal:
            self.frames[-1].returns.append(signal.value)
            signals.append(Stopped())
        except Signal as signal:
            signals.append(signal)
        finally:
            parts.append(Region("sequence", line, label, parts=tuple(self.regions.pop())))

    def _either_frames(self, states: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
        merged = []
        for frames in zip(*states, strict=True):
            names = dict.fromkeys(name for frame in frames for name in frame)
            merged.append({name: _either([frame[name] for frame in frames if name in frame]) for name in names})
        return merged

    def do_Raise(self, node: ast.Raise, scope: Scope) -> None:
        self._may_raise()
        super().do_Raise(node, scope)

    def looped(self, several: bool, body: Callable[[], bool]) -> bool:
        self.several += several
        self.regions.append([])
        try:
            return body()
        finally:
            self.several -= several
            inside = tuple(self.regions.pop())
            if inside and several:
                self.regions[-1].append(Region("loop", self.line, parts=inside))
            else:
                self.regions[-1].extend(inside)

    def state_of(self, future: Future) -> Any:
        if not self.path.done & 1 << future.run.number:
            self.give_up(f"the state of {future.run.id} is asked before the flow waited for it")
        return StateOf(future.run)

    def items(self, value: Any) -> tuple[Iterable[Any], bool]:
        items, several = super().items(value)
        if several and not runs_in(value) and not isinstance(value, Unknown | Method):
            self.give_up("the number of rounds of a loop is known only to a run")
        return items, several

    def do_While(self, node: ast.While, scope: Scope) -> None:
        if self.concerns_tasks([node.test, *node.body], scope) or any(isinstance(part, ast.Return | ast.Raise) for part in ast.walk(node)):
            self.give_up("a while loop is not followed")
        self.several += 1
        self.eval(node.test, scope)
        try:
            self.block(node.body, scope)
        except (Break, Continue):
            pass
        finally:
            self.several -= 1


def _join(paths: Sequence[_Path]) -> _Path:
    """What holds on all of `paths`: ended (or never started) on each, started on any."""
    started = 0
    for path in paths:
        started |= path.started
    done = started
    for path in paths:
        done &= path.done | ~path.started
    return _Path(done, started)


def _either(values: list[Any]) -> Any:
    distinct: list[Any] = []
    for value in values:
        if not any(value is other or _same(value, other) for other in distinct):
            distinct.append(value)
    return distinct[0] if len(distinct) == 1 else Either(tuple(distinct))


def _same(one: Any, two: Any) -> bool:
    return type(one) is type(two) and bool(one == two)


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Marked) and value.mark in ("allow_failure", "quote") else value


def _static(value: Any) -> bool:
    """Whether an argument of `.map` is the same for every run."""
    value = _bare(value)
    if isinstance(value, Marked):
        return value.mark == "unmapped"
    if isinstance(value, str | int | float | None.__class__):
        return True
    return not (isinstance(value, Unknown | Future | Either | Futures) or hasattr(value, "__iter__"))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Marked) and value.mark == "unmapped" else value


def _iterable(value: Any) -> list[Any] | None:
    """The elements of an argument of `.map`, when they are there to be counted."""
    value = _bare(value)
    if isinstance(value, Futures) and value.several:
        return None
    if isinstance(value, dict | list | tuple | set):
        return list(value)
    return None


def _marks(value: Any, mark: str) -> list[Marked]:
    if isinstance(value, Marked):
        return [value] if value.mark == mark else []
    return [found for item in value for found in _marks(item, mark)] if isinstance(value, list | tuple) else []
