"""Task functions for Python calls and shell commands."""

from __future__ import annotations

import ast
from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.model._lengths import mapping_of
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.function import own_returns
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer.python._blocks import as_function, in_front, indented, to_the_end
from workbook_lib.prefect_writer.python._bodies import OUTPUTS, fill, hand_over, names_in, outputs_start, pushes, rebinds
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._names import KEPT_BY_PREFECT, Names
from workbook_lib.prefect_writer.tasks._code import Builder, Parameter, TaskCode, is_default, passes
from workbook_lib.prefect_writer.tasks._scope import Scope


def python_task(task: Task, action: PythonCall, scope: Scope, *, handed_over: bool = True) -> TaskCode:
    function = action.function
    if function.blockers:
        raise Unprintable("; ".join(function.blockers))
    if function.is_async and function.is_generator:
        raise Unprintable("it is an asynchronous generator")
    own = names_in(function.source)
    free = own - {argument.name for argument in function.parameters}
    builder = Builder(task, scope, Names(free))
    builder.printer.taken = own
    for argument in function.parameters:
        builder.names.reserve(argument.name)
    bound = dict(action.arguments)
    parameters: list[Parameter] = []
    preamble: list[str] = []
    worked_out = builder.called_once([*bound.values(), *(span.value for span in function.spans if span.value is not None)])
    for argument in function.parameters:
        value = bound.get(argument.name)
        if value is None and argument.form in ("var_positional", "var_keyword"):
            value = e.ListOf(type="tuple") if argument.form == "var_positional" else e.DictOf()
        if isinstance(value, e.Element) and argument.name in KEPT_BY_PREFECT:
            raise Unprintable(f"it is mapped over its parameter {argument.name!r}, a name that Prefect keeps for itself")
        if argument.name in scope.kept and not isinstance(value, e.Element):
            given = builder.add(argument.name, value) if value is not None and passes(value) else None
            shown = given or (builder.printer.show(value) if value is not None else argument.default or "None")
            preamble.append(f"    {argument.name} = {shown}")
            continue
        if value is None and argument.default is not None:
            value = e.Unknown(source=argument.default, reason="default")
            parameters.append(Parameter(argument.name, value, argument.annotation))
            continue
        if value is None:
            raise Unprintable(f"its parameter {argument.name!r} is given no value")
        if argument.form == "var_positional" and isinstance(value, e.ListOf):
            value = value.model_copy(update={"type": "tuple"})
        annotation = None if argument.form in ("var_positional", "var_keyword") else argument.annotation
        if isinstance(value, e.Element) and (value.name == argument.name or _may_be_renamed(task, action, value, scope)):
            builder.mapped.append(argument.name)
            parameters.append(Parameter(argument.name, value, annotation))
        elif passes(value):
            parameters.append(Parameter(argument.name, value, annotation or _annotation(value)))
            if not rebinds(function.source, argument.name):
                builder.given.setdefault(e.key(value), argument.name)
        else:
            preamble.append(f"    {argument.name} = {builder.printer.show(value)}")

    # What is made of an element takes its name last, when nothing else asks for the element any more.
    preamble.sort(key=lambda text: text.split()[0] in builder.mapped)

    def show(value: e.Expr, wish: str | None) -> str:
        outputs = isinstance(value, e.ListOf) and bool(value.items) and all(isinstance(item, e.TaskOutput) for item in value.items)
        if (isinstance(value, e.TaskOutput) or outputs) and e.key(value) not in builder.parameters and wish and wish not in scope.kept:
            builder.add_named(wish, value)
        elif isinstance(value, e.ListOf) and outputs:
            builder.add(_plural(value, scope.workflow), value, "list")
        known = builder.parameters.get(e.key(value))
        return known.name if known else builder.printer.show(value)

    filled = fill(function, show)
    extra = [parameter for parameter in builder.parameters.values()]
    mapped = tuple(dict.fromkeys(builder.mapped))
    parameters += [Parameter(name, e.Element(name=name)) for name in mapped if name not in {p.name for p in parameters}]
    statements = [*worked_out, *preamble, *filled.hoisted]
    body, returns = filled.body, function.returns if action.returns == "value" else None
    if pushes(function):
        if OUTPUTS in own:
            raise Unprintable(f"it hands over values by name, and uses the name {OUTPUTS!r} itself")
        body, returns = hand_over(body), "dict"
        statements.append(outputs_start(function, asked=(task.id, "return_value") in builder.scope.outputs))
    body = in_front(statements, body)
    if function.is_async or function.is_generator:
        builder.imports.update({"import asyncio"} if function.is_async else ())
        body = to_the_end(function.is_async, body)
    if action.returns == "none" and handed_over:
        ending = 'return run() | {"return_value": None}' if pushes(function) else "run()"
        body = as_function("run", body) + f"    {ending}"
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


def _may_be_renamed(task: Task, action: PythonCall, element: e.Element, scope: Scope) -> bool:
    """Whether the flow can hand over an element under the parameter's own name: it goes to this one parameter alone."""
    mapping = mapping_of(scope.workflow, task)
    values = [value for _, value in action.arguments] + [span.value for span in action.function.spans if span.value is not None]
    names = [part.name for value in values for part in e.walk(value) if isinstance(part, e.Element)]
    return mapping is not None and mapping.form == "product" and names.count(element.name) == 1


def shell_task(task: Task, action: Shell, scope: Scope) -> TaskCode:
    if action.build is not None:
        return _built_shell(task, action, action.build, scope)
    builder = Builder(task, scope, Names())
    parts = (action.command, action.environment, action.directory, *dict(action.pushes).values())
    worked_out = builder.called_once(part for part in parts if part is not None)
    call = shell_call(builder, action)
    skips = call.startswith("run_shell_or_skip(")
    returns = "str" if action.returns == "last_line" else None
    helper, rules = ("run_shell_or_skip", {"Skip"}) if skips else ("run_shell", set[str]())
    front = "".join(f"{statement}\n" for statement in worked_out)
    if action.output is not None:
        before, call = _with_output(builder, action.output, call)
        front, returns = front + before, None
    if action.pushes:
        return built(task, builder, _handing_over(builder, action, front, call), "dict", frozenset({helper}), frozenset(rules))
    if action.after is not None:
        return _followed(task, builder, action, f"{front}    ", call, helper, rules)
    body = f"{front}    return {call}" if action.returns == "last_line" else f"{front}    {call}"
    return built(task, builder, body, returns, helpers=frozenset({helper}), rules=frozenset(rules))


_RETURNED = '"return_value": '


def _handing_over(builder: Builder, action: Shell, front: str, call: str) -> str:
    """The body of a shell task that hands over values by name, besides the last line."""
    if action.after is not None:
        raise Unprintable("it hands over values by name, and calls a function afterwards")
    values = [f"{literal(key)}: {builder.printer.show(value)}" for key, value in action.pushes]
    if action.returns == "none":
        values += [f"{_RETURNED}None"] if (builder.task.id, "return_value") in builder.scope.outputs else []
        return f"{front}    {call}\n    return {{{', '.join(values)}}}"
    return f"{front}    return {{{', '.join([*values, _RETURNED + call])}}}"


def _followed(task: Task, builder: Builder, action: Shell, front: str, call: str, helper: str, rules: set[str]) -> TaskCode:
    """A shell command, and behind it in the same body what a function does then with its last line."""
    assert action.after is not None
    function = action.after.function
    result = next((name for name, value in action.after.arguments if value == e.Element(name="output")), "result")
    rest = function.model_copy(update={"parameters": ()})
    code = python_task(task.model_copy(update={"mapping": None}), PythonCall(function=rest), builder.scope, handed_over=False)
    if own_returns(ast.parse("def f():\n" + code.body).body[0]) or code.mapped or function.is_async or function.is_generator:
        raise Unprintable(f"its `post_execute` function {function.name!r} does not simply run to its end")
    keeps = action.returns == "last_line" or result in names_in("def f():\n" + code.body)
    lines = [f"{front}{result} = {call}" if keeps else f"{front}{call}", code.body]
    lines += [f"    return {result}"] if action.returns == "last_line" else []
    builder.parameters |= {e.key(parameter.value): parameter for parameter in code.parameters}
    builder.imports |= code.imports
    builder.uses += code.uses
    returns = "str" if action.returns == "last_line" and action.output is None else None
    return built(task, builder, "\n".join(lines), returns, helpers=frozenset({helper}), rules=frozenset(rules) | code.rules)


def _with_output(builder: Builder, output: PythonCall | e.Call, call: str) -> tuple[str, str]:
    """What stands in front of a shell command, and the expression for what is made of its last line."""
    if isinstance(output, e.Call):
        printer = Printer(lambda part: call if isinstance(part, e.Element) else None, builder.imports)
        return "", printer.show(output)
    line = next((name for name, value in output.arguments if value == e.Element(name="output")), None)
    if line is None:
        raise Unprintable("what it makes of the output takes no argument")
    front, name = local_function(builder, output, (line,))
    return front, f"{name}({call})"


def local_function(builder: Builder, call: PythonCall, free: tuple[str, ...] = ()) -> tuple[str, str]:
    """A call's function inside the task's own: its text, and its name; the parameters in `free` stay its parameters."""
    function = call.function
    kept = function.model_copy(update={"parameters": tuple(p for p in function.parameters if p.name not in free)})
    rest = call.model_copy(update={"function": kept, "arguments": tuple(pair for pair in call.arguments if pair[0] not in free)})
    plain = builder.task.model_copy(update={"mapping": None})
    code = python_task(plain, rest, builder.scope, handed_over=False)
    if "updated" in code.rules:
        raise Unprintable(f"its function {function.name!r} tells of updated assets")
    if code.rules:
        raise Unprintable(f"its function {function.name!r} may skip")
    for parameter in code.parameters:
        if not is_default(parameter):
            builder.parameters[e.key(parameter.value)] = parameter
    builder.imports |= code.imports
    builder.uses += code.uses
    return f"    def {function.name}({', '.join(free)}):\n{indented(code.body)}\n\n", function.name


def _built_shell(task: Task, action: Shell, build: PythonCall, scope: Scope) -> TaskCode:
    """The command is what a function returns: the function stands inside the task's."""
    code = python_task(task, build, scope)
    builder = Builder(task, scope, Names({p.name for p in code.parameters} | names_in("def f():\n" + code.body)))
    call = shell_call(builder, action, "command()")
    helper = call.split("(", 1)[0]
    front, call = _with_output(builder, action.output, call) if action.output is not None else ("", call)
    start = "return " if action.returns == "last_line" else ""
    return replace(
        code,
        body=as_function("command", code.body) + f"{front}    {start}{call}",
        parameters=(*code.parameters, *builder.parameters.values()),
        returns="str" if start and action.output is None else None,
        helpers=code.helpers | {helper},
        rules=code.rules | ({"Skip"} if helper == "run_shell_or_skip" else set()),
        imports=code.imports | builder.imports,
    )


def shell_call(builder: Builder, action: Shell, command: str | None = None) -> str:
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


def built(task: Task, builder: Builder, body: str, returns: str | None, helpers: frozenset[str], rules: frozenset[str]) -> TaskCode:
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
