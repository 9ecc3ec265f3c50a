"""Prints the rules form: `submit` and `submit_each` of the emitted helpers; the run ends as `finish` says."""

from __future__ import annotations

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Mapping, Task
from workbook_lib.prefect_writer.flow._mapped import elements, needs_elements, options, sources
from workbook_lib.prefect_writer.flow._plan import Plan, may_start_early
from workbook_lib.prefect_writer.flow._printer import Called, SubmittingPrinter
from workbook_lib.prefect_writer.python._expr import literal
from workbook_lib.prefect_writer.python._names import Names
from workbook_lib.prefect_writer.tasks._code import Parameter

_COMBINING = {"zip": "zip", "zip_longest": "zip_longest", "concat": "chain"}


class RulesPrinter(SubmittingPrinter):
    """Calls of the helpers that know the trigger rules."""

    def __init__(self, plan: Plan, called: dict[str, Called], names: Names) -> None:
        super().__init__(plan, called, names)
        self._early = may_start_early(plan.workflow)

    def returns(self) -> str:
        self.imports.add("from prefect import State")
        return "list[State]"

    def _leaf(self, expr: e.Expr) -> str | None:
        if isinstance(expr, e.Index) and isinstance(expr.base, e.TaskOutput):
            keys = [literal(expr.base.key)] if expr.base.key != "return_value" else []
            return self._part(expr.base, (*keys, self._printer.show(expr.key)))
        return super()._leaf(expr)

    def _part(self, output: e.TaskOutput, keys: tuple[str, ...]) -> str:
        helper = "pick" if output.task in self._upstream else "peek"
        self.rules.add(helper)
        return f"{helper}({', '.join([self._run(output.task), *keys])})"

    def _output(self, task_id: str) -> str:
        """A result that the rule must not count is only peeked at."""
        if task_id in self._upstream:
            return self._run(task_id)
        self.rules.add("peek")
        return f"peek({self._run(task_id)})"

    def _run(self, task_id: str) -> str:
        """The run of a task, of a peer the one with the same element."""
        if task_id not in self._peers:
            return self._variable(task_id)
        self.rules.add("peer")
        return f"peer({self._variable(task_id)})"

    def _started(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        edges = {edge.source: edge for edge in self.workflow.edges if edge.target == task.id}
        mapping = self.mapped.over.get(task.id)
        counts = mapping is not None and (task.mapping is not None or self._counts(task))
        handed = self._handed(parameters) | (sources(mapping) if mapping is not None and counts else set())
        if self.mapped.looks_at_all(task):
            handed -= self._peers
        after = []
        for source, edge in edges.items():
            variable = self._future(source, task)
            found = self.mapped.finds_answer(source, task.id)
            if self.tasks[source].steers == "branch" and edge.choice is not None and found:
                self.rules.add("chosen")
                after.append(f"chosen({', '.join([self._run(source), *map(literal, edge.choice)])})")  # the answer is its own peer's
                after += [variable] if variable != self._run(source) and source not in handed else []  # the rule looks at all
            elif self.tasks[source].setup and task.join_rule == "all_done_setup_success":
                self.rules.add("Setup")
                after.append(f"Setup({variable})")
            elif source not in handed:
                after.append(variable)
        more = [f"after=[{', '.join(after)}]"] if after else []
        if gates := self.plan.gates.get(task.id):
            more.append(f"gates=[{', '.join(self._gate(gate, task) for gate in gates)}]")
        if needs := self.plan.needs.get(task.id):
            more.append(f"needs=[{', '.join(map(self._variable, needs))}]")
        if task.join_rule != "all_success" and (edges or handed):
            more.append(f"rule={literal(str(task.join_rule))}")
        if self.mapped.looks_at_all_first(task):
            more.append("all_first=True")
        if task.id in self._early and any(option.startswith("gates") or "chosen(" in option for option in more):
            more.append("early=True")
        helper = self._helper(task, each=mapping is not None)
        if mapping is None:
            return f"{helper}({', '.join([function, *self._shown(parameters, plain), *more])})"
        code = self.plan.code[task.id]
        pairs, _, _ = elements(mapping, code.parameters)
        over = "{" + ", ".join(f"{literal(name)}: {self._combined(value)}" for name, value in pairs) + "}"
        if mapping.form == "records":
            over = self._combined(pairs[0][1])
        given = [f"over={over}"] if counts else []
        fixed = [f"name={plain[0]}"] if code.marker else []
        fixed += [f"{p.name}={self._printer.show(p.value)}" for p in parameters]
        return f"{helper}({', '.join([function, *given, *options(task, code, self.mapped, ''.join(given)), *fixed, *more])})"

    def _helper(self, task: Task, *, each: bool) -> str:
        """What starts the task; where the run stops at its first failed task, only teardowns do not ask for one."""
        name = "submit_each" if each else "submit"
        if self.workflow.limits.fail_fast and not task.teardown:
            name += "_unless_failed"
        self.rules.add(name)
        return name

    def _counts(self, task: Task) -> bool:
        """Whether a task of a mapped group is told its elements, instead of following the runs of a peer."""
        outside = bool(self.plan.gates.get(task.id) or self.plan.needs.get(task.id))
        return outside or needs_elements(task, self.plan.code[task.id], self.mapped)

    def _combined(self, value: e.Expr) -> str:
        """What is mapped over; lists of several tasks are put together once they are there."""
        function = _COMBINING.get(value.function) if isinstance(value, e.Call) else None
        if function is None or not isinstance(value, e.Call) or not sources(Mapping(over=(("", value),))):
            return self._printer.show(value)
        parts, more = list(value.args), []
        if value.function == "zip_longest":
            *parts, fill = parts
            more = [] if fill == e.Constant() else [f"fillvalue={self._printer.show(fill)}"]
        self.rules.add("combined")
        self.imports |= {f"from itertools import {function}"} if function != "zip" else set()
        return f"combined({', '.join([function, *map(self._combined, parts), *more])})"

    def _future(self, source: str, task: Task) -> str:
        """The run that a task waits for."""
        return self._variable(source) if self.mapped.looks_at_all(task) else self._run(source)

    def _gate(self, source: str, task: Task) -> str:
        """The short circuit that a task asks: of a mapped one, outside of its group too, the run with the task's own number."""
        if source in self.mapped.over and task.id in self.mapped.over and source not in self._peers:
            self.rules.add("peer")
            return f"peer({self._variable(source)})"
        return self._future(source, task)

    def _end(self) -> list[str]:
        self.rules.add("finish")
        ends, others = (", ".join(map(self._variable, names)) for names in (self._ends(), self._others_at_end()))
        return [f"return finish([{ends}], also=[{others}])" if others else f"return finish([{ends}])"]
