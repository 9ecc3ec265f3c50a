"""Which definitions of a project mean something else than as they were written: what a run shows of them holds for that run only."""

from __future__ import annotations

import ast
from pathlib import Path

from workbook_lib.validation._fingerprint import files


def edited(project: Path, written: Path, workflow_id: str) -> tuple[str, ...]:
    """The functions and constants that a workflow's flow may use and that somebody changed, added or removed, by name.

    `written` holds the project's files as the writer made them; without them nothing is known, and nothing is said. Comments,
    docstrings and layout do not count. A file of the user's own counts where an edited one uses it.
    """
    found: list[str] = []
    for path in files(project, workflow_id):
        before = written / path.relative_to(project)
        if path.suffix != ".py" or not before.is_file():
            continue
        one, other = _definitions(before), _definitions(path)
        where = "" if path.parent.name == "flows" else f"{path.relative_to(project).as_posix()}: "
        found += [where + name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]
    return tuple(found)


def _definitions(path: Path) -> dict[str, str]:
    """What a module's names are bound to, as trees; all else under what it is."""
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError):
        return {"the file": "not read"}
    found: dict[str, str] = {}
    for node in _without_docstrings(tree).body:
        name = _name(node)
        found[name] = found.get(name, "") + ast.dump(node)
    return found


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        return ", ".join(ast.unparse(target) for target in node.targets)
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return "imports" if isinstance(node, ast.Import | ast.ImportFrom) else "the module's own statements"


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree
