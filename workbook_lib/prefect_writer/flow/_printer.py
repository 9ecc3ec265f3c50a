"""Prints the flow function of a plan: what the printers of all forms have in common, variables, arguments and expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.flow._mapped import Mapped, elements, index_of, size, sources
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._names import Names, identifier
from workbook_lib.prefect_writer.tasks._code import Parameter, is_default
from workbook_lib.prefect_writer.tasks._contexts import run_parameters


@dataclass(frozen=True)
class Called:
    """How a task is called: the function's name, and the run name to set at the call where the function serves several tasks."""

    function: str
    run_name: str | None = None


class FlowPrinter(ABC):
    """Prints the statements of a flow; `imports`, `rules` and `uses` collect the imports, helpers and constants that they need."""

    def __init__(self, plan: Plan, called: dict[str, Called], names: Names) -> None:
        self.plan = plan
        self.called = called
        self.imports: set[str] = set()
        self.rules: set[str] = set()
        self.uses: set[str] = set()
        self.workflow = plan.workflow
        self.tasks = {task.id: task for task in plan.workflow.tasks}
        self.mapped = Mapped(plan.workflow)
        self.variables: dict[str, str] = {}
        self._names = names
        self._peers: frozenset[str] = frozenset()  # of the task that is printed
        self._upstream: set[str] = set()
        self._used = self._referenced()
        self._printer = Printer(self._leaf, self.imports, frozenset({"day"}) if plan.scope.day else frozenset())

    @abstractmethod
    def statements(self) -> list[str]:
        """The flow's body, a statement an item, without its `return`'s indentation."""

    @abstractmethod
    def returns(self) -> str:
        """The annotation of what the flow returns."""

    def _named_besides(self) -> set[str]:
        """The tasks that statements of this form name, other than by their outputs."""
        return set()

    def _plain_name(self, task_id: str) -> str:
        """A task's variable, where nothing better is to be had."""
        own = identifier(task_id)  # free, where the function is called otherwise
        return own if self._names.free(own) else f"{own}_run"

    def _referenced(self) -> set[str]:
        """The tasks whose future or result a later statement names."""
        used = self._named_besides()
        for task in self.workflow.tasks:
            used |= self._handed(self.plan.code[task.id].parameters)
            if task.id in self.mapped.over:
                used |= sources(self.mapped.over[task.id])
        return used

    def _variable(self, task_id: str) -> str:
        if task_id not in self.variables:
            wish = self.plan.scope.outputs.get((task_id, "return_value"), "")
            if task_id in self.mapped.groups:
                wish = f"{identifier(task_id)}_runs"
            elif not wish or wish.endswith("_result") and wish.removesuffix("_result") == identifier(task_id):
                wish = self._plain_name(task_id)
            self.variables[task_id] = self._names.take(wish if self._names.free(wish) else f"{identifier(task_id)}_run")
        return self.variables[task_id]

    def _leaf(self, expr: e.Expr) -> str | None:
        if isinstance(expr, e.TaskOutput):
            if expr.key != "return_value" or self.plan.scope.hands_over_by_name(expr.task):
                return self._part(expr, (literal(expr.key),))
            return self._output(expr.task)
        if isinstance(expr, e.Parameter):
            return self.plan.scope.parameters.get(expr.name, identifier(expr.name))
        if isinstance(expr, e.Context):
            if expr.name == "logical_date":
                return self.plan.scope.date_name
            if expr.name == "run_parameters":
                return run_parameters(self.plan.scope)
            raise Unprintable(expr.name)
        return None

    def _part(self, output: e.TaskOutput, keys: tuple[str, ...]) -> str:
        """One part of a result."""
        return self._variable(output.task) + "".join(f"[{key}]" for key in keys)

    def _output(self, task_id: str) -> str:
        """A result as a whole."""
        return self._variable(task_id)

    def _prepared(self, task: Task) -> tuple[str, list[str], list[Parameter]]:
        """What is called, the arguments of a marker, and the parameters to hand over."""
        self._upstream = set(self.workflow.upstream(task.id))
        self._peers = self.mapped.peers(task.id)
        if self.mapped.looks_at_all(task):
            self._upstream -= self._peers
        called = self.called[task.id]
        code = self.plan.code[task.id]
        function = called.function
        if called.run_name is not None and not code.marker:
            function += f".with_options(task_run_name={literal(_as_template(called.run_name))})"
        plain = [literal(task.id)] if code.marker else []
        return function, plain, self._parameters_of(task.id)

    def _assigned(self, task_id: str, call: str) -> str:
        return f"{self._variable(task_id)} = {call}" if task_id in self._used else call

    def _parameters_of(self, task_id: str) -> list[Parameter]:
        code = self.plan.code[task_id]
        index = index_of(code.parameters)
        return [p for p in code.parameters if not is_default(p) and p.name not in code.mapped and p.name != index]

    def _shown(self, parameters: list[Parameter], plain: list[str]) -> list[str]:
        """Arguments, by position as long as there are few, else by name."""
        by_name = len(parameters) > 3
        texts = [self._printer.show(p.value) for p in parameters]
        return plain + [f"{p.name}={text}" if by_name else text for p, text in zip(parameters, texts, strict=True)]

    def _handed(self, parameters: Iterable[Parameter]) -> set[str]:
        return e.tasks_in(p.value for p in parameters)

    def _over(self, task: Task, function: str, parameters: list[Parameter], more: list[str]) -> str:
        """`function.map(...)`: elements, results of peers one by one, all else the same for each run."""
        mapping, code = self.mapped.over[task.id], self.plan.code[task.id]
        over, takes, _ = elements(mapping, code.parameters)
        lists = [f"{name}={self._printer.show(value)}" for name, value in over if task.mapping is not None or name in takes]
        if index := index_of(code.parameters):
            lists.append(f"{index}=range({size(mapping)})")
        fixed = [f"{p.name}={self._peer_runs(p) or self._unmapped(p)}" for p in parameters]
        if len(lists) + len(fixed) == 1:  # one argument needs no name
            return f"{function}.map({', '.join([*(text.partition('=')[2] for text in (*lists, *fixed)), *more])})"
        return f"{function}.map({', '.join([*lists, *fixed, *more])})"

    def _peer_runs(self, parameter: Parameter) -> str | None:
        value = parameter.value
        return self._variable(value.task) if isinstance(value, e.TaskOutput) and value.task in self._peers else None

    def _unmapped(self, parameter: Parameter) -> str:
        text = self._printer.show(parameter.value)
        if isinstance(parameter.value, e.Constant) and not isinstance(parameter.value.value, list | dict):
            return text
        self.imports.add("from prefect import unmapped")
        return f"unmapped({text})"


class SubmittingPrinter(FlowPrinter):
    """A statement for each task, in order; at the end the tasks that the run's end depends on."""

    def statements(self) -> list[str]:
        tasks = [self.tasks[task_id] for task_id in self.plan.order]
        lines = [self._assigned(task.id, self._started(task, *self._prepared(task))) for task in tasks]
        return [*lines, *self._end()]

    @abstractmethod
    def _started(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        """The call that starts a task."""

    @abstractmethod
    def _end(self) -> list[str]:
        """The flow's last statements."""

    def _named_besides(self) -> set[str]:
        used = {*self._ends(), *self._others_at_end()}
        for task in self.workflow.tasks:
            used |= {*self.workflow.upstream(task.id), *self.plan.gates.get(task.id, ()), *self.plan.needs.get(task.id, ())}
        return used

    def _ends(self) -> list[str]:
        """The tasks that the flow returns: its leaves."""
        return [task_id for task_id in self.plan.order if task_id in self.plan.leaves]

    def _others_at_end(self) -> list[str]:
        """Teardowns at the end of the flow, which must have ended although the run's end does not depend on theirs."""
        return [task.id for task in self.workflow.tasks if not self.workflow.downstream(task.id) and task.id not in self.plan.leaves]


def _as_template(name: str) -> str:
    """A run name that Prefect formats to `name`."""
    return name.replace("{", "{{").replace("}", "}}")
