"""Prints the flow function of a plan."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model._base import Json
from workbook_lib.model.workflow import Mapping, Task
from workbook_lib.prefect_writer.flow._mapped import Mapped, elements, index_of, needs_elements, options, size, sources
from workbook_lib.prefect_writer.flow._plan import Plan, may_start_early
from workbook_lib.prefect_writer.flow._sequence import Call, Fork, If, Sequence, Statement
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._names import Names, identifier
from workbook_lib.prefect_writer.tasks._code import Parameter, is_default
from workbook_lib.prefect_writer.tasks._contexts import run_parameters

_COMBINING = {"zip": "zip", "zip_longest": "zip_longest", "concat": "chain"}
_LONGEST_TEST = 70  # of a call that an `if` asks directly


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
        self.mapped = Mapped(plan.workflow)
        self._peers: frozenset[str] = frozenset()
        self._names = names
        self.variables: dict[str, str] = {}
        self._early = may_start_early(plan.workflow)
        self._used = self._referenced()
        self.forked: set[str] = set()
        self.whole: dict[str, str] = {}  # by `e.key` of the list of outputs
        self.uses: set[str] = set()
        self._current_upstream: set[str] = set()
        dates = frozenset({"day"}) if plan.scope.day else frozenset()
        self._printer = Printer(self._leaf, self.imports, dates)

    def statements(self) -> list[str]:
        """The flow's body, a statement an item, without its `return`'s indentation."""
        if self.plan.regions is not None:
            return self._whole(self.plan.regions)
        lines = [self._statement(self.tasks[task_id]) for task_id in self.plan.order]
        return [*lines, *self._end()]

    def returns(self) -> str:
        """The annotation of what the flow returns."""
        regions = self.plan.regions
        if regions is not None and (regions.tail is None or self.plan.raises):
            return "None"
        if self.plan.form == "futures":
            self.imports.add("from prefect.futures import PrefectFuture")
            return "list[PrefectFuture]"
        self.imports.add("from prefect import State")
        return "State" if regions is not None else "list[State]"

    def _whole(self, regions: Sequence) -> list[str]:
        """The sequence form: statements, behind `try` when a tail follows whatever happened."""
        lines = self._region(regions.statements)
        if regions.tail is None:
            return lines
        if self.plan.raises:
            return ["try:", *_indented(lines), "finally:", f"    {self._call(regions.tail)}"]
        self.imports.add("from prefect import get_run_logger")
        tail = self._call(regions.tail, ["return_state=True"])
        name = literal(f"A task failed; {regions.tail} runs all the same")
        return ["try:", *_indented(lines), "except Exception:", f"    get_run_logger().exception({name})", f"return {tail}"]

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
                lines.append(f"{'elif' if number else 'if'} {subject} == {literal(answer)}:")
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

    def _handed_to_next(self, statement: Fork) -> set[str]:
        """The tasks whose results the call right behind a fork takes."""
        following = self._next(statement)
        return self._handed(self._parameters_of(following)) if following else set()

    def _next(self, statement: Fork) -> str | None:
        """The task that is called right behind a fork, when it is a plain call."""
        regions = self.plan.regions
        if regions is None:
            return None
        found = _successor(regions.statements, statement)
        return found.task if isinstance(found, Call | If) else None

    def _parameters_of(self, task_id: str) -> list[Parameter]:
        code = self.plan.code[task_id]
        index = index_of(code.parameters)
        return [p for p in code.parameters if not is_default(p) and p.name not in code.mapped and p.name != index]

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
                if parameter.value != whole and set(group) & {p.task for p in e.walk(parameter.value) if isinstance(p, e.TaskOutput)}:
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

    def _assigned(self, task_id: str, call: str) -> str:
        return f"{self._variable(task_id)} = {call}" if task_id in self._used else call

    def _referenced(self) -> set[str]:
        """The tasks whose future or result a later statement names."""
        used = {*self._ends(), *self._late(), *self._silent()} if self.plan.form != "sequence" else set()
        for task in self.workflow.tasks:
            for parameter in self.plan.code[task.id].parameters:
                used |= {part.task for part in e.walk(parameter.value) if isinstance(part, e.TaskOutput)}
            if task.id in self.mapped.over:
                used |= sources(self.mapped.over[task.id])
            if self.plan.form != "sequence":
                used |= {*self.workflow.upstream(task.id), *self.plan.gates.get(task.id, ()), *self.plan.needs.get(task.id, ())}
        return used

    def _variable(self, task_id: str) -> str:
        if task_id not in self.variables:
            wish = self.plan.scope.outputs.get((task_id, "return_value"), "")
            if task_id in self.mapped.groups:
                wish = f"{identifier(task_id)}_runs"
            elif not wish or wish.endswith("_result") and wish.removesuffix("_result") == identifier(task_id):
                own = identifier(task_id)  # free, where the function is called otherwise
                wish = f"{own}_result" if self.plan.form == "sequence" else own if self._names.free(own) else f"{own}_run"
            self.variables[task_id] = self._names.take(wish if self._names.free(wish) else f"{identifier(task_id)}_run")
        return self.variables[task_id]

    def _leaf(self, expr: e.Expr) -> str | None:
        if e.key(expr) in self.whole:
            return f"{self.whole[e.key(expr)]}.result()"
        if isinstance(expr, e.TaskOutput) and expr.task in self.forked:
            return f"{self._variable(expr.task)}.result()"
        if isinstance(expr, e.TaskOutput):
            name = self._variable(expr.task)
            if expr.key != "return_value" or self.plan.scope.hands_over_by_name(expr.task):
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
                return run_parameters(self.plan.scope)
            raise Unprintable(expr.name)
        return None

    def _part(self, output: e.TaskOutput, keys: tuple[str, ...]) -> str:
        """One part of a result."""
        name = self._variable(output.task)
        if output.task in self._peers:
            self.rules.add("peer")
            name = f"peer({name})"
        if self.plan.form != "rules":
            return name + "".join(f"[{key}]" for key in keys)
        helper = "pick" if output.task in self._current_upstream else "peek"
        self.rules.add(helper)
        return f"{helper}({', '.join([name, *keys])})"

    def _maybe_peek(self, name: str, task_id: str) -> str:
        """A future that the rule must not count is only peeked at."""
        if self.plan.form == "rules" and task_id in self._peers:
            self.rules.add("peer")
            name = f"peer({name})"
        if self.plan.form != "rules" or task_id in self._current_upstream:
            return name
        self.rules.add("peek")
        return f"peek({name})"

    def _prepared(self, task: Task) -> tuple[str, list[str], list[Parameter]]:
        """What is called, the arguments of a marker, and the parameters to hand over."""
        self._current_upstream = set(self.workflow.upstream(task.id))
        self._peers = self.mapped.peers(task.id)
        if self.mapped.looks_at_all(task):
            self._current_upstream -= self._peers
        called = self.called[task.id]
        code = self.plan.code[task.id]
        function = called.function
        if called.run_name is not None and not code.marker:
            function += f".with_options(task_run_name={literal(_as_template(called.run_name))})"
        plain = [literal(task.id)] if code.marker else []
        return function, plain, self._parameters_of(task.id)

    def _statement(self, task: Task) -> str:
        function, plain, parameters = self._prepared(task)
        call = (
            self._rules(task, function, plain, parameters)
            if self.plan.form == "rules"
            else self._futures(task, function, plain, parameters)
        )
        return self._assigned(task.id, call)

    def _shown(self, parameters: list[Parameter], plain: list[str]) -> list[str]:
        """Arguments, by position as long as there are few, else by name."""
        by_name = len(parameters) > 3
        texts = [self._printer.show(p.value) for p in parameters]
        return plain + [f"{p.name}={text}" if by_name else text for p, text in zip(parameters, texts, strict=True)]

    def _handed(self, parameters: list[Parameter]) -> set[str]:
        return {part.task for p in parameters for part in e.walk(p.value) if isinstance(part, e.TaskOutput)}

    def _futures(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        handed, patient = self._handed(parameters), self.plan.patient.get(task.id, frozenset())
        ups = dict.fromkeys((*self.workflow.upstream(task.id), *self.plan.needs.get(task.id, ())))
        waits = [self._awaited(up, whatever=up in patient) for up in ups if up not in handed]
        wait_for = [f"wait_for=[{', '.join(waits)}]"] if waits else []
        if task.id not in self.mapped.over:
            return f"{function}.submit({', '.join([*self._shown(parameters, plain), *wait_for])})"
        return self._over(task, function, parameters, wait_for)

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

    def _awaited(self, task_id: str, *, whatever: bool) -> str:
        """A run, or all runs of a mapped task, in a list of what is waited for; `whatever` their end."""
        name = self._variable(task_id)
        if not whatever:
            return self._spread([name])[0]
        self.imports.add("from prefect import allow_failure")
        return f"*(allow_failure(run) for run in {name})" if self._is_mapped(name) else f"allow_failure({name})"

    def _spread(self, names: list[str]) -> list[str]:
        return [f"*{name}" if self._is_mapped(name) else name for name in names]

    def _is_mapped(self, name: str) -> bool:
        return any(variable == name and task_id in self.mapped.over for task_id, variable in self.variables.items())

    def _unmapped(self, parameter: Parameter) -> str:
        text = self._printer.show(parameter.value)
        if isinstance(parameter.value, e.Constant) and not isinstance(parameter.value.value, list | dict):
            return text
        self.imports.add("from prefect import unmapped")
        return f"unmapped({text})"

    def _rules(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
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
                after.append(f"chosen({', '.join([variable, *map(literal, edge.choice)])})")
            elif self.tasks[source].setup and task.join_rule == "all_done_setup_success":
                self.rules.add("Setup")
                after.append(f"Setup({variable})")
            elif source not in handed:
                after.append(variable)
        more = [f"after=[{', '.join(after)}]"] if after else []
        if gates := self.plan.gates.get(task.id):
            more.append(f"gates=[{', '.join(self._future(gate, task) for gate in gates)}]")
        if needs := self.plan.needs.get(task.id):
            more.append(f"needs=[{', '.join(map(self._variable, needs))}]")
        if task.join_rule != "all_success" and (edges or handed):
            more.append(f"rule={literal(str(task.join_rule))}")
        if self.mapped.looks_at_all_first(task):
            more.append("all_first=True")
        if task.id in self._early and any(option.startswith("gates") or "chosen(" in option for option in more):
            more.append("early=True")
        if mapping is None:
            self.rules.add("submit")
            return f"submit({', '.join([function, *self._shown(parameters, plain), *more])})"
        self.rules.add("submit_each")
        code = self.plan.code[task.id]
        pairs, _, _ = elements(mapping, code.parameters)
        over = "{" + ", ".join(f"{literal(name)}: {self._combined(value)}" for name, value in pairs) + "}"
        if mapping.form == "records":
            over = self._combined(pairs[0][1])
        given = [f"over={over}"] if counts else []
        fixed = [f"name={plain[0]}"] if code.marker else []
        fixed += [f"{p.name}={self._printer.show(p.value)}" for p in parameters]
        return f"submit_each({', '.join([function, *given, *options(task, code, self.mapped, ''.join(given)), *fixed, *more])})"

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
        """The run that a task waits for: of a peer the one with the same element."""
        if source not in self._peers or self.mapped.looks_at_all(task):
            return self._variable(source)
        self.rules.add("peer")
        return f"peer({self._variable(source)})"

    def _end(self) -> list[str]:
        ends = [self._variable(task_id) for task_id in self._ends()]
        if self.plan.form == "rules":
            self.rules.add("finish")
            silent = [self._variable(task_id) for task_id in self._silent()]
            return [f"return finish([{', '.join(ends)}]" + (f", also=[{', '.join(silent)}])" if silent else ")")]
        late = [self._variable(task_id) for task_id in self._late()]
        returned = [f"return [{', '.join(self._spread(ends))}]"]
        if not late:
            return returned
        self.imports.add("from prefect.futures import wait")
        # A join gives up with its first failed upstream task, and Prefect cancels what still runs when a flow has ended.
        return ["# What may still run when a later task has given up.", f"wait([{', '.join(self._spread(late))}])", *returned]

    def _joins_instances(self, source: str, target: str) -> bool:
        """Whether a task waits for all instances of a task of a mapped group."""
        return source in self.mapped.groups and source not in self.mapped.peers(target)

    def _silent(self) -> list[str]:
        """Teardowns at the end of the flow, which must have ended although the run's end does not depend on theirs."""
        return [task.id for task in self.workflow.tasks if not self.workflow.downstream(task.id) and task.id not in self.plan.leaves]

    def _ends(self) -> list[str]:
        """The tasks that the flow returns: its leaves."""
        return [task_id for task_id in self.plan.order if task_id in self.plan.leaves]

    def _late(self) -> list[str]:
        """The tasks of the futures form that may still run when the leaves have ended: no task waits for them alone."""
        if self.plan.form != "futures":
            return []
        waits = {t.id: {*self.workflow.upstream(t.id), *self.plan.needs.get(t.id, ())} for t in self.workflow.tasks}
        awaited = {up for task_id, ups in waits.items() if len(ups) == 1 for up in ups if not self._joins_instances(up, task_id)}
        return [task_id for task_id in self.plan.order if task_id not in awaited and task_id not in self.plan.leaves]


def _as_template(name: str) -> str:
    """A run name that Prefect formats to `name`."""
    return name.replace("{", "{{").replace("}", "}}")


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
