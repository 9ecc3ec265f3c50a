"""A hash over everything that a verdict depends on; another one today means that the verdict is stale."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from workbook_lib.model.workflow import Workflow

SHARED = ("pyproject.toml", "prefect.yaml")


def fingerprint(project: Path, workflow: Workflow, *engines: str) -> str:
    """`sha256:...` over the workflow's model, the project's files that its flow may use, and the engines' versions.

    Files: every Python file but tests and the flows of other workflows (unless a file that counts mentions their module), and the
    project's two descriptions. The order of files on the disk does not matter.
    """
    digest = hashlib.sha256()
    for text in (workflow.to_json(), *engines):
        _add(digest, text.encode())
    for path in files(project, workflow.id):
        _add(digest, path.relative_to(project).as_posix().encode())
        _add(digest, path.read_bytes())
    return "sha256:" + digest.hexdigest()


def files(project: Path, workflow_id: str) -> list[Path]:
    """The project's files on which the verdict about a workflow depends, sorted."""
    python = [
        path
        for path in sorted(project.rglob("*.py"))
        if not any(part.startswith(".") or part in ("tests", "__pycache__") for part in path.relative_to(project).parts)
    ]
    foreign = _foreign(project, workflow_id)
    kept = [path for path in python if path not in foreign]
    waiting = [path for path in python if path in foreign]
    found = True
    while found:
        text = b"\n".join(path.read_bytes() for path in kept)
        found = [path for path in waiting if path.stem.encode() in text] != []
        kept += [path for path in waiting if path.stem.encode() in text]
        waiting = [path for path in waiting if path not in kept]
    return sorted([*kept, *(project / name for name in SHARED if (project / name).is_file())])


def _foreign(project: Path, workflow_id: str) -> set[Path]:
    """The flow files of the other workflows; none when the table cannot be read, so that every file counts."""
    try:
        flows = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["tool"]["migration"]["workflows"]
        entries = {name: project / str(flow["entrypoint"]).partition(":")[0] for name, flow in flows.items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError):
        return set()
    return {path for name, path in entries.items() if name != workflow_id and path != entries.get(workflow_id)}


def _add(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(str(len(data)).encode() + b":" + data)
