"""Mutations of the graph: what a flow's own function says about its tasks, their order, rules, names, and the run's end."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from mutation_syntax import (
    STEERING,
    WAITING,
    Edit,
    Function,
    assigned,
    blocks,
    functions,
    keyword,
    replaced,
    statements,
    task_calls,
    used,
    walk,
    without,
    without_argument,
)

Edits = Iterator[Edit]
NONE = cst.Name("None")


def _flow(module: cst.Module) -> Function:
    return next(function for function in functions(module) if function.kind == "flow")


def _calls(module: cst.Module) -> list[cst.Call]:
    return task_calls(module, _flow(module).node.body)


def _lists(module: cst.Module, *names: str) -> Iterator[cst.List]:
    for call in _calls(module):
        yield from (arg.value for arg in keyword(call, *names) if isinstance(arg.value, cst.List))


def drop_dependency(module: cst.Module) -> Edits:
    """`after=[a, b]` becomes `after=[b]`, `wait_for` likewise; a `wait(...)` of the flow is left out."""
    for listed in _lists(module, *WAITING):
        yield from (Edit(listed, listed.with_changes(elements=without(listed.elements, item))) for item in listed.elements)
    for block in blocks(_flow(module).node):
        for statement in statements(block):
            call = _expression(statement)
            if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "wait":
                yield Edit(block, replaced(block, statement))


def redirect_dependency(module: cst.Module) -> Edits:
    """`after=[a]` becomes `after=[b]`, b being another run that the flow made before."""
    flow = _flow(module).node
    for block in blocks(flow):
        made: list[str] = []
        for statement in statements(block):
            for call in task_calls(module, statement):
                for arg in keyword(call, *WAITING):
                    yield from _redirected(arg.value, made)
            if task_calls(module, statement):
                made += sorted(assigned(statement))


def _redirected(listed: cst.BaseExpression, made: list[str]) -> Edits:
    for item in listed.elements if isinstance(listed, cst.List) else ():
        others = [name for name in made if name not in used(listed)]
        if isinstance(item.value, cst.Name) and others:
            yield Edit(item.value, cst.Name(others[-1]))


def drop_argument(module: cst.Module) -> Edits:
    """A task is given None in place of one of its arguments."""
    for call in _calls(module):
        first = 1 if isinstance(call.func, cst.Name) and call.func.value in ("submit", "submit_each") else 0
        for arg in call.args[first:]:
            if (arg.keyword is None or arg.keyword.value not in STEERING) and not isinstance(arg.value, cst.SimpleString) and not arg.star:
                yield Edit(arg.value, NONE)


def swap_rule(module: cst.Module) -> Edits:
    """A trigger rule becomes another one, or is left out; a task without one gets `all_done`."""
    for call in _calls(module):
        for arg in keyword(call, "rule"):
            old = arg.value.evaluated_value if isinstance(arg.value, cst.SimpleString) else ""
            yield Edit(call, without_argument(call, arg))
            for other in [name for name in ("all_done", "one_success", "none_failed") if name != old][:2]:
                yield Edit(arg.value, cst.SimpleString(f'"{other}"'))
        by_rule = isinstance(call.func, cst.Name) and call.func.value in ("submit", "submit_each")
        if by_rule and keyword(call, "after") and not keyword(call, "rule"):
            yield Edit(call, call.with_changes(args=[*call.args, cst.Arg(cst.SimpleString('"all_done"'), keyword=cst.Name("rule"))]))


def ignore_failure(module: cst.Module) -> Edits:
    """`wait_for=[a]` becomes `wait_for=[allow_failure(a)]`, and the other way round."""
    for listed in _lists(module, "wait_for"):
        for item in listed.elements:
            value = item.value
            if isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.func.value == "allow_failure":
                yield Edit(value, value.args[0].value)
            else:
                yield Edit(value, cst.parse_expression("__import__('prefect').allow_failure(_)").with_changes(args=[cst.Arg(value)]))


def negate_condition(module: cst.Module) -> Edits:
    """`if x` becomes `if not x`, in the flow and in bodies."""
    for node in walk(module):
        if isinstance(node, cst.If) and not _main_guard(node):
            yield Edit(node.test, cst.UnaryOperation(cst.Not(), node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])))


def _main_guard(node: cst.If) -> bool:
    return "__name__" in used(node.test)


def swap_arms(module: cst.Module) -> Edits:
    """The two arms of an `if` change places, or a task goes on with a branch's other answer."""
    answers: dict[str, list[str]] = {}
    chosen = [node for node in walk(_flow(module).node) if isinstance(node, cst.Call) and _named(node, "chosen") and len(node.args) > 1]
    for node in chosen:
        answers.setdefault(_key(node), []).extend(_said(arg.value) for arg in node.args[1:])
    for node in chosen:
        mine = [_said(arg.value) for arg in node.args[1:]]
        other = next((answer for answer in answers[_key(node)] if answer not in mine), "another")
        yield Edit(node, node.with_changes(args=[node.args[0], cst.Arg(cst.SimpleString(repr(other)))]))
    for node in walk(_flow(module).node):
        if isinstance(node, cst.If) and isinstance(node.orelse, cst.Else):
            yield Edit(node, node.with_changes(body=node.orelse.body, orelse=node.orelse.with_changes(body=node.body)))


def _named(call: cst.Call, name: str) -> bool:
    return isinstance(call.func, cst.Name) and call.func.value == name


def _key(call: cst.Call) -> str:
    return ",".join(sorted(used(call.args[0])))


def _said(node: cst.BaseExpression) -> str:
    return str(node.evaluated_value) if isinstance(node, cst.SimpleString) else ""


def open_gate(module: cst.Module) -> Edits:
    """A task that was skipped runs: `gates`, `needs`, `chosen(...)` or `Setup(...)` is lost."""
    for call in _calls(module):
        yield from (Edit(call, without_argument(call, arg)) for arg in keyword(call, "gates", "needs"))
    for node in walk(_flow(module).node):
        if isinstance(node, cst.Call) and (_named(node, "chosen") or _named(node, "Setup")):
            yield Edit(node, node.args[0].value)


def drop_element(module: cst.Module) -> Edits:
    """A task is mapped over one element less."""
    for call in _calls(module):
        mapped = [call.args[0]] if isinstance(call.func, cst.Attribute) and call.func.attr.value == "map" and call.args else []
        over = [element for arg in keyword(call, "over") if isinstance(arg.value, cst.Dict) for element in arg.value.elements]
        for value in [*(arg.value for arg in mapped), *(element.value for element in over)]:
            if isinstance(value, cst.List) and value.elements:
                yield Edit(value, value.with_changes(elements=without(value.elements, value.elements[-1])))
            elif isinstance(value, cst.Call | cst.Attribute | cst.Name):
                yield Edit(value, cst.parse_expression("_[1:]").with_changes(value=value))


def reorder_calls(module: cst.Module) -> Edits:
    """Two neighbouring statements of the flow change places, where the second one does not need the first one's name."""
    for block in blocks(_flow(module).node):
        lines = [line for line in statements(block) if isinstance(line, cst.SimpleStatementLine)]
        for one, two in zip(lines, lines[1:], strict=False):
            if task_calls(module, one) and task_calls(module, two) and not assigned(one) & used(two) and not _returns(two):
                body = [two if line is one else one if line is two else line for line in block.body]
                yield Edit(block, block.with_changes(body=body))


def _returns(statement: cst.CSTNode) -> bool:
    return any(isinstance(node, cst.Return) for node in walk(statement))


def _expression(statement: cst.BaseStatement) -> cst.BaseExpression | None:
    inner = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return inner.value if isinstance(inner, cst.Expr | cst.Assign) else None


def call_twice(module: cst.Module) -> Edits:
    """A task is called a second time with the same arguments."""
    for block in blocks(_flow(module).node):
        for statement in statements(block):
            call = _expression(statement)
            if call is not None and task_calls(module, statement):
                again = cst.SimpleStatementLine([cst.Expr(call)])
                yield Edit(block, replaced(block, statement, statement, again))


def drop_task(module: cst.Module) -> Edits:
    """A task is never called; what was to come from it is None."""
    for call in _calls(module):
        yield Edit(call, NONE)


def rename_run(module: cst.Module) -> Edits:
    """A task run bears another name than the legacy task."""
    for function in functions(module):
        for decorator in function.node.decorators if function.kind == "task" else ():
            made = decorator.decorator
            if not isinstance(made, cst.Call):
                yield Edit(made, cst.parse_expression(f'task(name="{function.name}_2")'))
            elif not keyword(made, "name", "task_run_name"):
                name = cst.Arg(cst.SimpleString(f'"{function.name}_2"'), keyword=cst.Name("name"))
                yield Edit(made, made.with_changes(args=[name, *made.args]))
            for arg in keyword(made, "name", "task_run_name") if isinstance(made, cst.Call) else ():
                yield from _renamed(arg.value)
    for call in [node for node in walk(_flow(module).node) if isinstance(node, cst.Call)]:
        for arg in keyword(call, "task_run_name", "name"):
            yield from _renamed(arg.value)
    for call in _calls(module):
        first = 1 if isinstance(call.func, cst.Name) and call.func.value in ("submit", "submit_each") else 0
        for arg in call.args[first:]:
            if isinstance(arg.value, cst.SimpleString) and (arg.keyword is None or arg.keyword.value == "name"):
                yield from _renamed(arg.value)


def _renamed(value: cst.BaseExpression) -> Edits:
    if isinstance(value, cst.SimpleString):
        yield Edit(value, cst.SimpleString(f"{value.value[:-1]}_2{value.value[-1]}"))


def drop_return(module: cst.Module) -> Edits:
    """The flow returns nothing: `return finish([...])` becomes `finish([...])`."""
    for node in walk(_flow(module).node):
        if isinstance(node, cst.Return) and node.value is not None:
            yield Edit(node, cst.Expr(node.value))


def drop_leaf(module: cst.Module) -> Edits:
    """One of the runs that the flow's end depends on, or waits for, is left out."""
    for node in walk(_flow(module).node):
        if isinstance(node, cst.Return) and isinstance(node.value, cst.List | cst.Call):
            value = node.value
            lists = [value] if isinstance(value, cst.List) else [arg.value for arg in value.args if isinstance(arg.value, cst.List)]
            for listed in lists:
                yield from (Edit(listed, listed.with_changes(elements=without(listed.elements, item))) for item in listed.elements)


def call_for_submit(module: cst.Module) -> Edits:
    """A run that was submitted is waited for at once, or a state that was taken is thrown."""
    for call in _calls(module):
        for arg in keyword(call, "return_state"):
            yield Edit(call, without_argument(call, arg))
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "submit":
            yield Edit(call, cst.Call(cst.Attribute(call, cst.Name("result"))))
