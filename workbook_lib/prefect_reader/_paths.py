"""Walks both arms of an `if`, a `try` with its handlers, and loops, keeping account of what has ended on each way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbook_lib.prefect_reader._conditions import choices
from workbook_lib.prefect_reader._expressions import deep
from workbook_lib.prefect_reader._program import Choice, Region
from workbook_lib.prefect_reader._signals import Break, Continue, Raised, Return, Signal, Stopped
from workbook_lib.prefect_reader._statements import Statements
from workbook_lib.prefect_reader._values import Code, Either, Future, Method, Scope, StateOf, Unknown, runs_in


@dataclass
class _Path:
    done: int = 0
    started: int = 0
    passed: int = 0  # runs whose results the flow has had: to ask for them again does not raise

    def copy(self) -> _Path:
        return replace(self)


@dataclass
class _Frame:
    scope: Scope
    returns: list[Any] = field(default_factory=list)


class Paths(Statements):
    """The ways through a flow: what has ended and started on each, what guards them, and the tree of regions."""

    def __init__(self) -> None:
        super().__init__()
        self.path = _Path()
        self.frames: list[_Frame] = []
        self.guards: list[tuple[Choice, ...]] = []
        self.several = 0  # loops around this point whose number of rounds only a run knows
        self.raising: list[list[_Path]] = []  # per open try: the paths on which an exception may leave its body
        self.regions: list[list[Region]] = [[]]

    def _may_raise(self) -> None:
        for paths in self.raising[-1:]:
            paths.append(self.path.copy())

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
        start, names = self.path.copy(), self._snapshot()
        left: list[tuple[_Path, list[dict[str, Any]], int]] = []
        parts: list[Region] = []
        signals: list[Signal] = []
        for index, arm in enumerate(arms):
            self.path = start.copy()
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

    def may_go_on(self, test: Any, rest: Sequence[ast.expr], scope: Scope) -> bool:
        if not runs_in(test) and self.acts(rest, scope):
            self.give_up("what happens next depends on a value that only a run knows")
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
    """What holds on all of `paths`: ended (or never started) on each, started on any, results had on each."""
    started = 0
    for path in paths:
        started |= path.started
    done = passed = started
    for path in paths:
        done &= path.done | ~path.started
        passed &= path.passed
    return _Path(done, started, passed)


def _either(values: list[Any]) -> Any:
    distinct: list[Any] = []
    for value in values:
        if not any(value is other or _same(value, other) for other in distinct):
            distinct.append(value)
    return distinct[0] if len(distinct) == 1 else Either(tuple(distinct))


def _same(one: Any, two: Any) -> bool:
    return type(one) is type(two) and bool(one == two)
