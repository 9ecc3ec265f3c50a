"""What a run needs to know of a project: the table `[tool.migration]` of its pyproject.toml and the inputs beside it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbook_lib.errors import ProjectError
from workbook_lib.prefect_writer import block_name, variable_name


@dataclass(frozen=True)
class Entry:
    """One workflow's row: `file` (below the project) and `name` of its flow, the logical date's parameter, legacy id -> task run name.

    `return_values`: for tasks that return a dict of what they hand over, the key of the legacy return value.
    """

    file: str
    name: str
    logical_date: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)
    return_values: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str]:
        """Task run name -> legacy task id."""
        return {name: task_id for task_id, name in self.tasks.items()}


def entry(root: Path, workflow_id: str) -> Entry:
    """The workflow's row; ProjectError says what is missing."""
    project = root / "project"
    table = _table(project)
    rows = table.get("workflows", {})
    where = str(project / "pyproject.toml")
    row = rows.get(workflow_id) if isinstance(rows, dict) else None
    if not isinstance(row, dict):
        known = ", ".join(sorted(rows)[:5]) if isinstance(rows, dict) and rows else "none"
        raise ProjectError(
            f"[tool.migration.workflows] has no workflow {workflow_id!r}; it has: {known}", file=where, advice="Convert the workflow again."
        )
    file, _, name = str(row.get("entrypoint", "")).partition(":")
    if not file or not name:
        raise ProjectError(
            f"workflow {workflow_id!r} has no entrypoint of the form \"flows/x.py:flow\"; it says {row.get('entrypoint')!r}", file=where,
            advice="Write the flow's file and name there, or convert the workflow again.",
        )  # fmt: skip
    if not (project / file).is_file():
        raise ProjectError(
            f"the entrypoint of workflow {workflow_id!r} names {file!r}, which does not exist", file=where, advice="Correct the entrypoint."
        )
    tasks = row.get("tasks", {})
    if not isinstance(tasks, dict) or not all(isinstance(value, str) for value in tasks.values()):
        raise ProjectError(f"the task table of workflow {workflow_id!r} must map task ids to task run names", file=where)
    spec = row.get("logical_date", {})
    inner = row.get("return_values", {})
    return Entry(
        file=file,
        name=name,
        logical_date=spec if isinstance(spec, dict) else {},
        tasks=tasks,
        return_values=inner if isinstance(inner, dict) else {},
    )


def variables(root: Path) -> dict[str, Any]:
    """The inputs' variables under the names that the project's table gives them, else those that the writer gives."""
    values = _json(root / "inputs" / "variables.json")
    table = _table(root / "project").get("variables", {})
    return {str(table.get(name) or variable_name(name)): value for name, value in values.items()}


def connections(root: Path) -> dict[str, Any]:
    """The inputs' connections under the names of the Secret blocks that hold them: URIs or objects."""
    return {block_name(name): value for name, value in _json(root / "inputs" / "connections.json").items()}


def limits(root: Path) -> list[str]:
    """The names of the global concurrency limits that stand for the legacy pools."""
    found = _table(root / "project").get("limits", {})
    return sorted(str(name) for name in found.values()) if isinstance(found, dict) else []


def environment(root: Path) -> dict[str, str]:
    """The environment variables that the user supplied."""
    return {name: str(value) for name, value in _json(root / "inputs" / "env.json").items()}


def _table(project: Path) -> dict[str, Any]:
    file = project / "pyproject.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            "there is no generated project here", file=str(project), advice="Convert a workflow into this folder first."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(f"the project's settings cannot be read: {error}", file=str(file), advice="Correct the file.") from error
    found = data.get("tool", {}).get("migration")
    if not isinstance(found, dict):
        raise ProjectError("the project has no table [tool.migration]", file=str(file), advice="Convert a workflow into this folder again.")
    return found


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ProjectError(f"the input file cannot be read: {error}", file=str(file), advice="Correct the file or remove it.") from error
    if not isinstance(data, dict):
        raise ProjectError("the input file must hold one JSON object of names and values", file=str(file), advice="Correct the file.")
    return data
