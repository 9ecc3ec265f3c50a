"""Walking a generated flow's syntax tree: its functions, the calls of tasks in it, and the edits that mutants are made by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

# Keywords of `submit`, `submit_each`, `.submit` and `.map` that say when a task runs, not what it is given.
WAITING = ("wait_for", "after")
STEERING = (*WAITING, "gates", "needs", "rule", "over", "return_state")


@dataclass(frozen=True)
class Edit:
    """One node of the tree and what stands there in the mutant."""

    old: cst.CSTNode
    new: cst.CSTNode


@dataclass(frozen=True)
class Function:
    """A function of the module; `kind` is "flow", "task" or "helper"."""

    node: cst.FunctionDef
    kind: str

    @property
    def name(self) -> str:
        return self.node.name.value


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and everything below it, in the order of the source."""
    yield node
    for child in node.children:
        yield from walk(child)


def functions(module: cst.Module) -> list[Function]:
    """The functions at the top of the module."""
    return [Function(node, _kind(node)) for node in module.body if isinstance(node, cst.FunctionDef)]


def _kind(node: cst.FunctionDef) -> str:
    names = {root(decorator.decorator) for decorator in node.decorators}
    return "flow" if "flow" in names else "task" if names & {"task", "materialize"} else "helper"


def root(node: cst.BaseExpression) -> str:
    """The name at the start of `a.b(...).c`."""
    while isinstance(node, cst.Call | cst.Attribute):
        node = node.func if isinstance(node, cst.Call) else node.value
    return node.value if isinstance(node, cst.Name) else ""


def task_calls(module: cst.Module, below: cst.CSTNode) -> list[cst.Call]:
    """The calls that make task runs: `work(...)`, `work.submit(...)`, `work.map(...)`, `submit(work, ...)`, `submit_each(work, ...)`."""
    tasks = {function.name for function in functions(module) if function.kind == "task"}
    return [node for node in walk(below) if isinstance(node, cst.Call) and _runs_task(node, tasks)]


def _runs_task(call: cst.Call, tasks: set[str]) -> bool:
    name = root(call.func)
    if isinstance(call.func, cst.Name):
        return name in tasks or (name in ("submit", "submit_each") and bool(call.args) and root(call.args[0].value) in tasks)
    return isinstance(call.func, cst.Attribute) and call.func.attr.value in ("submit", "map") and name in tasks


def keyword(call: cst.Call, *names: str) -> list[cst.Arg]:
    """The arguments of these names."""
    return [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in names]


def without(items: Sequence[cst.Element], gone: cst.Element) -> list[cst.Element]:
    """The elements of a list but one."""
    return [item.with_changes(comma=cst.MaybeSentinel.DEFAULT) for item in items if item is not gone]


def without_argument(call: cst.Call, gone: cst.Arg) -> cst.Call:
    return call.with_changes(args=[arg.with_changes(comma=cst.MaybeSentinel.DEFAULT) for arg in call.args if arg is not gone])


def blocks(below: cst.CSTNode) -> Iterator[cst.IndentedBlock]:
    """Every indented block, with its statements in order."""
    yield from (node for node in walk(below) if isinstance(node, cst.IndentedBlock))


def assigned(statement: cst.CSTNode) -> set[str]:
    """The names that a statement binds."""
    targets = [target for node in walk(statement) if isinstance(node, cst.Assign) for target in node.targets]
    return {node.value for target in targets for node in walk(target.target) if isinstance(node, cst.Name)}


def used(statement: cst.CSTNode) -> set[str]:
    """All names in a statement."""
    return {node.value for node in walk(statement) if isinstance(node, cst.Name)}


def is_docstring(block: cst.IndentedBlock, statement: cst.CSTNode) -> bool:
    inner = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and statement.body else None
    return block.body[0] is statement and isinstance(inner, cst.Expr) and isinstance(inner.value, cst.SimpleString | cst.ConcatenatedString)


def statements(block: cst.IndentedBlock) -> list[cst.BaseStatement]:
    """The statements of a block without its docstring."""
    return [statement for statement in block.body if not is_docstring(block, statement)]


def replaced(block: cst.IndentedBlock, old: cst.BaseStatement, *new: cst.BaseStatement) -> cst.IndentedBlock:
    """The block with other statements in place of one; `pass` where nothing is left."""
    body = [piece for statement in block.body for piece in (new if statement is old else (statement,))]
    return block.with_changes(body=body or [cst.parse_statement("pass")])


def text(node: cst.CSTNode) -> str:
    """The source of a node in one line."""
    return " ".join(cst.Module(body=[]).code_for_node(node).split())
