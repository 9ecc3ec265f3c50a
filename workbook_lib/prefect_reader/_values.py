"""Values as far as they are known without a run. What is written in the source is an ordinary Python object; the rest is one of these."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbook_lib.model.run import State


class Abstract:
    """A value that is no plain Python object here."""


@dataclass(eq=False)
class Declared(Abstract):
    """A Prefect task: its name, the function behind it, and its options as evaluated."""

    name: str
    function: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | None
    options: dict[str, Any]
    line: int

    def bind(self, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by parameter name, defaults excluded; what does not fit is left out."""
        if self.node is None:
            return dict(kwargs)
        spec = self.node.args
        names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        bound = dict(zip(names, args, strict=False))
        if spec.vararg is not None and len(args) > len(names):
            bound[spec.vararg.arg] = args[len(names) :]
        return bound | kwargs


@dataclass(eq=False)
class Run(Abstract):
    """One creation of a task run. While exploring, `number` is its bit; while simulating it counts the task's runs from 0."""

    id: str
    task: Declared
    line: int
    number: int = 0
    mapped: bool = False
    state: State = State.NOT_RUN
    value: Any = None
    attempts: int = 0
    round: int = 0  # how late it ended, counted in attempts along the longest way to it; the emitted rules go by it
    rule: str | None = None
    unexpanded: bool = False  # it stands for a mapping whose elements were never made
    not_ready: bool = False  # Prefect's own pending state, as opposed to the UpstreamFailed of the emitted rules
    waited: tuple[Run, ...] = ()  # while simulating: the runs that have ended once this one has


@dataclass(eq=False)
class Future(Abstract):
    """What `.submit()` returns."""

    run: Run


class Futures(list[Any]):
    """What `.map()` or `submit_each` return. `several`: one item stands for a number that only a run knows."""

    several: bool = False
    runs: bool = False  # the `Runs` of the emitted rules


class Stream(Futures):
    """A generator of futures: nobody waits for them, unless it is turned into a list."""


@dataclass(eq=False)
class StateOf(Abstract):
    """The final state of a task run; `run` is None for one made by hand, with `ended` as its end."""

    run: Run | None
    ended: State = State.SUCCESS


@dataclass(eq=False)
class Unknown(Abstract):
    """A value that only a run knows; `sources` are the runs it was computed from, `why` is for people."""

    why: str
    sources: tuple[Run, ...] = ()
    result: Run | None = None  # it is exactly what this run returned
    parameter: str | None = None


@dataclass(eq=False)
class Either(Abstract):
    """One of several values, depending on the path taken."""

    options: tuple[Any, ...]


@dataclass(eq=False)
class Marked(Abstract):
    """`unmapped(...)`, `allow_failure(...)`, `quote(...)`, or one of the emitted rules' chosen, setup, pick and peek."""

    mark: str
    value: Any
    extra: tuple[Any, ...] = ()


@dataclass(eq=False)
class Named(Abstract):
    """Something imported from outside of the project, by its dotted name."""

    name: str


@dataclass(eq=False)
class Method(Abstract):
    """An attribute of a value, about to be called."""

    owner: Any
    name: str


@dataclass(eq=False)
class Code(Abstract):
    """A function of the project that is no task; `scope` is where it was defined."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    is_flow: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(eq=False)
class Scope:
    """Names of a module or of one call of a function. `module` is the dotted name of the file, for imports.

    `binds` (of a module): every name that its text binds anywhere, whether that was followed or not; "*" where only a run can tell.
    """

    names: dict[str, Any]
    parent: Scope | None = None
    module: str = ""
    binds: frozenset[str] = frozenset("*")

    def find(self, name: str) -> Any:
        """The value of a name; KeyError when nobody binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        raise KeyError(name)

    def may_bind(self, name: str) -> bool:
        """Whether the module's text binds the name at all."""
        return self.parent.may_bind(name) if self.parent is not None else bool({name, "*"} & self.binds)


def parts(value: Any) -> Iterator[Any]:
    """The values directly inside a container or a wrapper."""
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, Either):
        yield from value.options
    elif isinstance(value, Marked):
        yield value.value
    elif isinstance(value, Method):
        yield value.owner


def runs_in(value: Any) -> dict[Run, None]:
    """All task runs that a value came from, however deep, in order."""
    found: dict[Run, None] = {}
    stack = [value]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, str | int | float | None.__class__):
            continue
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Future):
            found[item.run] = None
        elif isinstance(item, StateOf):
            if item.run is not None:
                found[item.run] = None
        elif isinstance(item, Unknown):
            found.update(dict.fromkeys(item.sources))
        else:
            stack.extend(reversed(list(parts(item))))
    return found


def abstract_in(value: Any) -> bool:
    """Whether anything in `value`, however deep, is not a plain Python object."""
    if isinstance(value, Abstract | Futures):
        return True
    return any(abstract_in(part) for part in parts(value))


def futures_in(value: Any) -> bool:
    """Whether a future or a state is handed around in `value`."""
    return isinstance(value, Future | StateOf) or any(futures_in(part) for part in parts(value))


def streams_in(value: Any) -> bool:
    """Whether a generator of futures is handed around in `value`."""
    return isinstance(value, Stream) or any(streams_in(part) for part in parts(value))


def tasks_in(value: Any) -> bool:
    """Whether a task, or code that may create one, is handed around in `value`."""
    if isinstance(value, Declared | Code):
        return True
    return any(tasks_in(part) for part in parts(value))


@dataclass(eq=False)
class Decorator(Abstract):
    """`task(...)` or `flow(...)` with options, waiting for its function."""

    kind: str
    options: dict[str, Any]
