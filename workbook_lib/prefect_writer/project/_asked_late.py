"""Module-level values that need Prefect's server, such as a Variable, become functions: importing a project must not ask for anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeVar

from workbook_lib.model import expr as e
from workbook_lib.model.function import Definition, Span
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.python._renaming import bound_name, renamed, words

T = TypeVar("T", bound=ast.expr)
_CALLED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_WHY = "it asks for a Prefect Variable or a connection while its module is imported, which no flow should do"


def asked_late(workflow: Workflow) -> Workflow:
    """The workflow with `URL = <variable>` as a function `url()`, also what is made of it; what cannot be one is told to be in the way."""
    late: dict[str, Definition] = {}
    blocked: set[str] = set()
    while True:
        known = {bound_name(definition): definition for definition in late.values()}
        found = [d for d in workflow.definitions if d.name not in late and d.name not in blocked and _asks(d, known)]
        if not found:
            break
        for definition in found:
            if definition.form == "constant" and _value(definition.source) is not None:
                late[definition.name] = definition
            else:
                blocked.add(definition.name)
    if not late and not blocked:
        return workflow
    names = _names(workflow, late.values())
    definitions = [
        d.model_copy(update={"blockers": (*d.blockers, _WHY)}) if d.name in blocked else _as_function(d) if d.name in late else d
        for d in workflow.definitions
    ]
    modules = {d.module for d in late.values()}
    workflow = workflow.model_copy(update={"definitions": (*(_cache(module) for module in sorted(modules)), *definitions)})
    return renamed(workflow, names, called=True)


def _cache(module: str) -> Definition:
    name = f"{module}.cache" if module else "cache"
    return Definition(name=name, module=module, form="import", source="from functools import cache\n")


def _asks(definition: Definition, late: dict[str, Definition]) -> bool:
    """Whether importing its module evaluates a variable, by itself or through a name in `late`."""
    outside = _run_at_import(definition)
    kept = (e.Variable, e.Connection)
    spans = [span for span in definition.spans if span.value and any(isinstance(part, kept) for part in e.walk(span.value))]
    if any(start <= span.start < end for span in spans for start, end in outside):
        return True
    needed = {name: other for name, other in late.items() if other.name in definition.uses}
    return any(definition.source[start:end] in needed for start, end in _names_in(definition, outside))


def _run_at_import(definition: Definition) -> list[tuple[int, int]]:
    """The parts of a definition's text that run when its module is imported."""
    functions = [node for node in ast.walk(ast.parse(definition.source)) if isinstance(node, _CALLED)]
    later = [part for node in functions for part in (node.body if isinstance(node.body, list) else [node.body])]
    cut = sorted((_offset(definition.source, part), _offset(definition.source, part, end=True)) for part in later)
    pieces, at = [], 0
    for start, end in cut:
        if start >= at:
            pieces.append((at, start))
        at = max(at, end)
    return [*pieces, (at, len(definition.source))]


def run_at_import(definition: Definition, kind: type[T]) -> Iterable[T]:
    """The nodes of one kind in a definition that its module evaluates when it is imported."""
    parts = _run_at_import(definition)
    for node in ast.walk(ast.parse(definition.source)):
        if isinstance(node, kind) and any(first <= _offset(definition.source, node) < last for first, last in parts):
            yield node


def _names_in(definition: Definition, parts: list[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    for node in ast.walk(ast.parse(definition.source)):
        if isinstance(node, ast.Name):
            start = _offset(definition.source, node)
            if any(first <= start < last for first, last in parts):
                yield start, start + len(node.id)


def _offset(source: str, node: ast.stmt | ast.expr, *, end: bool = False) -> int:
    line, column = ((node.end_lineno or 1), (node.end_col_offset or 0)) if end else (node.lineno, node.col_offset)
    lines = source.split("\n")
    return sum(len(text) + 1 for text in lines[: line - 1]) + len(lines[line - 1].encode()[:column].decode())


def _value(source: str) -> ast.expr | None:
    """What a plain `name = value` assigns."""
    tree = ast.parse(source)
    node = tree.body[0] if len(tree.body) == 1 else None
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.value
    return node.value if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else None


def _as_function(definition: Definition) -> Definition:
    value = _value(definition.source)
    assert value is not None
    start, end = _offset(definition.source, value), _offset(definition.source, value, end=True)
    head = f"@cache\ndef {bound_name(definition)}():\n    return ("
    source = f"{head}{definition.source[start:end]})\n"
    shift = len(head) - start
    spans = [_moved(span, shift) for span in definition.spans if start <= span.start and span.end <= end]
    cache = _cache(definition.module).name
    return definition.model_copy(update={"form": "function", "source": source, "spans": tuple(spans), "uses": (*definition.uses, cache)})


def _moved(span: Span, shift: int) -> Span:
    return span.model_copy(update={"start": span.start + shift, "end": span.end + shift})


def _names(workflow: Workflow, late: Iterable[Definition]) -> dict[str, str]:
    """Functions are called in lower case, where that is free."""
    taken = words(workflow) | {task.id for task in workflow.tasks} | {workflow.id}
    chosen: dict[str, str] = {}
    for definition in late:
        old = bound_name(definition)
        new = next((name for name in (old.lower(), f"{old.lower()}_value") if name not in taken), old)
        new = old if old == old.lower() else new
        taken.add(new)
        chosen[definition.name] = definition.name.removesuffix(old) + new
    return chosen
