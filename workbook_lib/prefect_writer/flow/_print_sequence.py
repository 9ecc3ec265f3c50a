"""Prints the sequence form: calls, `if`, `try`, and tasks side by side that are submitted and waited for."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from workbook_lib.model import expr as e
from workbook_lib.model._base import Json
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.flow._printer import Called, FlowPrinter
from workbook_lib.prefect_writer.flow._sequence import Call, Fork, If, Sequence, Statement
from workbook_lib.prefect_writer.python._expr import literal
from workbook_lib.prefect_writer.python._names import Names, identifier

STOPPED = "Stopped at the first failed task, which is none of the last ones"
_LONGEST_TEST = 70  # of a call that an `if` asks directly


class SequencePrinter(FlowPrinter):
    """A region tree as statements."""

    def __init__(self, plan: Plan, called: dict[str, Called], names: Names, regions: Sequence) -> None:
        self.regions = regions
        self.forked: set[str] = set()
        self.whole: dict[str, str] = {}  # by `e.key` of the list of outputs
        last = regions.statements[-1] if regions.statements and regions.tail is None else None
        self._last = last if isinstance(last, Fork) else None  # tasks side by side at the end, whose futures the flow returns
        # Where a run stops at its first failed task, it fails with its last tasks only: those are skipped then, which is no failure.
        self._stops = plan.workflow.limits.fail_fast and not plan.raises and len(regions.statements) > 1
        super().__init__(plan, called, names)

    def returns(self) -> str:
        if self._stops:
            self.imports.add("from prefect import State")
        if self._last is not None:
            self.imports.add("from prefect.futures import PrefectFuture")
            return "list[PrefectFuture] | State" if self._stops else "list[PrefectFuture]"
        if self._stops:
            return "State | None"
        if self.regions.tail is None or self.plan.raises:
            return "None"
        self.imports.add("from prefect import State")
        return "State"

    def statements(self) -> list[str]:
        """Behind `try` when a tail follows whatever happened."""
        regions = self.regions
        if self._stops:
            self.imports |= {"from prefect import get_run_logger", "from prefect.states import Completed"}
            last = regions.statements[-1]
            noted = "    get_run_logger().exception('A task failed; what comes after it is skipped')"
            stopped = [noted, f"    return Completed(message={literal(STOPPED)})"]
            before = ["try:", *_indented(self._region(regions.statements[:-1])), "except Exception:", *stopped]
            return [*before, *([self._returned(last)] if isinstance(last, Fork) else [*self._region([last]), "return None"])]
        if self._last is not None:
            return [*self._region(regions.statements[:-1]), self._returned(self._last)]
        lines = self._region(regions.statements)
        if regions.tail is None:
            return lines
        if self.plan.raises:
            return ["try:", *_indented(lines), "finally:", f"    {self._call(regions.tail)}"]
        self.imports.add("from prefect import get_run_logger")
        tail = self._call(regions.tail, ["return_state=True"])
        name = literal(f"A task failed; {regions.tail} runs all the same")
        return ["try:", *_indented(lines), "except Exception:", f"    get_run_logger().exception({name})", f"return {tail}"]

    def _plain_name(self, task_id: str) -> str:
        return f"{identifier(task_id)}_result"

    def _leaf(self, expr: e.Expr) -> str | None:
        if e.key(expr) in self.whole:
            return f"{self.whole[e.key(expr)]}.result()"
        if isinstance(expr, e.TaskOutput) and expr.task in self.forked:
            return f"{self._variable(expr.task)}.result()"
        return super()._leaf(expr)

    def _region(self, statements: Iterable[Statement]) -> list[str]:
        lines: list[str] = []
        for statement in statements:
            if isinstance(statement, Call):
                lines.append(self._assigned(statement.task, self._call(statement.task)))
            elif isinstance(statement, Fork):
                lines += self._fork(statement)
            else:
                lines += self._if(statement)
        return lines

    def _if(self, statement: If) -> list[str]:
        call = self._call(statement.task)
        if statement.arms[0][0] == "" and len(statement.arms) == 1:
            test = call
            if statement.task in self._used:
                test = self._variable(statement.task)
                return [f"{test} = {call}", f"if {test}:", *_indented(self._region(statement.arms[0][1]))]
            return [f"if {test}:", *_indented(self._region(statement.arms[0][1]))]
        answers = list(statement.arms)
        lines = []
        closed = not statement.open and not self._has_empty_arm(statement)
        simple = (len(answers) == 1 or (len(answers) == 2 and closed)) and not statement.open and statement.task not in self._used
        simple = simple and len(call) <= _LONGEST_TEST
        if not simple:
            lines.append(f"{self._variable(statement.task)} = {call}")
        subject = call if simple else self._variable(statement.task)
        for number, (answer, arm) in enumerate(answers):
            if number and number == len(answers) - 1 and closed:
                lines.append("else:")
            else:
                test = f"{literal(answer)} in {subject}" if statement.listed else f"{subject} == {literal(answer)}"
                lines.append(f"{'elif' if number else 'if'} {test}:")
            lines += _indented(self._region(arm))
        if statement.open:
            says = f'f"{{{subject}!r}} is none of the tasks behind {statement.task}"'
            lines += ["else:", f"    raise ValueError({says})"]
        return lines

    def _has_empty_arm(self, statement: If) -> bool:
        return len(statement.arms) < len(self.workflow.downstream(statement.task))

    def _fork(self, statement: Fork) -> list[str]:
        groups = self._alike(statement.tasks)
        lines: list[str] = []
        waits: list[str] = []
        for group in groups:
            task = self.tasks[group[0]]
            name = self._group_variable(group)
            for other in group:
                self.variables[other] = name
            if len(group) > 1:
                lines.append(f"{name} = {self._mapped_call(group)}")
                waits.append(f"*{name}")
            elif task.mapping is not None:
                lines.append(f"{name} = {self._submitted(task)}")
                waits.append(f"*{name}")
            else:
                lines.append(f"{name} = {self._submitted(task)}")
                waits.append(name)
        self.forked |= set(statement.tasks)
        self.imports.add("from prefect.futures import wait")
        inside = waits[0].removeprefix("*") if len(waits) == 1 and waits[0].startswith("*") else f"[{', '.join(waits)}]"
        # A called task whose argument is a failed future is silently passed over: results are asked for, which raises.
        handed = self._handed_to_next(statement)
        asked = [text.removeprefix("*") for text, group in zip(waits, groups, strict=True) if not set(group) <= handed]
        return [*lines, f"wait({inside})", *(f"{name}.result()" for name in asked)]

    def _returned(self, statement: Fork) -> str:
        """Prefect waits for the futures that a flow returns, and the run ends as they do."""
        groups = self._alike(statement.tasks)
        calls = [f"*{self._mapped_call(group)}" if len(group) > 1 else self._one_or_more(group[0]) for group in groups]
        return f"return [{', '.join(calls)}]"

    def _one_or_more(self, task_id: str) -> str:
        task = self.tasks[task_id]
        return f"{'*' if task.mapping is not None else ''}{self._submitted(task)}"

    def _handed_to_next(self, statement: Fork) -> set[str]:
        """The tasks whose results the call right behind a fork takes."""
        following = self._next(statement)
        return self._handed(self._parameters_of(following)) if following else set()

    def _next(self, statement: Fork) -> str | None:
        """The task that is called right behind a fork, when it is a plain call."""
        found = _successor(self.regions.statements, statement)
        return found.task if isinstance(found, Call | If) else None

    def _alike(self, tasks: tuple[str, ...]) -> list[list[str]]:
        """Tasks of one function that differ in one constant alone, in one group each; the others by themselves."""
        groups: dict[object, list[str]] = {}
        for task_id in tasks:
            called = self.called[task_id]
            parameters = self._parameters_of(task_id)
            alike = called.run_name is None and not self.plan.code[task_id].marker and self.tasks[task_id].mapping is None and parameters
            fixed = tuple((p.name, e.key(p.value)) for p in parameters[1:]) if alike else task_id
            key = (called.function, fixed) if alike and isinstance(parameters[0].value, e.Constant) else task_id
            groups.setdefault(key, []).append(task_id)
        return [
            part for group in groups.values() for part in ([group] if self._taken_together(group) else [[task_id] for task_id in group])
        ]

    def _taken_together(self, group: list[str]) -> bool:
        """Whether every use of these outputs is the list of all of them, in order."""
        if len(group) < 2:
            return False
        whole = e.ListOf(items=tuple(e.TaskOutput(task=task_id) for task_id in group))
        for task in self.workflow.tasks:
            for parameter in self._parameters_of(task.id):
                if parameter.value != whole and set(group) & e.tasks_in([parameter.value]):
                    return False
        return True

    def _group_variable(self, group: list[str]) -> str:
        """What the first consumer calls the list of all these results, else the first task's own variable."""
        whole = e.ListOf(items=tuple(e.TaskOutput(task=task_id) for task_id in group))
        wish = next(
            (p.name for task in self.workflow.tasks for p in self._parameters_of(task.id) if len(group) > 1 and p.value == whole), None
        )
        return self._names.take(wish) if wish and self._names.free(wish) else self._variable(group[0])

    def _mapped_call(self, group: list[str]) -> str:
        first = self._parameters_of(group[0])
        values = [next(p.value for p in self._parameters_of(task_id) if p.name == first[0].name) for task_id in group]
        constants = [value.value for value in values if isinstance(value, e.Constant)]
        elements = self._named_list(constants) or literal(constants)
        fixed = [f"{p.name}={self._unmapped(p)}" for p in first[1:]]
        self.whole[e.key(e.ListOf(items=tuple(e.TaskOutput(task=task_id) for task_id in group)))] = self._variable(group[0])
        return f"{self.called[group[0]].function}.map({', '.join([elements, *fixed])})"

    def _named_list(self, constants: list[Json]) -> str | None:
        """The module constant that has just these elements, or just these keys."""
        for definition in self.workflow.definitions:
            if definition.form != "constant" or definition.module or definition.spans:
                continue
            try:
                statement = ast.parse(definition.source).body[0]
                value = ast.literal_eval(statement.value) if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value else None
            except (SyntaxError, ValueError):
                continue
            if isinstance(value, dict | tuple) and list(value) == constants:
                self.uses.add(definition.name)
                return f"list({definition.name})"
            if isinstance(value, list) and value == constants:
                self.uses.add(definition.name)
                return definition.name
        return None

    def _submitted(self, task: Task) -> str:
        function, plain, parameters = self._prepared(task)
        if task.mapping is None:
            return f"{function}.submit({', '.join(self._shown(parameters, plain))})"
        return self._over(task, function, parameters, [])

    def _call(self, task_id: str, extra: Iterable[str] = ()) -> str:
        function, plain, parameters = self._prepared(self.tasks[task_id])
        return f"{function}({', '.join([*self._shown(parameters, plain), *extra])})"


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _successor(statements: tuple[Statement, ...], wanted: Statement) -> Statement | None:
    """The statement right behind `wanted` in its own region."""
    for number, statement in enumerate(statements):
        if statement is wanted:
            return statements[number + 1] if number + 1 < len(statements) else None
        if isinstance(statement, If):
            for _, arm in statement.arms:
                found = _successor(arm, wanted)
                if found is not None:
                    return found
    return None
