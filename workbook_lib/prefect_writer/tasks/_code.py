"""A generated task function before it has its final name, and how its parameters are collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workbook_lib.model import expr as e
from workbook_lib.model._lengths import mapping_of
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._names import Names, identifier
from workbook_lib.prefect_writer.tasks._contexts import as_shift, neighbour
from workbook_lib.prefect_writer.tasks._scope import Scope

_BUILTIN_TYPES = frozenset({"str", "int", "float", "bool", "list", "dict", "tuple", "set", "None"})


@dataclass(frozen=True)
class Parameter:
    """A parameter of a generated task: its name, its annotation, and what the flow passes for it."""

    name: str
    value: e.Expr
    annotation: str | None = None


@dataclass(frozen=True)
class TaskCode:
    """A generated task function, before it has its final name.

    `body` is indented by four spaces. `mapped` names the parameters that come from the elements of a mapping.
    `reason` says why it is a placeholder.
    """

    task: Task
    wish: str
    parameters: tuple[Parameter, ...] = ()
    mapped: tuple[str, ...] = ()
    body: str = ""
    doc: str | None = None
    returns: str | None = None
    imports: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()
    marker: bool = False
    reason: str | None = None
    notes: tuple[str, ...] = ()


def is_default(parameter: Parameter) -> bool:
    """Whether the flow passes nothing and the parameter keeps its default."""
    return isinstance(parameter.value, e.Unknown) and parameter.value.reason == "default"


def passes(value: e.Expr) -> bool:
    """Whether the flow itself can compute `value` and hand it over: constants, whole outputs, parameters and dates."""
    if isinstance(value, e.TaskOutput | e.Parameter | e.Constant | e.Moment):
        return True
    if isinstance(value, e.Context):
        return value.name in ("logical_date", "run_parameters")
    if isinstance(value, e.Index):
        return isinstance(value.base, e.TaskOutput) and isinstance(value.key, e.Constant)
    if isinstance(value, e.ListOf | e.DictOf):
        return all(passes(part) for part in e.children(value))
    if isinstance(value, e.Call) and value.function == "required":
        return False  # where it is missing, this task fails, not the flow
    if isinstance(value, e.Call | e.Format):
        return all(
            isinstance(part, e.Constant | e.Parameter | e.Moment)
            or (isinstance(part, e.Context) and part.name == "logical_date")
            or (isinstance(part, e.Call | e.Format) and passes(part))
            for part in e.children(value)
        )
    return False


class Builder:
    """Collects the parameters of one task function while its body is printed."""

    def __init__(self, task: Task, scope: Scope, names: Names) -> None:
        self.task = task
        self.scope = scope
        self.names = names
        for name in scope.kept:
            names.reserve(name)
        self.parameters: dict[str, Parameter] = {}  # by `e.key` of what they carry
        self.given: dict[str, str] = {}  # the same for parameters that the function itself has: their names
        self.mapped: list[str] = []
        self.imports: set[str] = set()
        self.uses: list[str] = []
        self.wish: str | None = None
        self.once: dict[str, str] = {}  # by `e.key` of calls that stand in several values: the names of their results
        self.printer = Printer(self.leaf, self.imports, frozenset({"day"}) if scope.day else frozenset())

    def add(self, wish: str, value: e.Expr, annotation: str | None = None) -> str:
        """The name of the parameter that carries `value`, made when there is none yet."""
        if e.key(value) in self.given:
            return self.given[e.key(value)]
        if e.key(value) not in self.parameters:
            name = wish if self.names.free(wish) else self.names.take(wish)
            self.names.reserve(name)
            self.parameters[e.key(value)] = Parameter(name, value, annotation)
        return self.parameters[e.key(value)].name

    def add_named(self, name: str, value: e.Expr) -> None:
        """Carry `value` under exactly this name, because the source assigns it to that name."""
        kind = self._type_of(value) if isinstance(value, e.TaskOutput) else "list"
        self.parameters[e.key(value)] = Parameter(name, value, kind)

    def called_once(self, values: Iterable[e.Expr]) -> list[str]:
        """Statements for calls of the source's own functions that stand in several of the values: the legacy engine calls each once."""
        calls = [part for value in values for part in e.walk(value) if isinstance(part, e.Call) and part.function == "apply"]
        counts = Counter(map(e.key, calls))
        statements = []
        for call in {e.key(call): call for call in reversed(calls)}.values():  # inner ones first
            if counts[e.key(call)] > 1 and any(isinstance(part, e.Element) for part in e.walk(call)):
                for part in (part for part in e.walk(call) if isinstance(part, e.Reference)):
                    self.names.reserve(part.name.rpartition(".")[2])
                text, name = self.printer.show(call), self.names.take("arguments")
                statements.append(f"    {name} = {text}")
                self.once[e.key(call)] = name
        return statements

    def leaf(self, expr: e.Expr) -> str | None:
        """What comes into the function from outside, as a parameter; or what a statement in front has worked out already."""
        if self.once and e.key(expr) in self.once:
            return self.once[e.key(expr)]
        if isinstance(expr, e.TaskOutput):
            return self.add(
                self.wish or self.scope.outputs.get((expr.task, expr.key), f"{identifier(expr.task)}_result"), expr, self._type_of(expr)
            )
        if isinstance(expr, e.Parameter):
            return self.add(self.scope.parameters.get(expr.name, identifier(expr.name)), expr)
        if isinstance(expr, e.Element):
            if expr.name == "":
                raise Unprintable("it takes a whole element, which holds arguments by name")
            if expr.name not in self.mapped:
                self.mapped.append(expr.name)
                self.names.reserve(expr.name)
            return expr.name
        if isinstance(expr, e.Reference):
            self.uses.append(expr.name)
            return expr.text
        if isinstance(expr, e.Context):
            return self._context(expr)
        if isinstance(expr, e.Template):
            raise Unprintable(f"the template {expr.source!r} is not understood: {expr.reason}")
        if isinstance(expr, e.Unknown | e.Callable):
            raise Unprintable(f"{getattr(expr, 'source', None) or getattr(expr, 'name', '')}: {expr.reason or 'no rule understands it'}")
        return None

    def _context(self, expr: e.Context) -> str:
        if expr.name == "task_id":
            return literal(self.task.id)
        if expr.name == "workflow_id":
            return literal(self.scope.workflow.id)
        if expr.name == "logical_date":
            name = self.scope.date_name
            self.imports.add("from datetime import date" if self.scope.day else "from datetime import datetime")
            return self.add(name, expr, "date" if self.scope.day else "datetime")
        if expr.name in ("interval_start", "interval_end", "previous_date"):
            return self._end_of_interval(expr.name)
        if expr.name == "logger":
            self.imports.add("from prefect import get_run_logger")
            return "get_run_logger()"
        if expr.name == "map_index":
            return self.add("map_index", expr, "int") if mapping_of(self.scope.workflow, self.task) is not None else "-1"
        if expr.name in ("run_id", "attempt"):
            self.imports.add("from prefect import runtime")
            return "runtime.flow_run.id" if expr.name == "run_id" else "runtime.task_run.run_count"
        if expr.name == "scheduled":
            self.imports.add("from prefect import runtime")
            return '("auto-scheduled" in runtime.flow_run.tags)'
        if expr.name == "run_parameters":
            return self.add("parameters", expr, "dict")
        raise Unprintable(f"{expr.name.replace('_', ' ')} has no counterpart that a task could read")

    def _end_of_interval(self, name: str) -> str:
        shifted = as_shift(self.scope.workflow, name)
        if shifted is not None:
            return self.printer.show(shifted)
        helper, arguments = neighbour(self.scope.workflow, name)
        self.imports.add(f"from shared.dates import {helper}")
        return f"{helper}({self.printer.show(e.Context(name='logical_date'))}, {arguments})"

    def _type_of(self, expr: e.TaskOutput) -> str | None:
        producer = next((task for task in self.scope.workflow.tasks if task.id == expr.task), None)
        if producer is None or expr.key != "return_value" or expr.mapped:
            return "list" if expr.mapped else None
        if isinstance(producer.action, Shell):
            return "str" if producer.action.output is None else None
        if isinstance(producer.action, PythonCall) and producer.action.function.returns in _BUILTIN_TYPES - {"None"}:
            return producer.action.function.returns
        return None
