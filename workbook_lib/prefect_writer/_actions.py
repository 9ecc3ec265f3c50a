"""Task functions for the actions of the model: Python calls, shell commands, waits, other workflows."""

from __future__ import annotations

from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer._blocks import as_function, in_front, to_the_end
from workbook_lib.prefect_writer._bodies import OUTPUTS, fill, hand_over, names_in, pushes
from workbook_lib.prefect_writer._code import Builder, Parameter, TaskCode, is_default, passes
from workbook_lib.prefect_writer._dates import interval_seconds
from workbook_lib.prefect_writer._expr import Unprintable, literal
from workbook_lib.prefect_writer._names import Names, deployment_name, flow_name
from workbook_lib.prefect_writer._scope import Scope


def python_task(task: Task, action: PythonCall, scope: Scope, *, handed_over: bool = True) -> TaskCode:
    function = action.function
    if function.blockers:
        raise Unprintable("; ".join(function.blockers))
    if function.is_async and function.is_generator:
        raise Unprintable("it is an asynchronous generator")
    own = names_in(function.source)
    free = own - {argument.name for argument in function.parameters}
    builder = Builder(task, scope, Names(free))
    for argument in function.parameters:
        builder.names.reserve(argument.name)
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
        elif passes(value):
            parameters.append(Parameter(argument.name, value, annotation or _annotation(value)))
        else:
            preamble.append(f"    {argument.name} = {builder.printer.show(value)}")

    def show(value: e.Expr, wish: str | None) -> str:
        outputs = isinstance(value, e.ListOf) and bool(value.items) and all(isinstance(item, e.TaskOutput) for item in value.items)
        if (isinstance(value, e.TaskOutput) or outputs) and e.key(value) not in builder.parameters and wish:
            builder.add_named(wish, value)
        elif isinstance(value, e.ListOf) and outputs:
            builder.add(_plural(value, scope.workflow), value, "list")
        known = builder.parameters.get(e.key(value))
        return known.name if known else builder.printer.show(value)

    filled = fill(function, show)
    extra = [parameter for parameter in builder.parameters.values()]
    mapped = tuple(dict.fromkeys(builder.mapped))
    parameters += [Parameter(name, e.Element(name=name)) for name in mapped if name not in {p.name for p in parameters}]
    statements = [*preamble, *filled.hoisted]
    body, returns = filled.body, function.returns if action.returns == "value" else None
    if pushes(function):
        if OUTPUTS in own:
            raise Unprintable(f"it hands over values by name, and uses the name {OUTPUTS!r} itself")
        body, returns = hand_over(body), "dict"
        statements.append(f"    {OUTPUTS} = {{}}")
    body = in_front(statements, body)
    if function.is_async or function.is_generator:
        builder.imports.update({"import asyncio"} if function.is_async else ())
        body = to_the_end(function.is_async, body)
    if action.returns == "none" and handed_over:
        body = as_function("run", body) + "    run()"
    return TaskCode(
        task,
        wish=task.id,
        parameters=tuple(_defaults_last(parameters, extra)),
        mapped=mapped,
        body=body,
        returns=returns,
        imports=frozenset(builder.imports),
        rules=frozenset(filled.rules),
        uses=(*function.uses, *builder.uses),
        notes=("runs in the flow's own interpreter; the packages must be installed there",) if action.isolation != "none" else (),
    )


def shell_task(task: Task, action: Shell, scope: Scope) -> TaskCode:
    if action.build is not None:
        return _built_shell(task, action, action.build, scope)
    builder = Builder(task, scope, Names())
    call = _shell_call(builder, action)
    skips = call.startswith("run_shell_or_skip(")
    returns = "str" if action.returns == "last_line" else None
    body = f"    return {call}" if returns else f"    {call}"
    helper, rules = ("run_shell_or_skip", {"Skip"}) if skips else ("run_shell", set[str]())
    return _built(task, builder, body, returns, helpers=frozenset({helper}), rules=frozenset(rules))


def _built_shell(task: Task, action: Shell, build: PythonCall, scope: Scope) -> TaskCode:
    """The command is what a function returns: the function stands inside the task's."""
    code = python_task(task, build, scope)
    builder = Builder(task, scope, Names({p.name for p in code.parameters} | names_in("def f():\n" + code.body)))
    call = _shell_call(builder, action, "command()")
    helper = call.split("(", 1)[0]
    start = "return " if action.returns == "last_line" else ""
    return replace(
        code,
        body=as_function("command", code.body) + f"    {start}{call}",
        parameters=(*code.parameters, *builder.parameters.values()),
        returns="str" if start else None,
        helpers=code.helpers | {helper},
        rules=code.rules | ({"Skip"} if helper == "run_shell_or_skip" else set()),
        imports=code.imports | builder.imports,
    )


def _shell_call(builder: Builder, action: Shell, command: str | None = None) -> str:
    text = command or builder.printer.show(action.command)
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


def wait_task(task: Task, action: Wait, scope: Scope) -> TaskCode:
    builder = Builder(task, scope, Names())
    helper = "wait_or_skip" if action.soft else "wait_until"
    limit = f", at_most={action.timeout_seconds:g}" if action.timeout_seconds else ""
    tail = f", every={action.interval_seconds:g}{limit})"
    rules = frozenset({"Skip"}) if action.soft else frozenset[str]()
    helpers = {helper}
    notes: tuple[str, ...] = ()
    if action.on == "python" and isinstance(action.check, PythonCall):
        return _python_wait(task, action, python_task(task, action.check, scope, handed_over=False), tail, rules)
    if action.on == "file" and action.target is not None:
        builder.imports.add("from glob import glob")
        condition = f"lambda: bool(glob({builder.printer.show(action.target)}))"
    elif action.on == "shell" and isinstance(action.check, Shell):
        helpers.add("shell_succeeds")
        condition = "lambda: shell_succeeds(" + _shell_call(builder, action.check).split("(", 1)[1]
    elif action.on == "moment" and isinstance(action.target, e.Moment) and action.target.type == "datetime":
        builder.imports.add("from datetime import UTC, datetime")
        condition = f"lambda: datetime.now(UTC) >= {builder.printer.show(action.target)}"
    elif action.on == "duration" and action.target is not None and (length := interval_seconds(scope.workflow)) is not None:
        date_name = builder.printer.show(e.Context(name="logical_date"))
        builder.imports.add("from datetime import UTC, datetime, timedelta")
        seconds = " + ".join([*([f"{length:g}"] if length else []), builder.printer.show(action.target)])
        condition = f"lambda: datetime.now(UTC) >= {date_name} + timedelta(seconds={seconds})"
    elif action.on == "workflow" and action.workflow is not None and (length := interval_seconds(scope.workflow)) is not None:
        date_name = builder.printer.show(e.Context(name="logical_date"))
        builder.imports.add("from datetime import timedelta")
        helpers.add("has_completed")
        behind = f"timedelta(days={length / 86400:g})" if length % 86400 == 0 else f"timedelta(seconds={length:g})"
        condition = f"lambda: has_completed({literal(flow_name(action.workflow))}, {date_name}, behind={behind})"
        if action.task:
            notes = (f"waits for the whole of {action.workflow!r}, not for its task {action.task!r} alone",)
    else:
        raise Unprintable(f"waiting for a {action.on} needs a decision: a schedule, an event trigger or a poll")
    return replace(_built(task, builder, f"    {helper}({condition}{tail}", None, frozenset(helpers), rules), notes=notes)


def _python_wait(task: Task, action: Wait, check: TaskCode, tail: str, rules: frozenset[str]) -> TaskCode:
    if action.hands_over and action.soft:
        raise Unprintable("its check hands over a value, and waiting in vain skips it")
    helper = "wait_for_value" if action.hands_over else "wait_or_skip" if action.soft else "wait_until"
    start = "return " if action.hands_over else ""
    body = as_function("holds", check.body) + f"    {start}{helper}(holds{tail}"
    return replace(check, task=task, body=body, returns=None, helpers=frozenset({helper}), rules=check.rules | rules)


def _built(task: Task, builder: Builder, body: str, returns: str | None, helpers: frozenset[str], rules: frozenset[str]) -> TaskCode:
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


def _defaults_last(parameters: list[Parameter], extra: list[Parameter]) -> list[Parameter]:
    with_default = [p for p in parameters if is_default(p)]
    return [p for p in parameters if not is_default(p)] + extra + with_default


def _annotation(value: e.Expr) -> str | None:
    if isinstance(value, e.Call) and value.function in ("format_date", "str", "iso"):
        return "str"
    if isinstance(value, e.Constant) and value.value is not None:
        return type(value.value).__name__
    return "str" if isinstance(value, e.Format) else None


def _plural(outputs: e.ListOf, workflow: Workflow) -> str:
    """A name for a list of results: after the function that all of them come from."""
    actions = [workflow.task(item.task).action for item in outputs.items if isinstance(item, e.TaskOutput)]
    functions = {action.function.name if isinstance(action, PythonCall) else "" for action in actions}
    return f"{functions.pop()}_results" if len(functions) == 1 and "" not in functions else "results"


def start_task(task: Task, action: StartWorkflow, scope: Scope) -> TaskCode:
    """Start a deployment of another flow; its parameters are the legacy run's configuration."""
    builder = Builder(task, scope, Names())
    if not isinstance(action.workflow, e.Constant):
        raise Unprintable("which workflow it starts is known only when it runs")
    name = str(action.workflow.value)
    builder.imports.add("from prefect.deployments import run_deployment")
    parameters = f", parameters={builder.printer.show(action.parameters)}" if action.parameters is not None else ""
    wait = "" if action.wait else ", timeout=0"
    body = f"    run_deployment({literal(f'{flow_name(name)}/{deployment_name(name)}')}{parameters}{wait}, as_subflow=False)"
    return _built(task, builder, body, None, frozenset(), frozenset())
