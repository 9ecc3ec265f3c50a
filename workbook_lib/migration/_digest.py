"""What a legacy run was made from, as one digest: another one today means that its record is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbook_lib.migration._sources import imports
from workbook_lib.model.workflow import Workflow

_TEXTS = frozenset({".md", ".rst", ".ipynb", ".svg", ".png", ".py", ".pyc"})
_OWN = ("records", "inputs")  # shipped beside the sources, no sources themselves


def sources_digest(folder: Path, workflow: Workflow, inputs: Mapping[str, Mapping[str, Any]]) -> str:
    """A digest over the workflow's file, the files it imports, data and templates beside them, and the inputs whose names they mention.

    `folder` holds the sources, wherever it lies: names count below it. `inputs`: variables, connections and env by name.
    """
    digest = hashlib.sha256()
    texts = []
    for path in sorted(_code(folder, workflow) | _data(folder)):
        content = path.read_bytes()
        texts.append(content)
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(content).digest())
    for kind in ("variables", "connections", "env"):
        used = {name: value for name, value in inputs.get(kind, {}).items() if any(name.encode() in text for text in texts)}
        digest.update(json.dumps(used, sort_keys=True, default=str).encode() + b"\0")
    return "sha256:" + digest.hexdigest()


def _code(folder: Path, workflow: Workflow) -> set[Path]:
    """The definition and what it imports below `folder`; every Python file when the definition is not found there."""
    top = folder.resolve()
    for place in (folder / workflow.origin.file, Path(workflow.origin.file)):
        if place.is_file() and place.resolve().is_relative_to(top):
            definition = folder / place.resolve().relative_to(top)
            return imports(definition, definition.parent, folder, folder / "dags", folder / "plugins")
    return {path for path in folder.rglob("*.py") if "__pycache__" not in path.parts}


def _data(folder: Path) -> set[Path]:
    found = set()
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix not in _TEXTS and parts[0] not in _OWN and not any(part.startswith(".") for part in parts):
            found.add(path)
    return found
