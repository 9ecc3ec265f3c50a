"""Walks every path of a flow once: which tasks it can create, behind which others, under which conditions.

`done` and `started` are bit sets over task runs: what has surely ended (or will never start) on every way to here, and what may have
started. A run that is caught by a handler while others are in flight leaves those out of `done`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbook_lib.prefect_reader import _naming
from workbook_lib.prefect_reader._modules import Modules
from workbook_lib.prefect_reader._paths import Paths
from workbook_lib.prefect_reader._program import Choice, Region, Unfollowed
from workbook_lib.prefect_reader._settings import task_problems
from workbook_lib.prefect_reader._values import (
    Declared,
    Either,
    Future,
    Futures,
    Marked,
    Run,
    Scope,
    StateOf,
    Unknown,
    runs_in,
)

MOST_ELEMENTS = 50  # of a mapping; one element stands for all of a longer one


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


class Explorer(Paths):
    """The walk; `sites`, `unfollowed` and `regions` are its yield."""

    def __init__(self, modules: Modules, table: _naming.Table) -> None:
        super().__init__()
        self.modules, self.table = modules, table
        self.sites: list[Site] = []
        self.unfollowed: dict[Unfollowed, None] = {}
        self.lengths = False  # whether a task decides the length of a mapping by rule

    def module(self, name: str) -> Scope | None:
        return self.modules.find(name)

    def give_up(self, reason: str) -> None:
        self.unfollowed[Unfollowed(reason, self.line)] = None

    def rules(self) -> set[str]:
        """The trigger rules in use; a length that a task decides needs `all_success` of that task."""
        return {site.run.rule for site in self.sites if site.run.rule is not None} | ({"all_success"} if self.lengths else set())

    def part(self, value: Any) -> None:
        if any(isinstance(item, Future) and item.run.mapped for item in value):
            self.give_up("only some of the runs of a mapped task are taken, which are known only to a run")

    # --- task runs ---

    def _create(
        self, task: Declared, bound: dict[str, Any], data: Iterable[Run], waits: Iterable[Run], kind: str, mapped: bool,
        rule: str | None = None, asked: Sequence[Choice] = (),
    ) -> Run:  # fmt: skip
        for reason in task_problems(task):
            self.give_up(reason)
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

    def _had(self, runs: Iterable[Run]) -> bool:
        return all(self.path.passed >> run.number & 1 for run in runs)

    def _have(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self.path.passed |= 1 << run.number

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
            dynamic = True
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
            number = 1 if dynamic else sizes.pop()
            result.several = dynamic or number > MOST_ELEMENTS
            # One run each, so that to wait for one element is not to wait for all.
            for _ in range(1 if result.several else number):
                result.append(Future(self._create(task, named, runs_in(bound), waits, "map", True)))
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
        if not (runs and self._had(runs)):
            self._may_raise()  # a list raises as soon as one of its runs failed: the others may be running still
        self._ended(runs)
        if not kwargs and not self.several and (isinstance(owner, Futures) or not any(run.mapped for run in runs)):
            self._have(runs)
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
        if meaning.startswith("rules.submit"):
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
        for name in ("takes", "index", "all_first", "early"):
            kwargs.pop(name, None)
        each = meaning.startswith("rules.submit_each")
        if not isinstance(rule, str):
            self.give_up("a trigger rule is known only to a run")
            rule = None
        asked = [
            Choice(run.id, mark.extra, True, self.line) for mark in _marks(after, "rules.chosen") for run in runs_in(mark.value)
        ] + [Choice(run.id, (True,), True, self.line) for run in runs_in(gates)]  # fmt: skip
        data, waits = list(runs_in((args[1:], kwargs, over))), list(runs_in((after, gates)))
        for run in (*data, *waits):
            if run.rule is None:
                self.give_up(f"{meaning.removeprefix('rules.')}() is given a run of {run.id}, which was not started by it, and fails then")
        if each and runs_in(over):
            peers = {run for mark in _marks([after, gates, *kwargs.values()], "rules.peer") for run in runs_in(mark.value)}
            self._ended(run for run in (*data, *waits) if run not in peers)
        bound = task.bind(args[1:], kwargs)
        run = self._create(task, bound, data, waits, "map" if each else "submit", each, rule, asked)
        if not each:
            return Future(run)
        if runs_in(over):
            self.lengths = True
        result = Futures([Future(run)])
        result.several = result.runs = True
        return result


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
        return [value] if value.mark == mark else _marks(value.value, mark)
    return [found for item in value for found in _marks(item, mark)] if isinstance(value, list | tuple) else []
