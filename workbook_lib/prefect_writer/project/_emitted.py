"""The small helpers that generated projects carry: only the parts that are used, each as source text."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

# The emitted modules that flows, or each other, import from; each has a name of its own for all that it defines.
MODULES = (
    ("trigger_rules", "mapped_tasks", "upstream", "rule_table", "fail_fast")  # rules and what stands behind them
    + ("shell", "waiting", "other_flows", "dates", "variables", "connections", "templates", "assets")
)
_TABLES = (["RULES"], ["EARLY"])  # by rule


@cache
def _source(module: str) -> str:
    return resources.files("workbook_lib.prefect_writer.emitted").joinpath(f"{module}.py").read_text(encoding="utf-8")


def whole(module: str) -> str:
    """The emitted module as it stands."""
    return _source(module)


@cache
def homes() -> dict[str, str]:
    """The emitted module by each public name that it defines."""
    return {
        node.name: module
        for module in MODULES
        for node in ast.parse(_source(module)).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }


def carried(wanted: Mapping[str, Collection[str]], rules: Collection[str] = ()) -> dict[str, str]:
    """By emitted module the text with the definitions that are wanted of it, and with what these need, of other modules, too.

    Of the tables keyed by trigger rules only the entries for `rules` stay.
    """
    asked = {module: set(names) for module, names in wanted.items()}
    pending, texts = list(asked), {}
    while pending:
        module = pending.pop()
        texts[module], needs = _trimmed(module, asked[module], frozenset(rules))
        for other, names in needs.items():
            if not names <= asked.get(other, set()):
                asked[other] = asked.get(other, set()) | names
                pending.append(other)
    return texts


def _trimmed(module: str, wanted: set[str], rules: frozenset[str]) -> tuple[str, dict[str, set[str]]]:
    """The module with only the definitions that `wanted` names and what these need, its docstring kept; and what it needs of others."""
    source = _without_rules(_source(module), rules)
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    defined: dict[str, ast.stmt] = {}
    for node in tree.body:
        for name in _binds(node):
            defined[name] = node
    keep: set[ast.stmt] = set()
    used: set[str] = set()
    pending = [name for name in wanted if name in defined]
    while pending:
        name = pending.pop()
        used.add(name)
        node = defined[name]
        if node not in keep:
            keep.add(node)
            pending += [name for name in _mentions(node) if name in defined]
    pieces, last = [], 0
    needs: dict[str, set[str]] = {}
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        gap = "".join(lines[last:start])
        last = node.end_lineno or node.lineno
        stays = node in keep or isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        if stays:
            pieces += [gap, "".join(lines[start:last])]
        if node in keep and isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared."):
            needs.setdefault((node.module or "").removeprefix("shared."), set()).update(set(_binds(node)) & used)
    return "".join(pieces), needs


def _without_rules(source: str, rules: frozenset[str]) -> str:
    """The tables keyed by rules, with only the entries for `rules`."""
    lines = source.splitlines(keepends=True)
    tables = [node.value for node in ast.parse(source).body if _binds(node) in _TABLES and isinstance(node, ast.Assign)]
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
