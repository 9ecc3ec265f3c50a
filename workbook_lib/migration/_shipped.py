"""Recorded legacy runs and values that lie beside the sources, as the shipped examples have them.

`records/<workflow>.json`: `{"schema": 1, "made_from": digest of the sources, "masks": [...], "records": [...]}`, and
`inputs/{variables,connections,env}.json`. They move from the copied sources to their own places in the migration folder; anything else
in folders of these names stays a source.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from workbook_lib.errors import RecordError
from workbook_lib.migration._needs import FILES, path
from workbook_lib.migration._store import Store
from workbook_lib.model.run import RunRecord


def adopt(root: Path) -> None:
    """Take records and inputs out of ROOT/legacy; inputs that the user already has stay as they are."""
    legacy = root / "legacy"
    for place in sorted(legacy.rglob("records/*.json")):
        document = _document(place)
        if document is not None:
            _keep(Store(root), document)
            place.unlink()
            _prune(place.parent, legacy)
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


def _keep(store: Store, document: dict[str, Any]) -> None:
    """Keep shipped records; those that the user made from newer sources stay."""
    made_from = str(document.get("made_from", ""))
    for record in document["records"]:
        if store.made_from("legacy", record.workflow, record.scenario) in (None, "", made_from):
            store.save_record("legacy", record, made_from)
            store.save_masks(record.workflow, document.get("masks", []))


def _document(place: Path) -> dict[str, Any] | None:
    """A file of records with its records loaded; None for any other file."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or found.get("schema") != 1 or not isinstance(found.get("records"), list):
            return None
        return found | {"records": [RunRecord.from_json(record) for record in found["records"]]}
    except (OSError, ValueError, RecordError):
        return None


def _prune(folder: Path, top: Path) -> None:
    """Remove a folder that became empty, and the empty ones above it below `top`."""
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
