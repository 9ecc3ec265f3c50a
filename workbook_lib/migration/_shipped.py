"""Recorded legacy runs and values that lie beside the sources, as the shipped examples have them.

`records/<workflow>/<scenario>.json` with an `index.json` beside them, and `inputs/{variables,connections,env}.json`. They move from the
copied sources to their own places in the migration folder; anything else in folders of these names stays a source.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from workbook_lib.errors import RecordError
from workbook_lib.migration._disk import file_name, write_json
from workbook_lib.migration._needs import FILES, path
from workbook_lib.migration._store import INDEX
from workbook_lib.model.run import RunRecord


def adopt(root: Path) -> None:
    """Take records and inputs out of ROOT/legacy; inputs that the user already has stay as they are."""
    legacy = root / "legacy"
    for folder in sorted(legacy.rglob("records/*")):
        if folder.is_dir() and not folder.is_symlink():
            _records(folder, root / ".workbook" / "records" / "legacy")
    for folder in sorted(legacy.rglob("inputs")):
        for name in FILES:
            given = folder / f"{name}.json"
            if given.is_file():
                if not path(root, name).exists():
                    path(root, name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(given, path(root, name))
                    os.chmod(path(root, name), 0o600)
                given.unlink()
        _prune(folder, legacy)


def _records(folder: Path, target: Path) -> None:
    found = {path: record for path in sorted(folder.glob("*.json")) if path.name != INDEX and (record := _record(path)) is not None}
    if not found:
        return
    workflow = next(iter(found.values())).workflow
    index = _document(folder / INDEX) or {}
    own = target / file_name(workflow)
    kept: dict[str, str] = {name: digest for name, digest in index.get("made_from", {}).items() if isinstance(digest, str)}
    for path_, record in found.items():
        name = file_name(record.scenario) + ("~2.json" if path_.stem.endswith("~2") else ".json")
        write_json(own / name, record.document())
        path_.unlink()
    write_json(own / INDEX, {"schema": 1, "made_from": kept})
    (folder / INDEX).unlink(missing_ok=True)
    _prune(folder, folder.parent.parent)


def _document(place: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _record(place: Path) -> RunRecord | None:
    document = _document(place)
    if document is None or "engine" not in document or "scenario" not in document:
        return None
    try:
        return RunRecord.from_json(document)
    except RecordError:
        return None


def _prune(folder: Path, top: Path) -> None:
    """Remove a folder that became empty, and the empty ones above it below `top`."""
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
