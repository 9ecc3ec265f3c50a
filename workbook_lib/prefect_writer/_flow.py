"""Prints the flow function of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer._names import Names, identifier
from workbook_lib.prefect_writer._plan import Plan
from workbook_lib.prefect_writer._tasks import Parameter, is_default


@dataclass(frozen=True)
class Called:
    """How a task is called: the function's name, and the run name to set at the call where the function serves several tasks."""

    function: str
    run_name: str | None = None


class FlowPrinter:
    """Prints the statements of a flow; `imports` and `rules` collect what they need."""

    def __init__(self, plan: Plan, called: dict[str, Called], names: Names) -> None:
        self.plan = plan
        self.called = called
        self.imports: set[str] = set()
        self.rules: set[str] = set()
        self.workflow = plan.workflow
        self.tasks = {task.id: task for task in plan.workflow.tasks}
        self._names = names
        self.variables: dict[str, str] = {}
        self._used = self._referenced()
        dates = frozenset({"day"}) if plan.scope.day else frozenset()
        self._printer = Printer(self._leaf, self.imports, dates)

    def statements(self) -> list[str]:
        """The flow's body, a statement an item, without its `return`'s indentation."""
        lines = [self._statement(self.tasks[task_id]) for task_id in self.plan.order]
        return [*lines, *self._end()]

    def _referenced(self) -> set[str]:
        """The tasks whose future or result a later statement names."""
        used = set(self.plan.leaves) if self.plan.form != "chain" else set()
        for task in self.workflow.tasks:
            for parameter in self.plan.code[task.id].parameters:
                used |= {part.task for part in e.walk(parameter.value) if isinstance(part, e.TaskOutput)}
            if task.mapping:
                used |= {part.task for _, over in task.mapping.over for part in e.walk(over) if isinstance(part, e.TaskOutput)}
            if self.plan.form != "chain":
                used |= set(self.workflow.upstream(task.id)) | set(self.plan.gates.get(task.id, ()))
        return used

    def _variable(self, task_id: str) -> str:
        if task_id not in self.variables:
            wish = self.plan.scope.outputs.get((task_id, "return_value"), "")
            if not wish or wish.endswith("_result") and wish.removesuffix("_result") == identifier(task_id):
                wish = f"{identifier(task_id)}_result" if self.plan.form == "chain" else f"{identifier(task_id)}_run"
            self.variables[task_id] = self._names.take(wish if self._names.free(wish) else f"{identifier(task_id)}_run")
        return self.variables[task_id]

    def _leaf(self, expr: e.Expr) -> str | None:
        if isinstance(expr, e.TaskOutput):
            name = self._variable(expr.task)
            if expr.key != "return_value":
                return self._part(expr, (literal(expr.key),))
            return self._maybe_peek(name, expr.task)
        if isinstance(expr, e.Index) and isinstance(expr.base, e.TaskOutput) and self.plan.form == "rules":
            keys = [literal(expr.base.key)] if expr.base.key != "return_value" else []
            return self._part(expr.base, (*keys, self._printer.show(expr.key)))
        if isinstance(expr, e.Parameter):
            return self.plan.scope.parameters.get(expr.name, identifier(expr.name))
        if isinstance(expr, e.Context):
            if expr.name == "logical_date":
                return self.plan.scope.date_name
            if expr.name == "run_parameters":
                pairs = ", ".join(f"{literal(name)}: {python}" for name, python in self.plan.scope.parameters.items())
                return f"{{{pairs}}}"
            raise Unprintable(expr.name)
        return None

    def _part(self, output: e.TaskOutput, keys: tuple[str, ...]) -> str:
        """One part of a result."""
        name = self._variable(output.task)
        if self.plan.form != "rules":
            return name + "".join(f"[{key}]" for key in keys)
        helper = "pick" if output.task in self._current_upstream else "peek"
        self.rules.add(helper)
        return f"{helper}({', '.join([name, *keys])})"

    def _maybe_peek(self, name: str, task_id: str) -> str:
        """A future that the rule must not count is only peeked at."""
        if self.plan.form != "rules" or task_id in self._current_upstream:
            return name
        self.rules.add("peek")
        return f"peek({name})"

    def _statement(self, task: Task) -> str:
        self._current_upstream = set(self.workflow.upstream(task.id))
        called = self.called[task.id]
        code = self.plan.code[task.id]
        function = called.function
        if called.run_name is not None and not code.marker:
            function += f".with_options(task_run_name={literal(called.run_name)})"
        plain = [literal(task.id)] if code.marker else []
        parameters = [p for p in code.parameters if not is_default(p) and p.name not in code.mapped]
        call = getattr(self, f"_{self.plan.form}")(task, function, plain, parameters)
        return f"{self._variable(task.id)} = {call}" if task.id in self._used else call

    def _shown(self, parameters: list[Parameter], plain: list[str]) -> list[str]:
        """Arguments, by position as long as there are few, else by name."""
        by_name = len(parameters) > 3
        texts = [self._printer.show(p.value) for p in parameters]
        return plain + [f"{p.name}={text}" if by_name else text for p, text in zip(parameters, texts, strict=True)]

    def _chain(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        return f"{function}({', '.join(self._shown(parameters, plain))})"

    def _handed(self, parameters: list[Parameter]) -> set[str]:
        return {part.task for p in parameters for part in e.walk(p.value) if isinstance(part, e.TaskOutput)}

    def _futures(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        waits = [self._variable(up) for up in self.workflow.upstream(task.id) if up not in self._handed(parameters)]
        wait_for = [f"wait_for=[{', '.join(self._spread(waits))}]"] if waits else []
        if task.mapping is None:
            return f"{function}.submit({', '.join([*self._shown(parameters, plain), *wait_for])})"
        over = [f"{name}={self._printer.show(value)}" for name, value in task.mapping.over]
        fixed = [f"{p.name}={self._unmapped(p)}" for p in parameters]
        return f"{function}.map({', '.join([*over, *fixed, *wait_for])})"

    def _spread(self, names: list[str]) -> list[str]:
        return [f"*{name}" if self._is_mapped(name) else name for name in names]

    def _is_mapped(self, name: str) -> bool:
        return any(variable == name and self.tasks[task_id].mapping is not None for task_id, variable in self.variables.items())

    def _unmapped(self, parameter: Parameter) -> str:
        text = self._printer.show(parameter.value)
        if isinstance(parameter.value, e.Constant) and not isinstance(parameter.value.value, list | dict):
            return text
        self.imports.add("from prefect import unmapped")
        return f"unmapped({text})"

    def _rules(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        edges = {edge.source: edge for edge in self.workflow.edges if edge.target == task.id}
        handed = self._handed(parameters) | {
            part.task for _, over in (task.mapping.over if task.mapping else ()) for part in e.walk(over) if isinstance(part, e.TaskOutput)
        }
        after = []
        for source, edge in edges.items():
            variable = self._variable(source)
            if self.tasks[source].steers == "branch" and edge.choice is not None:
                self.rules.add("chosen")
                after.append(f"chosen({', '.join([variable, *map(literal, edge.choice)])})")
            elif self.tasks[source].setup and task.join_rule == "all_done_setup_success":
                self.rules.add("Setup")
                after.append(f"Setup({variable})")
            elif source not in handed:
                after.append(variable)
        options = [f"after=[{', '.join(after)}]"] if after else []
        if gates := self.plan.gates.get(task.id):
            options.append(f"gates=[{', '.join(map(self._variable, gates))}]")
        if task.join_rule != "all_success" and (edges or handed):
            options.append(f"rule={literal(str(task.join_rule))}")
        if task.mapping is None:
            self.rules.add("submit")
            return f"submit({', '.join([function, *self._shown(parameters, plain), *options])})"
        self.rules.add("submit_each")
        if task.mapping.form == "records":
            over = self._printer.show(task.mapping.over[0][1])
        else:
            over = "{" + ", ".join(f"{literal(name)}: {self._printer.show(value)}" for name, value in task.mapping.over) + "}"
        fixed = [f"{p.name}={self._printer.show(p.value)}" for p in parameters]
        return f"submit_each({', '.join([function, f'over={over}', *fixed, *options])})"

    def _end(self) -> list[str]:
        leaves = [self._variable(task_id) for task_id in self.plan.leaves] if self.plan.form != "chain" else []
        if self.plan.form == "chain":
            return []
        if self.plan.form == "rules":
            self.rules.add("finish")
            return [f"return finish([{', '.join(leaves)}])"]
        return [f"return [{', '.join(self._spread(leaves))}]"]
