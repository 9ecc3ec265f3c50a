"""What a workflow needs around it, and which of it has been given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbook_lib.migration._disk import read_json, write_all
from workbook_lib.model.workflow import Workflow

Kind = Literal["variable", "connection", "pool", "environment", "package", "file", "module", "schedule"]
FILES = ("variables", "connections", "env")


@dataclass(frozen=True)
class Need:
    """One thing a workflow needs. `given`: its value is in ROOT/inputs, or None where that does not apply."""

    kind: Kind
    name: str
    given: bool | None = None


def needs(root: Path, workflow: Workflow) -> list[Need]:
    """Connections, variables, pools, environment, packages, files and the schedule, in this order."""
    have = {name: set(read(root, name)) for name in FILES}
    required = workflow.requirements
    found = [Need("connection", name, name in have["connections"]) for name in required.connections]
    found += [Need("variable", name, name in have["variables"]) for name in required.variables]
    found += [Need("environment", name, name in have["env"]) for name in required.environment]
    found += [Need("pool", name) for name in required.pools]
    found += [Need("package", name) for name in required.packages]
    found += [Need("file", name, (root / "legacy" / name).exists()) for name in required.files]
    found += [Need("module", name) for name in required.modules]
    if workflow.schedule.kind != "none":
        found.append(Need("schedule", workflow.schedule.text))
    return found


def path(root: Path, name: str) -> Path:
    """Where the values of `variables`, `connections` or `env` are kept."""
    return root / "inputs" / f"{name}.json"


def read(root: Path, name: str) -> dict[str, Any]:
    """The values given for `variables`, `connections` or `env`."""
    found: dict[str, Any] = read_json(path(root, name), {})
    return found


def write(root: Path, values: dict[str, dict[str, Any]]) -> None:
    """Add values (None takes one back); the files can be read by their owner only, because they may hold secrets."""
    files: dict[Path, str | bytes | None] = {}
    for name, added in values.items():
        kept = {key: value for key, value in (read(root, name) | added).items() if value is not None}
        files[path(root, name)] = json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_all(files, private=True)
