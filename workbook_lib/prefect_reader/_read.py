"""The two ways in: a workflow of a project folder, or the text in an editor."""

from __future__ import annotations

import ast
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbook_lib.errors import ProjectError
from workbook_lib.prefect_reader._flow import FlowProgram, find_flow
from workbook_lib.prefect_reader._modules import Modules, read
from workbook_lib.prefect_reader._program import Problem
from workbook_lib.prefect_reader._values import Scope


def read_flow(project: Path, workflow_id: str) -> FlowProgram:
    """The flow of a project that stands for a legacy workflow, by the table in its pyproject.toml.

    ProjectError when there is no such table, entry or file; a file that is no valid Python gives a program with `problems`.
    """
    project = Path(project)
    entry = _entry(project, workflow_id)
    entrypoint = entry.get("entrypoint")
    file, _, flow_name = str(entrypoint).rpartition(":")
    if not file or not flow_name.isidentifier():
        raise ProjectError(
            f"the workflow {workflow_id!r} has no usable entrypoint: {entrypoint!r}",
            file=str(project / "pyproject.toml"),
            advice='Write it as entrypoint = "flows/name.py:name".',
        )
    path = project / file
    if not path.resolve().is_relative_to(project.resolve()):
        raise ProjectError(f"the entrypoint {entrypoint!r} leads out of the project", file=str(project / "pyproject.toml"))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"the flow of {workflow_id!r} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}",
            file=str(path),
            advice="Correct the entrypoint in pyproject.toml, or write the project again.",
        ) from error
    names = {str(task_id): str(name) for task_id, name in _table(entry.get("tasks")).items()}
    return read_source(text, flow_name=flow_name, task_names=names, file=file, project=project)


def read_source(
    text: str, *, flow_name: str, task_names: Mapping[str, str], file: str = "flow.py", project: Path | None = None
) -> FlowProgram:
    """The flow in a text. With `project`, imports of the project's own modules are followed there."""
    modules = Modules(Path(project) if project is not None else None)
    tree, problem = _parse(text)
    if tree is None:
        return FlowProgram(None, modules, task_names, file, [problem] if problem else [])
    scope = Scope({"__name__": _dotted(file)}, None, _dotted(file))
    try:
        read(tree, scope, modules)
        flow = find_flow(tree, scope.names, flow_name)
    except RecursionError:
        return FlowProgram(None, modules, task_names, file, [Problem("the text is nested too deeply to be read", 1, 1)])
    problems = [] if flow is not None else [Problem(f"there is no @flow function called {flow_name!r}", *_place(tree, flow_name))]
    return FlowProgram(flow, modules, task_names, file, problems)


def _parse(text: str) -> tuple[ast.Module | None, Problem | None]:
    try:
        return ast.parse(text), None
    except SyntaxError as error:
        return None, Problem(f"this is not valid Python: {error.msg}", error.lineno, error.offset)
    except (ValueError, RecursionError, MemoryError) as error:
        return None, Problem(f"this is not valid Python: {str(error) or type(error).__name__}", 1, 1)


def _entry(project: Path, workflow_id: str) -> dict[str, Any]:
    path = project / "pyproject.toml"
    try:
        data = _toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(
            "there is no project here: pyproject.toml cannot be read", file=str(path), advice="Write the project first."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"this is not valid TOML: {error}", file=str(path), advice="Correct it by hand.") from error
    workflows = _table(_table(_table(data.get("tool")).get("migration")).get("workflows"))
    if not isinstance(workflows.get(workflow_id), dict):
        names = ", ".join(sorted(workflows)[:3]) + (" ..." if len(workflows) > 3 else "")
        raise ProjectError(
            f"[tool.migration.workflows] has no workflow {workflow_id!r}", file=str(path), advice=f"It has: {names or 'none'}."
        )
    return dict(workflows[workflow_id])


@functools.lru_cache(maxsize=2)
def _toml(text: str) -> dict[str, Any]:
    """The project's description, parsed once for all workflows in it."""
    return tomllib.loads(text)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dotted(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _place(tree: ast.Module, name: str) -> tuple[int, int]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node.lineno, node.col_offset + 1
    return 1, 1
