"""The small helpers that generated projects carry: only the parts that are used, each as source text."""

from __future__ import annotations

import ast
from functools import cache
from importlib import resources


@cache
def _source(module: str) -> str:
    return resources.files("workbook_lib.prefect_writer.emitted").joinpath(f"{module}.py").read_text(encoding="utf-8")


def whole(module: str) -> str:
    """The emitted module as it stands."""
    return _source(module)


def trimmed(module: str, wanted: set[str], rules: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """The emitted module with only the definitions that `wanted` names and what these need; its own docstring kept.

    Of the table `RULES` only the entries named in `rules` stay.
    """
    source = _without_rules(_source(module), rules)
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    defined: dict[str, ast.stmt] = {}
    for node in tree.body:
        for name in _binds(node):
            defined[name] = node
    keep: set[ast.stmt] = set()
    pending = [name for name in wanted if name in defined]
    while pending:
        node = defined[pending.pop()]
        if node in keep:
            continue
        keep.add(node)
        pending += [name for name in _mentions(node) if name in defined]
    pieces, last = [], 0
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        gap = "".join(lines[last:start])
        last = node.end_lineno or node.lineno
        stays = node in keep or isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        if stays:
            pieces += [gap, "".join(lines[start:last])]
    return "".join(pieces)


def _without_rules(source: str, rules: set[str]) -> str:
    """The tables keyed by rules, with only the entries for `rules`."""
    lines = source.splitlines(keepends=True)
    tables = [node.value for node in ast.parse(source).body if _binds(node) in (["RULES"], ["EARLY"]) and isinstance(node, ast.Assign)]
    for table in reversed([table for table in tables if isinstance(table, ast.Dict)]):
        keys = [key for key in table.keys if isinstance(key, ast.Constant)]
        ends = [key.lineno - 1 for key in keys[1:]] + [(table.end_lineno or 0) - 1]
        for key, end in reversed(list(zip(keys, ends, strict=True))):
            if key.value not in rules:
                del lines[key.lineno - 1 : end]
    return "".join(lines)


def _binds(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _mentions(node: ast.stmt) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        name for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str) for name in [part.value]
    }
