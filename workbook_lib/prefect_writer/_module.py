"""Puts one flow's module together: imports, carried-over definitions, task functions, the flow."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from workbook_lib.findings import Finding
from workbook_lib.model import expr as e
from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import RetryPolicy, Task, Workflow
from workbook_lib.prefect_writer._bodies import fill_definition
from workbook_lib.prefect_writer._code import Parameter, TaskCode, is_default
from workbook_lib.prefect_writer._dates import FROM_SHARED, date_default
from workbook_lib.prefect_writer._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer._flow import Called, FlowPrinter
from workbook_lib.prefect_writer._hooks import Hooks, hooks
from workbook_lib.prefect_writer._names import Names, flow_name, identifier
from workbook_lib.prefect_writer._plan import Plan
from workbook_lib.prefect_writer._tasks import placeholder

# The emitted modules by the helper they hold.
HELPERS = {
    "run_shell": "shell",
    "run_shell_or_skip": "shell",
    "shell_succeeds": "shell",
    "run_has": "other_flows",
    "run_to_its_end": "other_flows",
    "interval_start": "dates",
    **dict.fromkeys(
        ("wait_until", "wait_or_skip", "wait_or_give_up", "wait_for_value", "growing", "no_on_error", "skip_on_error", "moment_of", "today_at"),
        "waiting",
    ),
}


@dataclass
class Module:
    """A flow's module: its text before formatting, and what it needs from `shared`."""

    text: str
    flow: str
    shared: dict[str, set[str]] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    definitions: list[Definition] = field(default_factory=list)
    between: dict[str, set[str]] = field(default_factory=dict)  # import lines by legacy module, for what one uses of another
    placeholders: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def module(plan: Plan) -> Module:
    """The module for `plan`; tasks whose definitions cannot be carried over become placeholders first."""
    workflow = plan.workflow
    own, elsewhere, broken = _definitions(plan)
    for task_id, reason in broken.items():
        plan.code[task_id] = placeholder(plan.code[task_id].task, reason)
    names = Names({d.name for d in own + elsewhere} | set(plan.scope.parameters.values()) | {plan.scope.date_name})
    function = names.take(workflow.id)
    groups = _grouped(plan)
    called, functions = _functions(plan, groups, names)
    hooked = hooks(workflow, plan.scope, names)
    printer = FlowPrinter(plan, called, names)
    statements = printer.statements()
    kept = {name for code in plan.code.values() for name in _reach(code.uses, workflow)} | set(
        _reach((*printer.uses, *hooked.uses), workflow)
    )
    own = [d for d in own if d.name in kept]
    elsewhere = [d for d in elsewhere if d.name in kept]
    text = _Text(plan, hooked)
    rules = set(printer.rules) | {name for code in plan.code.values() for name in code.rules if name in ("Skip", "FinalFailure")}
    helpers = {name for code in plan.code.values() for name in code.helpers}
    shared: dict[str, set[str]] = {}
    for helper in helpers:
        shared.setdefault(HELPERS[helper], set()).add(helper)
    needed_rules = {
        name for name in rules if _mentioned(name, [*statements, *(c.body for c in plan.code.values()), *(d.source for d in own)])
    }
    needed_rules |= {name for d in own for name in definition_text(d)[2]}
    imports = set(printer.imports) | {line for code in plan.code.values() for line in code.imports} | text.imports | hooked.imports
    imports |= {f"from shared.{name} import {', '.join(sorted(parts))}" for name, parts in shared.items()}
    imports |= {f"from shared.trigger_rules import {', '.join(sorted(needed_rules))}"} if needed_rules else set()
    named = {*(use for code in plan.code.values() for use in code.uses), *printer.uses, *hooked.uses, *(use for d in own for use in d.uses)}
    bound = [d for d in elsewhere if d.name in named]  # the others are what these use inside of their own modules
    imports |= {_import_of(d) for d in bound if d.form != "import"}
    imports.add("from prefect import flow, task")
    header, body = text.flow(function, statements, printer)
    imports |= text.imports
    imports |= {line for d in own for line in definition_text(d)[1]}
    shared |= from_shared(imports)
    pieces = [
        text.docstring(),
        "from __future__ import annotations\n",
        "\n".join(sorted(imports)),
        "\n".join(dict.fromkeys(definition_text(d)[0] for d in [*own, *bound] if d.form == "import")),
        *dict.fromkeys(definition_text(d)[0] for d in own if d.form != "import"),
        text.retry_constant(groups),
        *hooked.texts,
        *functions(text),
        header + body,
        f'if __name__ == "__main__":\n    {function}()\n',
    ]
    result = Module("\n\n".join(piece for piece in pieces if piece.strip()) + "\n", function, shared, rules, elsewhere)
    result.findings = hooked.findings
    for d in elsewhere:
        result.between.setdefault(d.module, set()).update(_import_of(o) for o in elsewhere if o.name in d.uses and o.module != d.module)
    result.placeholders = {task_id: code.reason for task_id, code in plan.code.items() if code.reason is not None}
    return result


def _mentioned(name: str, texts: list[str]) -> bool:
    return any(re.search(rf"\b{name}\b", text) for text in texts)


# What an import line asks of `shared`: (the line, the emitted module, the helper).
_LEFT_TO_SHARED = (
    (FROM_SHARED, "dates", "interval_start"),
    ("from shared.variables import variable", "variables", "variable"),
)


def from_shared(imports: set[str]) -> dict[str, set[str]]:
    """The emitted modules, and the helpers in them, that some import lines ask for."""
    return {module: {name} for line, module, name in _LEFT_TO_SHARED if line in imports}


def definition_text(definition: Definition) -> tuple[str, set[str], set[str]]:
    """A module-level definition as Python, the imports it needs, and what it raises of the trigger rules.

    Nothing reaches it from outside: it can show neither outputs nor parameters.
    """
    imports: set[str] = set()
    printer = Printer(lambda expr: expr.name if isinstance(expr, e.Reference) else None, imports)
    filled = fill_definition(definition, lambda value, _: printer.show(value))
    return filled.body.strip("\n"), imports, filled.rules


def shared_module(dotted: str) -> str:
    """The module of `shared` that holds what is carried over from a legacy module; never one of the emitted ones."""
    name = identifier(dotted.replace(".", "_"))
    return f"{name}_legacy" if name in {"trigger_rules", *HELPERS.values()} else name


def _import_of(definition: Definition) -> str:
    """The line that imports a definition of a sibling module; its own name is what follows the last dot of the unique one."""
    return f"from shared.{shared_module(definition.module)} import {definition.name.rpartition('.')[2]}"


def _reach(uses: tuple[str, ...], workflow: Workflow) -> list[str]:
    by_name = {d.name: d for d in workflow.definitions}
    found: list[str] = []
    pending = list(uses)
    while pending:
        name = pending.pop(0)
        if name in by_name and name not in found:
            found.append(name)
            pending += by_name[name].uses
    return found


def _definitions(plan: Plan) -> tuple[list[Definition], list[Definition], dict[str, str]]:
    """Definitions of the workflow's own file, those of sibling modules, and the tasks that need one that cannot be carried over."""
    workflow = plan.workflow
    own = [d for d in workflow.definitions if not d.module]
    elsewhere = [d for d in workflow.definitions if d.module]
    bad: dict[str, str] = {}
    for definition in workflow.definitions:
        if definition.blockers:
            bad[definition.name] = definition.blockers[0]
            continue
        try:
            definition_text(definition)
        except Unprintable as problem:
            bad[definition.name] = str(problem)
    broken = {}
    for task_id, code in plan.code.items():
        needs = [name for name in _reach(code.uses, workflow) if name in bad]
        if needs:
            broken[task_id] = f"it needs {needs[0]}: {bad[needs[0]]}"
    return own, elsewhere, broken


def _grouped(plan: Plan) -> list[list[TaskCode]]:
    """Tasks whose functions are the same text share one function; the order is that of the first."""
    groups: dict[tuple[object, ...], list[TaskCode]] = {}
    for task in plan.workflow.tasks:
        code = plan.code[task.id]
        signature = tuple((p.name, p.annotation, repr(p.value) if is_default(p) else "") for p in code.parameters)
        key: tuple[object, ...] = (
            (code.marker, task.retry, task.timeout_seconds)
            if code.marker
            else (
                signature,
                code.mapped,
                code.body,
                code.returns,
                code.doc,
                task.retry,
                task.timeout_seconds,
                code.reason,
                _function_of(task),
            )
        )
        groups.setdefault(key, []).append(code)
    return list(groups.values())


def _function_of(task: Task) -> str:
    return task.action.function.name if task.action.kind == "python" else ""


def _functions(plan: Plan, groups: list[list[TaskCode]], names: Names):  # type: ignore[no-untyped-def]
    """How each task is called, and a function that prints the task functions."""
    called: dict[str, Called] = {}
    headers: list[tuple[str, dict[str, str], TaskCode]] = []
    for group in groups:
        first = group[0]
        if first.marker:
            name = names.take("marker") if not names.free("marker") and headers and any(h[0] == "marker" for h in headers) else "marker"
            headers.append((name, {"task_run_name": '"{name}"'}, first))
            for code in group:
                called[code.task.id] = Called(name, code.task.id)
            continue
        wish = first.wish if len(group) == 1 else _function_of(first.task) or first.wish
        name = names.take(wish)
        if len(group) == 1:
            settings = {} if name == first.task.id else {"name": literal(first.task.id)}
            called[first.task.id] = Called(name)
        else:
            template = _run_name_template(group)
            settings = {"task_run_name": literal(template)} if template else {}
            for code in group:
                called[code.task.id] = Called(name, None if template else code.task.id)
        headers.append((name, settings, first))
    return called, lambda text: [text.function(name, settings, code) for name, settings, code in headers]


def _run_name_template(group: list[TaskCode]) -> str | None:
    """`extract_{region}`, when one parameter's constants make up the ids; else None."""
    for parameter in group[0].parameters:
        values = []
        for code in group:
            value = next((p.value for p in code.parameters if p.name == parameter.name), None)
            values.append(str(value.value) if isinstance(value, e.Constant) and isinstance(value.value, str | int) else None)
        if None in values or len(set(values)) != len(values):
            continue
        for template in _templates(group[0].task.id, str(values[0]), parameter.name):
            if all(template.format(**{parameter.name: value}) == code.task.id for value, code in zip(values, group, strict=True)):
                return template
    return None


def _templates(task_id: str, value: str, name: str) -> list[str]:
    if not value or "{" in task_id or "}" in task_id:
        return []
    starts = [match.start() for match in re.finditer(re.escape(value), task_id)]
    return [f"{task_id[:at]}{{{name}}}{task_id[at + len(value) :]}" for at in starts]


def uses_date(plan: Plan) -> bool:
    """Whether the flow takes its logical date."""
    if plan.scope.awaited:
        return True
    handed = [parameter.value for code in plan.code.values() for parameter in code.parameters]
    mapped = [over for task in plan.workflow.tasks if task.mapping for _, over in task.mapping.over]
    return any(part == e.Context(name="logical_date") for value in (*handed, *mapped) for part in e.walk(value))


class _Text:
    """Prints the parts of a module."""

    def __init__(self, plan: Plan, hooked: Hooks) -> None:
        self.plan = plan
        self.hooked = hooked
        self.workflow = plan.workflow
        self.imports: set[str] = set()
        self._retry: RetryPolicy | None = None

    def docstring(self) -> str:
        """What the flow does and where it came from."""
        first = (self.workflow.doc or self.workflow.description or "").strip()
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

    def function(self, name: str, settings: dict[str, str], code: TaskCode) -> str:
        """One task function with its decorator."""
        options = dict(settings)
        starred = ""
        if code.task.retry.retries:
            if code.task.retry == self._retry and not code.marker:
                starred = "**RETRY"
            else:
                options |= _retry_settings(code.task.retry)
        if code.task.timeout_seconds:
            options["timeout_seconds"] = f"{code.task.timeout_seconds:g}"
        if not code.marker:
            options |= {event: f"[{hook}]" for event, hook in self.hooked.of_task.get(code.task.id, {}).items()}
        inside = ", ".join([*(f"{key}={value}" for key, value in options.items()), *([starred] if starred else [])])
        decorator = f"@task({inside})" if inside else "@task"
        if code.marker:
            return f'{decorator}\ndef {name}(name: str) -> None:\n    """A named point of the flow; it does nothing itself."""'
        parameters = ", ".join(_parameter(p) for p in code.parameters)
        if code.reason is not None:
            parameters = ", ".join([*code.mapped]) if code.mapped else ""
        returns = f" -> {code.returns}" if code.returns else ""
        doc = f"    {quoted(code.doc)}\n" if code.doc else ""
        return f"{decorator}\ndef {name}({parameters}){returns}:\n{doc}{code.body}"

    def flow(self, name: str, statements: list[str], printer: FlowPrinter) -> tuple[str, str]:
        """The flow function."""
        options = [] if name == self.workflow.id else [f"name={literal(flow_name(self.workflow.id))}"]
        if self.workflow.limits.run_timeout_seconds:
            options.append(f"timeout_seconds={self.workflow.limits.run_timeout_seconds:g}")
        options += [f"{event}=[{hook}]" for event, hook in self.hooked.of_flow.items()]
        decorator = f"@flow({', '.join(options)})" if options else "@flow"
        parameters, prologue = self._parameters(printer)
        lines = [f"    {line}" for line in [*prologue, *statements]] or ["    return None"]
        doc = f"    {quoted(self._date_doc())}\n" if uses_date(self.plan) else ""
        return f"{decorator}\ndef {name}({', '.join(parameters)}):\n{doc}", "\n".join(lines)

    def _date_doc(self) -> str:
        what = "day" if self.plan.scope.day else "date and time"
        name = self.plan.scope.date_name
        return f"`{name}` is the {what} that the run stands for, the legacy logical date; without it, that of a run scheduled now."

    def _parameters(self, printer: FlowPrinter) -> tuple[list[str], list[str]]:
        parameters: list[str] = []
        prologue: list[str] = []
        if uses_date(self.plan):
            name = self.plan.scope.date_name
            kind = "date" if self.plan.scope.day else "datetime"
            self.imports.add(f"from datetime import {kind}")
            expression, imports = date_default(self.workflow, self.plan.scope.day)
            self.imports |= imports
            parameters.append(f"{name}: {kind} | None = None")
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
    """A docstring."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    text = "\n".join(line.rstrip() for line in text.splitlines())
    return f'"""{text}{" " if text.endswith(chr(34)) else ""}"""' if "\n" not in text else f'"""{text}\n"""'


def _file_name(workflow: Workflow) -> str:
    return workflow.origin.file.replace("\\", "/").rsplit("/", 1)[-1]
