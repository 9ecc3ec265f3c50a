"""Prints the parts of a flow's module: its docstring, the task functions, the flow's own header."""

from __future__ import annotations

import inspect
import re
from collections import Counter

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import RetryPolicy, Workflow
from workbook_lib.prefect_writer.flow._alike import Written
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.flow._printer import FlowPrinter
from workbook_lib.prefect_writer.project._carried import reach
from workbook_lib.prefect_writer.python._dates import date_default
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._format import LINE_LENGTH
from workbook_lib.prefect_writer.python._lines import wrapped
from workbook_lib.prefect_writer.python._names import flow_name
from workbook_lib.prefect_writer.python._prints import prints
from workbook_lib.prefect_writer.python._returns import returned
from workbook_lib.prefect_writer.tasks._code import Parameter, TaskCode, is_default
from workbook_lib.prefect_writer.tasks._hooks import Hooks


def uses_date(plan: Plan) -> bool:
    """Whether the flow takes its logical date."""
    return plan.scope.awaited or hands_date(plan)


def hands_date(plan: Plan) -> bool:
    """Whether the flow hands its logical date to a task."""
    handed = [parameter.value for code in plan.code.values() for parameter in code.parameters]
    mapped = [over for task in plan.workflow.tasks if task.mapping for _, over in task.mapping.over]
    return any(part == e.Context(name="logical_date") for value in (*handed, *mapped) for part in e.walk(value))


def known_defaults(plan: Plan) -> dict[str, str]:
    """The flow's parameters with a default that stands for itself, as expressions; not those whose type would change it."""
    found: dict[str, str] = {}
    for parameter in plan.workflow.parameters:
        value = parameter.default.value if isinstance(parameter.default, e.Constant) else None
        kinds = _parameter_type(parameter.json_schema, parameter.default).split(" | ")
        if value is not None and type(value).__name__ in kinds:
            found[plan.scope.parameters[parameter.name]] = literal(value)
    return found


class Text:
    """Prints the parts of a module."""

    def __init__(self, plan: Plan, hooked: Hooks) -> None:
        self.plan = plan
        self.hooked = hooked
        self.workflow = plan.workflow
        self.imports: set[str] = set()
        self._retry: RetryPolicy | None = None

    def docstring(self) -> str:
        """What the flow does and where it came from."""
        first = inspect.cleandoc(self.workflow.doc or self.workflow.description or "").strip()
        kind = _SYSTEMS.get(self.workflow.system, self.workflow.system)
        origin = f"Migrated from the {kind} `{self.workflow.id}` ({_file_name(self.workflow)})."
        return quoted("\n\n".join(part for part in (first, origin) if part)) + "\n"

    def retry_constant(self, groups: list[list[TaskCode]]) -> str:
        """`RETRY`, when several functions share one retry policy."""
        counts = Counter(group[0].task.retry for group in groups if group[0].task.retry.retries and not group[0].marker)
        if counts and counts.most_common(1)[0][1] >= 3:
            self._retry = counts.most_common(1)[0][0]
            pairs = ", ".join(f"{literal(key)}: {value}" for key, value in _retry_settings(self._retry).items())
            return f"RETRY = {{{pairs}}}"
        return ""

    def function(self, written: Written) -> str:
        """One task function with its decorator."""
        name, code = written.name, written.code
        options = dict(written.settings)
        starred = ""
        if code.task.retry.retries:
            if code.task.retry == self._retry and not code.marker:
                starred = "**RETRY"
            else:
                options |= _retry_settings(code.task.retry)
        if code.task.retry.retries and self.plan.form != "rules" and self._fails_for_good(code):
            options["retry_condition_fn"] = "worth_a_retry"
        if code.task.timeout_seconds:
            options["timeout_seconds"] = f"{code.task.timeout_seconds:g}"
        options |= {event: f"[{hook}]" for event, hook in self.hooked.of_task.get(code.task.id, {}).items()}
        inside = ", ".join([*(f"{key}={value}" for key, value in options.items()), *([starred] if starred else [])])
        decorator = f"@task({inside})" if inside else "@task"
        if code.marker:
            return f'{decorator}\ndef {name}(name: str) -> None:\n    """A named point of the flow; it does nothing itself."""'
        parameters = ", ".join(_parameter(p) for p in code.parameters)
        if code.reason is not None:
            parameters = ", ".join([*code.mapped]) if code.mapped else ""
        found = code.returns or ("" if code.reason is not None else returned(code.body))
        returns = f" -> {found}" if found else ""
        doc = f"    {quoted(code.doc)}\n" if code.doc else ""
        return f"{decorator}\ndef {name}({parameters}){returns}:\n{doc}{code.body}"

    def _fails_for_good(self, code: TaskCode) -> bool:
        """Whether the task, or a function that it uses, may say that no further try is worth it."""
        used = set(reach(code.uses, self.workflow))
        spans = [span for d in self.workflow.definitions if d.name in used for span in d.spans]
        return "FinalFailure" in code.rules or any(span.kind == "fail" for span in spans)

    def flow(self, name: str, statements: list[str], printer: FlowPrinter) -> str:
        """The flow function."""
        options = [] if name == self.workflow.id else [f"name={literal(flow_name(self.workflow.id))}"]
        if self.workflow.limits.run_timeout_seconds:
            options.append(f"timeout_seconds={self.workflow.limits.run_timeout_seconds:g}")
        if self.workflow.limits.active_tasks:
            self.imports.add("from prefect.task_runners import ThreadPoolTaskRunner")
            options.append(f"task_runner=ThreadPoolTaskRunner(max_workers={self.workflow.limits.active_tasks})")
        if self._prints():
            options.append("log_prints=True")
        options += [f"{event}=[{hook}]" for event, hook in self.hooked.of_flow.items()]
        decorator = f"@flow({', '.join(options)})" if options else "@flow"
        parameters, prologue = self._parameters(printer, statements)
        lines = [f"    {line}" for line in [*prologue, *statements]] or ["    return None"]
        doc = f"    {quoted(self._date_doc())}\n" if uses_date(self.plan) else ""
        return f"{decorator}\ndef {name}({', '.join(parameters)}) -> {printer.returns()}:\n{doc}" + "\n".join(lines)

    def _prints(self) -> bool:
        """Whether a task prints, itself or by a function that it calls: the legacy engine keeps that in the task's log."""
        codes = [code for code in self.plan.code.values() if code.reason is None and not code.marker]
        used = set(reach(tuple(use for code in codes for use in code.uses), self.workflow))
        sources = [f"def body():\n{code.body}" for code in codes]
        return any(map(prints, sources + [d.source for d in self.workflow.definitions if d.name in used]))

    def _date_doc(self) -> str:
        name = self.plan.scope.date_name
        if self.plan.scope.day:
            return f"`{name}` is the day that a run stands for, its logical date; by default that of a run scheduled now."
        return f"`{name}` is the moment that a run stands for; by default that of a run scheduled now."

    def _parameters(self, printer: FlowPrinter, statements: list[str]) -> tuple[list[str], list[str]]:
        parameters: list[str] = []
        prologue: list[str] = []
        if uses_date(self.plan):
            name = self.plan.scope.date_name
            kind = "date" if self.plan.scope.day else "datetime"
            self.imports.add(f"from datetime import {kind}")
            parameters.append(f"{name}: {kind} | None = None")
            if any(re.search(rf"\b{name}\b", statement) for statement in statements):
                expression, imports = date_default(self.workflow, self.plan.scope.day)
                self.imports |= imports
                prologue.append(f"{name} = {name} or {expression}")
        for parameter in self.workflow.parameters:
            python = self.plan.scope.parameters[parameter.name]
            kind = _parameter_type(parameter.json_schema, parameter.default)
            default = "None"
            if parameter.default is not None:
                try:
                    default = Printer(lambda _: None, self.imports).show(parameter.default)
                except Unprintable:
                    default = "None"
            if default.startswith(("[", "{")):
                prologue.append(f"{python} = {default} if {python} is None else {python}")
                default, kind = "None", f"{kind} | None"
            elif default == "None" and "None" not in kind:
                kind = f"{kind} | None"
            parameters.append(f"{python}: {kind} = {default}")
        return parameters, prologue


_SYSTEMS = {"airflow": "Airflow DAG"}
_JSON_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "dict", "null": "None"}


def _parameter_type(schema: object, default: e.Expr | None) -> str:
    declared = schema.get("type") if isinstance(schema, dict) else None
    kinds = [declared] if isinstance(declared, str) else declared if isinstance(declared, list) else []
    names = [_JSON_TYPES[str(kind)] for kind in kinds if str(kind) in _JSON_TYPES]
    if names:
        return " | ".join(names)
    if isinstance(default, e.Constant) and default.value is not None:
        return type(default.value).__name__
    return "list" if isinstance(default, e.ListOf) else "dict" if isinstance(default, e.DictOf) else "object"


def _parameter(parameter: Parameter) -> str:
    annotation = f": {parameter.annotation}" if parameter.annotation else ""
    if is_default(parameter):
        source = parameter.value.source if isinstance(parameter.value, e.Unknown) else ""
        return f"{parameter.name}{annotation} = {source}" if annotation else f"{parameter.name}={source}"
    return f"{parameter.name}{annotation}"


def _retry_settings(retry: RetryPolicy) -> dict[str, str]:
    """`retries` and `retry_delay_seconds`; backoff as the explicit list of delays, each at most the cap."""
    if not retry.exponential:
        return {"retries": str(retry.retries), "retry_delay_seconds": f"{retry.delay_seconds:g}"}
    cap = retry.max_delay_seconds or 24 * 3600.0
    delays = ", ".join(f"{min(retry.delay_seconds * retry.multiplier**n, cap):g}" for n in range(retry.retries))
    return {"retries": str(retry.retries), "retry_delay_seconds": f"[{delays}]"}


def quoted(text: str) -> str:
    """A docstring; its lines fit where they can be broken."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    text = "\n".join(wrapped(line.rstrip(), LINE_LENGTH - 10) for line in text.splitlines())  # 10: the indentation, the quotes
    return f'"""{text}{" " if text.endswith(chr(34)) else ""}"""' if "\n" not in text else f'"""{text}\n"""'


def _file_name(workflow: Workflow) -> str:
    return workflow.origin.file.replace("\\", "/").rsplit("/", 1)[-1]
