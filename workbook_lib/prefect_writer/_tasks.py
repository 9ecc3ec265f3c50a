"""From a task of the model to the Python function that does what it did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workbook_lib.model import expr as e
from workbook_lib.model.action import Nothing, Opaque, PythonCall, Shell, Wait
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer._bodies import assigned_name, fill, names_in
from workbook_lib.prefect_writer._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer._names import Names, identifier

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


@dataclass
class Scope:
    """What a workflow's task functions share: names of outputs, of run parameters, and of the date."""

    workflow: Workflow
    outputs: dict[tuple[str, str], str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    day: bool = False

    @property
    def date_name(self) -> str:
        """The flow's parameter for the logical date."""
        return "day" if self.day else "logical_date"


def scope_of(workflow: Workflow) -> Scope:
    """Names for outputs and parameters, the same in the flow and in every task."""
    scope = Scope(workflow, day=_only_days(workflow))
    names = Names({scope.date_name} | {definition.name for definition in workflow.definitions})
    for parameter in workflow.parameters:
        scope.parameters[parameter.name] = names.take(parameter.name)
    taken: set[str] = set(scope.parameters.values())
    wishes = _output_wishes(workflow)
    for task in workflow.tasks:
        for (owner, key), wish in wishes.items():
            if owner == task.id:
                name = identifier(wish)
                scope.outputs[owner, key] = (
                    name
                    if name not in taken and names.free(name)
                    else names.take(f"{identifier(owner)}_{identifier(key)}" if key != "return_value" else f"{identifier(owner)}_result")
                )
                taken.add(scope.outputs[owner, key])
    return scope


def exprs_of(task: Task) -> list[e.Expr]:
    """Every expression that the task's action holds, also inside its function's marks."""
    action = task.action
    found: list[e.Expr] = [over for _, over in task.mapping.over] if task.mapping else []
    calls = [action] if isinstance(action, PythonCall | Shell) else [action.check] if isinstance(action, Wait) and action.check else []
    if isinstance(action, Wait) and action.target is not None:
        found.append(action.target)
    for call in calls:
        if isinstance(call, PythonCall):
            found += [value for _, value in call.arguments] + [span.value for span in call.function.spans if span.value is not None]
        else:
            found += [part for part in (call.command, call.environment, call.directory) if part is not None]
    return found


def _only_days(workflow: Workflow) -> bool:
    """Whether every use of the logical date is a date without a time."""
    used = False
    for task in workflow.tasks:
        for expr in exprs_of(task):
            days = sum(1 for part in e.walk(expr) if _is_day(part))
            all_ = sum(
                1
                for part in e.walk(expr)
                if isinstance(part, e.Context) and part.name in ("logical_date", "interval_start", "interval_end")
            )
            if days != all_:
                return False
            used = used or days > 0
    return used


def _is_day(expr: e.Expr) -> bool:
    if not (isinstance(expr, e.Call) and expr.function == "format_date" and isinstance(expr.args[1], e.Constant)):
        return False
    moment, form = expr.args[0], str(expr.args[1].value)
    return moment == e.Context(name="logical_date") and not any(
        sign in form for sign in ("%H", "%I", "%M", "%S", "%f", "%z", "%Z", "%p", "%c", "%X", "%s")
    )


def _output_wishes(workflow: Workflow) -> dict[tuple[str, str], str]:
    """A good name for each output that somebody uses: what its first Python consumer calls it."""
    wishes: dict[tuple[str, str], str] = {}
    used: list[tuple[str, str]] = []
    for task in workflow.tasks:
        call = task.action.check if isinstance(task.action, Wait) else task.action
        if isinstance(call, PythonCall):
            for parameter, value in call.arguments:
                if isinstance(value, e.TaskOutput):
                    wishes.setdefault((value.task, value.key), parameter)
            for span in call.function.spans:
                if isinstance(span.value, e.TaskOutput) and (name := assigned_name(call.function, span)):
                    wishes.setdefault((span.value.task, span.value.key), name)
        used += [(part.task, part.key) for expr in exprs_of(task) for part in e.walk(expr) if isinstance(part, e.TaskOutput)]
    for owner, key in used:
        wishes.setdefault((owner, key), f"{identifier(owner)}_result" if key == "return_value" else key)
    return wishes


class _Builder:
    """Collects the parameters of one task function while its body is printed."""

    def __init__(self, task: Task, scope: Scope, names: Names) -> None:
        self.task = task
        self.scope = scope
        self.names = names
        self.parameters: dict[e.Expr, Parameter] = {}
        self.mapped: list[str] = []
        self.imports: set[str] = set()
        self.uses: list[str] = []
        self.wish: str | None = None
        self.printer = Printer(self.leaf, self.imports, frozenset({"day"}) if scope.day else frozenset())

    def add(self, wish: str, value: e.Expr, annotation: str | None = None) -> str:
        """The name of the parameter that carries `value`, made when there is none yet."""
        if value not in self.parameters:
            name = wish if self.names.free(wish) else self.names.take(wish)
            self.names.take(name) if self.names.free(name) else None
            self.parameters[value] = Parameter(name, value, annotation)
        return self.parameters[value].name

    def add_named(self, name: str, value: e.Expr) -> None:
        """Carry `value` under exactly this name, because the source assigns it to that name."""
        kind = self._type_of(value) if isinstance(value, e.TaskOutput) else "list"
        self.parameters[value] = Parameter(name, value, kind)

    def leaf(self, expr: e.Expr) -> str | None:
        """What comes into the function from outside, as a parameter."""
        if isinstance(expr, e.TaskOutput):
            return self.add(
                self.wish or self.scope.outputs.get((expr.task, expr.key), f"{identifier(expr.task)}_result"), expr, self._type_of(expr)
            )
        if isinstance(expr, e.Parameter):
            return self.add(self.scope.parameters.get(expr.name, identifier(expr.name)), expr)
        if isinstance(expr, e.Element):
            if expr.name not in self.mapped:
                self.mapped.append(expr.name)
                self.names.take(expr.name) if self.names.free(expr.name) else None
            return expr.name
        if isinstance(expr, e.Reference):
            self.uses.append(expr.name)
            return expr.name
        if isinstance(expr, e.Context):
            return self._context(expr)
        if isinstance(expr, e.Connection):
            raise Unprintable(f"the connection {expr.id!r} needs a decision: a Prefect block, a secret or an environment variable")
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
        if expr.name in ("run_id", "attempt"):
            self.imports.add("from prefect import runtime")
            return "runtime.flow_run.id" if expr.name == "run_id" else "runtime.task_run.run_count"
        if expr.name == "run_parameters":
            return self.add("parameters", expr, "dict")
        raise Unprintable(f"{expr.name.replace('_', ' ')} has no counterpart that a task could read")

    def _type_of(self, expr: e.TaskOutput) -> str | None:
        producer = next((task for task in self.scope.workflow.tasks if task.id == expr.task), None)
        if producer is None or expr.key != "return_value" or expr.mapped:
            return "list" if expr.mapped else None
        if isinstance(producer.action, Shell):
            return "str"
        if isinstance(producer.action, PythonCall) and producer.action.function.returns in _BUILTIN_TYPES - {"None"}:
            return producer.action.function.returns
        return None


def task_code(task: Task, scope: Scope) -> TaskCode:
    """The function for `task`; a placeholder that says why where it cannot be written."""
    try:
        return _converted(task, scope)
    except Unprintable as problem:
        return placeholder(task, str(problem))


def placeholder(task: Task, reason: str) -> TaskCode:
    """A function that fails, names what is missing and shows the original arguments."""
    lines = [f"    # {line}" for name, value in task.arguments for line in _comment(name, task, value)]
    message = f"{task.id}: {reason}"
    body = "\n".join(["    # The legacy arguments:", *lines] if lines else []) + ("\n" if lines else "")
    body += f"    raise NotImplementedError({_plain_text(message)})"
    mapped = tuple(name for name, _ in task.mapping.over if name) if task.mapping else ()
    doc = f"{task.operator}: still to be written."
    return TaskCode(task, task.id, mapped=mapped, body=body, doc=doc, returns=None, reason=reason)


def _plain_text(message: str) -> str:
    return literal(" ".join(message.split()))


def _comment(name: str, task: Task, value: e.Expr) -> list[str]:
    source = dict(task.argument_sources).get(name) or _sketch(value)
    first, *rest = f"{name} = {source}".splitlines() or [name]
    return [first, *[f"    {line}" for line in rest]]


def _sketch(value: e.Expr) -> str:
    try:
        return Printer(lambda part: f"<{part.kind}>" if isinstance(part, _OUTSIDE) else None, set()).show(value)
    except Unprintable:
        return f"<{value.kind}>"


_OUTSIDE = (e.TaskOutput, e.Parameter, e.Context, e.Element, e.Reference, e.Callable, e.Unknown, e.Template, e.Connection)


def _converted(task: Task, scope: Scope) -> TaskCode:
    action = task.action
    if isinstance(action, Opaque):
        return placeholder(task, action.missing)
    if isinstance(action, Nothing):
        return TaskCode(task, task.id, marker=True) if task.mapping is None else placeholder(task, "a mapped task that does nothing")
    if isinstance(action, PythonCall):
        return _python(task, action, scope)
    if isinstance(action, Shell):
        return _shell(task, action, scope)
    if isinstance(action, Wait):
        return _wait(task, action, scope)
    return placeholder(task, f"no rule writes {action.kind.replace('_', ' ')} yet")


def _python(task: Task, action: PythonCall, scope: Scope) -> TaskCode:
    function = action.function
    if function.blockers:
        raise Unprintable("; ".join(function.blockers))
    if function.is_async or function.is_generator:
        raise Unprintable("it is a generator" if function.is_generator else "it is asynchronous")
    own = names_in(function.source)
    free = own - {argument.name for argument in function.parameters}
    builder = _Builder(task, scope, Names(free))
    for argument in function.parameters:
        builder.names.take(argument.name) if builder.names.free(argument.name) else None
    bound = dict(action.arguments)
    parameters: list[Parameter] = []
    preamble: list[str] = []
    for argument in function.parameters:
        value = bound.get(argument.name)
        if value is None and argument.form in ("var_positional", "var_keyword"):
            value = e.ListOf(type="tuple") if argument.form == "var_positional" else e.DictOf()
        if value is None and argument.default is not None:
            value = e.Unknown(source=argument.default, reason="default")
            parameters.append(Parameter(argument.name, value, argument.annotation))
            continue
        if value is None:
            raise Unprintable(f"its parameter {argument.name!r} is given no value")
        if argument.form == "var_positional" and isinstance(value, e.ListOf):
            value = value.model_copy(update={"type": "tuple"})
        annotation = None if argument.form in ("var_positional", "var_keyword") else argument.annotation
        if value == e.Element(name=argument.name):
            builder.mapped.append(argument.name)
            parameters.append(Parameter(argument.name, value, annotation))
        elif passes(value, scope):
            parameters.append(Parameter(argument.name, value, annotation or _annotation(value)))
        else:
            preamble.append(f"    {argument.name} = {builder.printer.show(value)}\n")

    def show(value: e.Expr, wish: str | None) -> str:
        if (
            wish
            and isinstance(value, e.TaskOutput)
            and value not in builder.parameters
            or (
                wish
                and isinstance(value, e.ListOf)
                and all(isinstance(item, e.TaskOutput) for item in value.items)
                and value not in builder.parameters
            )
        ):
            builder.add_named(wish, value)
        if value in builder.parameters:
            return builder.parameters[value].name
        return builder.printer.show(value)

    filled = fill(function, show)
    extra = [parameter for parameter in builder.parameters.values()]
    mapped = tuple(dict.fromkeys(builder.mapped))
    parameters += [Parameter(name, e.Element(name=name)) for name in mapped if name not in {p.name for p in parameters}]
    body = "".join(preamble) + filled.body
    return TaskCode(
        task,
        wish=task.id,
        parameters=tuple(_defaults_last(parameters, extra)),
        mapped=mapped,
        body=body,
        returns=function.returns,
        imports=frozenset(builder.imports),
        rules=frozenset(filled.rules),
        uses=(*function.uses, *builder.uses),
        notes=("runs in the flow's own interpreter; the packages must be installed there",) if action.isolation != "none" else (),
    )


def _defaults_last(parameters: list[Parameter], extra: list[Parameter]) -> list[Parameter]:
    with_default = [p for p in parameters if is_default(p)]
    return [p for p in parameters if not is_default(p)] + extra + with_default


def is_default(parameter: Parameter) -> bool:
    """Whether the flow passes nothing and the parameter keeps its default."""
    return isinstance(parameter.value, e.Unknown) and parameter.value.reason == "default"


def _annotation(value: e.Expr) -> str | None:
    if isinstance(value, e.Call) and value.function in ("format_date", "str", "iso"):
        return "str"
    if isinstance(value, e.Constant) and value.value is not None:
        return type(value.value).__name__
    return "str" if isinstance(value, e.Format) else None


def passes(value: e.Expr, scope: Scope) -> bool:
    """Whether the flow itself can compute `value` and hand it over: constants, whole outputs, parameters and dates."""
    if isinstance(value, e.TaskOutput | e.Parameter | e.Constant | e.Moment):
        return True
    if isinstance(value, e.Context):
        return value.name in ("logical_date", "run_parameters")
    if isinstance(value, e.Index):
        return isinstance(value.base, e.TaskOutput) and isinstance(value.key, e.Constant)
    if isinstance(value, e.ListOf | e.DictOf):
        return all(passes(part, scope) for part in e.children(value))
    if isinstance(value, e.Call | e.Format):
        return all(
            isinstance(part, e.Constant | e.Parameter | e.Moment)
            or (isinstance(part, e.Context) and part.name == "logical_date")
            or isinstance(part, e.Call | e.Format)
            and part is not value
            and passes(part, scope)
            for part in e.children(value)
        )
    return False


def _shell(task: Task, action: Shell, scope: Scope) -> TaskCode:
    builder = _Builder(task, scope, Names())
    call = _shell_call(builder, action)
    skips = call.startswith("run_shell_or_skip(")
    returns = "str" if action.returns == "last_line" else None
    body = f"    return {call}" if returns else f"    {call}"
    helper, rules = ("run_shell_or_skip", {"Skip"}) if skips else ("run_shell", set[str]())
    return _built(task, builder, body, returns, helpers=frozenset({helper}), rules=frozenset(rules))


def _shell_call(builder: _Builder, action: Shell) -> str:
    text = builder.printer.show(action.command)
    if action.environment is not None:
        env = builder.printer.show(action.environment)
        if action.inherit:
            builder.imports.add("import os")
            env = f"os.environ | {env}"
        text += f", env={env}"
    if action.directory is not None:
        text += f", cwd={builder.printer.show(action.directory)}"
    if builder.task.may_skip and action.skip_on:
        skip_on = "" if action.skip_on == (99,) else f", skip_on={action.skip_on!r}"
        return f"run_shell_or_skip({text}{skip_on})"
    return f"run_shell({text})"


def _wait(task: Task, action: Wait, scope: Scope) -> TaskCode:
    builder = _Builder(task, scope, Names())
    helper = "wait_or_skip" if action.soft else "wait_until"
    limit = f", at_most={action.timeout_seconds:g}" if action.timeout_seconds else ""
    tail = f", every={action.interval_seconds:g}{limit})"
    rules = frozenset({"Skip"}) if action.soft else frozenset[str]()
    helpers = {helper}
    if action.on == "python" and isinstance(action.check, PythonCall):
        return _python_wait(task, _python(task, action.check, scope), helper, tail, rules)
    if action.on == "file" and action.target is not None:
        builder.imports.add("from glob import glob")
        condition = f"lambda: bool(glob({builder.printer.show(action.target)}))"
    elif action.on == "shell" and isinstance(action.check, Shell):
        helpers.add("shell_succeeds")
        condition = "lambda: shell_succeeds(" + _shell_call(builder, action.check).split("(", 1)[1]
    elif action.on == "moment" and isinstance(action.target, e.Moment) and action.target.type == "datetime":
        builder.imports.add("from datetime import UTC, datetime")
        condition = f"lambda: datetime.now(UTC) >= {builder.printer.show(action.target)}"
    else:
        raise Unprintable(f"waiting for a {action.on} needs a decision: a schedule, an event trigger or a poll")
    return _built(task, builder, f"    {helper}({condition}{tail}", None, frozenset(helpers), rules)


def _python_wait(task: Task, check: TaskCode, helper: str, tail: str, rules: frozenset[str]) -> TaskCode:
    if '"""' in check.body or "'''" in check.body:
        raise Unprintable("its check holds a text of several lines")
    inner = "\n".join(f"    {line}" if line.strip() else line for line in check.body.split("\n"))
    body = f"    def holds():\n{inner}\n\n    {helper}(holds{tail}"
    return replace(check, task=task, body=body, returns=None, helpers=frozenset({helper}), rules=check.rules | rules)


def _built(task: Task, builder: _Builder, body: str, returns: str | None, helpers: frozenset[str], rules: frozenset[str]) -> TaskCode:
    mapped = tuple(builder.mapped)
    parameters = [*(Parameter(name, e.Element(name=name)) for name in mapped), *builder.parameters.values()]
    return TaskCode(
        task,
        wish=task.id,
        parameters=tuple(parameters),
        mapped=mapped,
        body=body,
        doc=task.doc.strip() if task.doc else None,
        returns=returns,
        imports=frozenset(builder.imports),
        rules=rules,
        helpers=helpers,
        uses=tuple(builder.uses),
    )
