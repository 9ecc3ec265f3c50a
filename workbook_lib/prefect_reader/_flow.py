"""`FlowProgram`: a flow that was read, ready to be compared and rehearsed."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from workbook_lib.model.run import Scenario, State
from workbook_lib.prefect_reader import _naming
from workbook_lib.prefect_reader._explore import Explorer, Site
from workbook_lib.prefect_reader._helpers import problems as helpers
from workbook_lib.prefect_reader._modules import Modules
from workbook_lib.prefect_reader._options import delays, placeholder, retries, seconds
from workbook_lib.prefect_reader._order import order
from workbook_lib.prefect_reader._program import Choice, FlowGraph, Hooks, Problem, Region, Simulation, TaskNode, Unfollowed
from workbook_lib.prefect_reader._settings import flow_problems, hooks
from workbook_lib.prefect_reader._signals import Signal
from workbook_lib.prefect_reader._simulate import Simulator
from workbook_lib.prefect_reader._values import Code, Unknown


class FlowProgram:
    """The structure of one flow. With `problems` there is no flow at all; with `unfollowed` it is not known completely."""

    def __init__(
        self, flow: Code | None, modules: Modules, task_names: Mapping[str, str], file: str, problems: Sequence[Problem] = ()
    ) -> None:
        self.file = file
        self.problems = tuple(problems)
        self._flow, self._modules, self._table = flow, modules, _naming.Table(task_names)
        self._task_names = dict(task_names)

    @cached_property
    def _explored(self) -> Explorer:
        explorer = Explorer(self._modules, self._table)
        if self._flow is not None:
            explorer.line = self._flow.node.lineno
            for reason in flow_problems(self._flow):
                explorer.give_up(reason)
            try:
                explorer.call_code(self._flow, [], parameters(self._flow))
            except RecursionError:
                explorer.give_up("the flow is nested too deeply")
            except Signal:
                pass
            explorer.unfollowed |= dict.fromkeys(helpers(self._modules, explorer.rules()))
        return explorer

    @property
    def unfollowed(self) -> tuple[Unfollowed, ...]:
        """Why parts of the flow are not known; empty when all of it is."""
        return tuple(self._explored.unfollowed)

    @cached_property
    def region(self) -> Region:
        """The flow's body as a tree."""
        line = self._flow.node.lineno if self._flow is not None else 0
        return Region("sequence", line, parts=tuple(self._explored.regions[0]))

    @cached_property
    def tasks(self) -> Mapping[str, TaskNode]:
        """Every task that the flow can create, by legacy id, in the order of the source."""
        sites: dict[str, list[Site]] = {}
        for site in self._explored.sites:
            sites.setdefault(site.run.id, []).append(site)
        return {task_id: _node(task_id, found) for task_id, found in sites.items()}

    @property
    def missing(self) -> tuple[str, ...]:
        """Legacy tasks of the table that no path of the flow creates."""
        return tuple(task_id for task_id in self._task_names if task_id not in self.tasks)

    @property
    def timeout(self) -> float | None:
        """The flow's own limit in seconds."""
        return seconds(self._flow.options.get("timeout_seconds")) if self._flow is not None else None

    @property
    def hooks(self) -> Hooks:
        """The flow's own state hooks."""
        return hooks(self._flow.options) if self._flow is not None else ()

    def graph(self) -> FlowGraph:
        """The order of the tasks."""
        return self._graph

    @cached_property
    def _graph(self) -> FlowGraph:
        return order(self._explored.sites)

    def simulate(self, scenario: Scenario) -> Simulation:
        """How every task instance ends when the tasks do what `scenario` says."""
        if self._flow is None:
            reasons = tuple(Unfollowed(problem.message, problem.line) for problem in self.problems)
            return Simulation({}, State.FAILED, unfollowed=reasons)
        mapped = {node.id for node in self.tasks.values() if node.mapped}
        played = Simulator(self._modules, self._table, scenario, mapped).play(self._flow)
        given_up = dict.fromkeys((*played.unfollowed, *self._foundations))
        return replace(played, unfollowed=tuple(given_up))

    @cached_property
    def _foundations(self) -> tuple[Unfollowed, ...]:
        """What every simulation builds on and is not known: the flow's options and the helpers."""
        assert self._flow is not None
        options = [Unfollowed(reason, self._flow.node.lineno) for reason in flow_problems(self._flow)]
        return (*options, *helpers(self._modules, self._explored.rules()))


def parameters(flow: Code) -> dict[str, Any]:
    """The flow's parameters: a run may be given any values, so that the defaults count for nothing."""
    spec = flow.node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    return {name: Unknown(f"the parameter {name}", parameter=name) for name in names}


def _node(task_id: str, sites: Sequence[Site]) -> TaskNode:
    first = sites[0]
    task = first.run.task
    upstream = dict.fromkeys(run.id for site in sites for run in (*site.data, *site.waits))
    number = retries(task)
    return TaskNode(
        id=task_id,
        function=task.function,
        run_name=first.name,
        known=first.known,
        mapped=any(site.run.mapped for site in sites),
        retries=number,
        delays=delays(task, number),
        timeout=seconds(task.options.get("timeout_seconds")),
        line=first.run.line,
        rule=first.run.rule,
        upstream=tuple(upstream),
        choices=tuple(dict.fromkeys(choice for site in sites for choice in _hashable(site.choices))),
        placeholder=placeholder(task.node),
        hooks=tuple(hook for hook in hooks(task.options) if all(hook in hooks(site.run.task.options) for site in sites)),
    )


def _hashable(choices: Sequence[Choice]) -> list[Choice]:
    """Choices with their values made hashable, so that equal ones count once."""
    return [Choice(c.branch, tuple(v if _plain(v) else repr(v) for v in c.values), c.among, c.line) for c in choices]


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def find_flow(tree: ast.Module, names: Mapping[str, Any], wanted: str) -> Code | None:
    """The function of that name, when it is a flow."""
    value = names.get(wanted)
    return value if isinstance(value, Code) and value.is_flow else None
