"""Mutations of what tasks do and of how they are set: results, conditions, constants, exceptions, retries, time limits, hooks."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from mutation_syntax import (
    Edit,
    assigned,
    blocks,
    functions,
    is_docstring,
    keyword,
    replaced,
    root,
    statements,
    task_calls,
    walk,
    without_argument,
)

Edits = Iterator[Edit]
# What is said to people only, or names things: no aspect of a run shows it.
TELLING = ("print", "debug", "info", "warning", "error", "exception", "get_run_logger", "getLogger")
SETTINGS = ("retries", "retry_delay_seconds", "timeout_seconds")
OTHER: dict[type[cst.CSTNode], type[cst.CSTNode]] = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.FloorDivide,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Multiply,
    cst.Modulo: cst.Multiply,
    cst.BitOr: cst.BitAnd,
    cst.Equal: cst.NotEqual,
    cst.NotEqual: cst.Equal,
    cst.LessThan: cst.LessThanEqual,
    cst.LessThanEqual: cst.LessThan,
    cst.GreaterThan: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.GreaterThan,
    cst.In: cst.NotIn,
    cst.NotIn: cst.In,
    cst.And: cst.Or,
    cst.Or: cst.And,
}


def _settings(module: cst.Module, *names: str) -> Iterator[tuple[cst.CSTNode, cst.Arg | cst.DictElement]]:
    """Where tasks, flows or a dict of theirs set these names: the call or dict, and the argument or element."""
    for node in walk(module):
        if isinstance(node, cst.Call):
            yield from ((node, arg) for arg in keyword(node, *names))
        if isinstance(node, cst.Dict):
            for element in node.elements:
                key = element.key if isinstance(element, cst.DictElement) else None
                if isinstance(key, cst.SimpleString) and key.evaluated_value in names:
                    yield node, element


def drop_retry(module: cst.Module) -> Edits:
    """A task is tried once less, or never again."""
    for owner, item in _settings(module, "retries"):
        if isinstance(item.value, cst.Integer):
            count = int(item.value.value)
            yield Edit(item.value, cst.Integer(str(max(count - 1, 0))))
            yield Edit(item.value, cst.Integer(str(count + 1)))
        if isinstance(owner, cst.Call):
            yield Edit(owner, without_argument(owner, item))  # type: ignore[arg-type]


def change_delay(module: cst.Module) -> Edits:
    """The time before a retry, or that a task may take, is another one."""
    for _, item in _settings(module, "retry_delay_seconds", "timeout_seconds"):
        numbers = [node for node in walk(item.value) if isinstance(node, cst.Integer | cst.Float)]
        yield from (Edit(node, cst.Float(str(float(node.value) + 1))) for node in numbers)


def drop_hook(module: cst.Module) -> Edits:
    """A callback is lost."""
    for node in walk(module):
        if isinstance(node, cst.Call):
            for arg in keyword(node, "on_failure", "on_completion", "on_running", "on_cancellation", "on_crashed"):
                yield Edit(node, without_argument(node, arg))


def lose_result(module: cst.Module) -> Edits:
    """`return x` in a task or a helper becomes `return None`."""
    for function in functions(module):
        for node in walk(function.node) if function.kind != "flow" else ():
            if isinstance(node, cst.Return) and node.value is not None and not _is_none(node.value):
                yield Edit(node.value, cst.Name("None"))


def _is_none(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def _seen(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """As `walk`, without what only people read, type annotations, names of runs, settings and the program's own start."""
    yield node
    if isinstance(node, cst.Annotation | cst.Raise | cst.Import | cst.ImportFrom | cst.Decorator | cst.Assert):
        return
    if isinstance(node, cst.If) and any(isinstance(part, cst.Name) and part.value == "__name__" for part in walk(node.test)):
        return
    if isinstance(node, cst.Call) and _callee(node) in TELLING:
        return
    for child in node.children:
        if isinstance(child, cst.Arg) and child.keyword is not None and child.keyword.value in (*SETTINGS, "rule", "task_run_name", "name"):
            continue
        if isinstance(child, cst.DictElement) and isinstance(child.key, cst.SimpleString) and child.key.evaluated_value in SETTINGS:
            continue
        if isinstance(node, cst.IndentedBlock | cst.Module) and isinstance(child, cst.SimpleStatementLine) and _is_text(child):
            continue
        yield from _seen(child)


def _callee(call: cst.Call) -> str:
    return call.func.value if isinstance(call.func, cst.Name) else call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _is_text(line: cst.SimpleStatementLine) -> bool:
    return isinstance(line.body[0], cst.Expr) and isinstance(line.body[0].value, cst.SimpleString | cst.ConcatenatedString)


def change_constant(module: cst.Module) -> Edits:
    """A number is one more, a text one letter longer, a truth value the other; of task runs' names see `rename_run`."""
    names = {id(arg.value) for call in task_calls(module, module) for arg in call.args if isinstance(arg.value, cst.SimpleString)}
    for node in _seen(module):
        if isinstance(node, cst.Integer):
            yield Edit(node, cst.Integer(str(int(node.value, 0) + 1)))
        elif isinstance(node, cst.Float):
            yield Edit(node, cst.Float(repr(float(node.value) + 1)))
        elif isinstance(node, cst.SimpleString) and id(node) not in names:
            yield Edit(node, node.with_changes(value=_longer(node)))
        elif isinstance(node, cst.FormattedStringText) and node.value.strip():
            yield Edit(node, node.with_changes(value=node.value.rstrip() + "x" + node.value[len(node.value.rstrip()) :]))
        elif isinstance(node, cst.Name) and node.value in ("True", "False"):
            yield Edit(node, cst.Name("False" if node.value == "True" else "True"))


def _longer(node: cst.SimpleString) -> str:
    quote = len(node.quote)
    return f"{node.value[:-quote]}x{node.value[-quote:]}"


def change_operator(module: cst.Module) -> Edits:
    """`+` becomes `-`, `<` becomes `<=`, `==` becomes `!=`, `and` becomes `or`, and so on."""
    for node in _seen(module):
        other = OTHER.get(type(node))
        if other is not None:
            kept = {name: getattr(node, name) for name in ("whitespace_before", "whitespace_after") if hasattr(node, name)}
            yield Edit(node, other(**kept))


def drop_statement(module: cst.Module) -> Edits:
    """A statement of a task or helper is left out: a call, an assignment, a raise."""
    for function in functions(module):
        for block in blocks(function.node) if function.kind != "flow" else ():
            for statement in statements(block):
                if isinstance(statement, cst.SimpleStatementLine) and not _plain(statement):
                    yield Edit(block, replaced(block, statement))


def _plain(line: cst.SimpleStatementLine) -> bool:
    """Whether the statement is not one to leave out: results have an operator of their own, and what is told is not seen."""
    inner = line.body[0]
    told = isinstance(inner, cst.Expr) and isinstance(inner.value, cst.Call) and _callee(inner.value) in TELLING
    return told or isinstance(inner, cst.Return | cst.Pass | cst.Import | cst.ImportFrom)


def swallow_exception(module: cst.Module) -> Edits:
    """What a body raises, or a blocking call of the flow, is caught and forgotten."""
    for function in functions(module):
        if function.kind == "task":
            block = function.node.body
            assert isinstance(block, cst.IndentedBlock)
            rest = statements(block)
            if rest and not (len(rest) == 1 and isinstance(rest[0], cst.SimpleStatementLine) and isinstance(rest[0].body[0], cst.Pass)):
                doc = [line for line in block.body if is_docstring(block, line)]
                yield Edit(block, block.with_changes(body=[*doc, _tried(rest)]))
        if function.kind == "flow":
            for block in blocks(function.node):
                for statement in statements(block):
                    if isinstance(statement, cst.SimpleStatementLine) and _blocks(module, statement) and not _returns(statement):
                        names = "; ".join(f"{name} = None" for name in sorted(assigned(statement)))
                        yield Edit(block, replaced(block, statement, _tried([statement], names or "pass")))


def _blocks(module: cst.Module, statement: cst.CSTNode) -> bool:
    """Whether a task is called in the statement, and not only started."""
    return any(
        root(call.func) not in ("submit", "submit_each") and isinstance(call.func, cst.Name) for call in task_calls(module, statement)
    )


def _returns(statement: cst.CSTNode) -> bool:
    return any(isinstance(node, cst.Return) for node in walk(statement))


def _tried(body: list[cst.BaseStatement], otherwise: str = "pass") -> cst.Try:
    made = cst.parse_statement(f"try:\n    pass\nexcept Exception:\n    {otherwise}\n")
    assert isinstance(made, cst.Try)
    return made.with_changes(body=cst.IndentedBlock(body=body))


def raise_anew(module: cst.Module) -> Edits:
    """A body or the flow raises where it did not; a handler raises again what it caught."""
    wrong = cst.parse_statement('raise RuntimeError("a mutant")')
    for function in functions(module):
        block = function.node.body
        if function.kind != "helper" and isinstance(block, cst.IndentedBlock):
            doc = [line for line in block.body if is_docstring(block, line)]
            yield Edit(block, block.with_changes(body=[*doc, wrong, *statements(block)]))
        for node in walk(function.node):
            if isinstance(node, cst.ExceptHandler) and isinstance(node.body, cst.IndentedBlock):
                yield Edit(node.body, node.body.with_changes(body=[*node.body.body, cst.parse_statement("raise")]))
