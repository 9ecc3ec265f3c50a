"""Whether what a batch left behind for a workflow still holds, and what it is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import workbook_lib
from workbook_lib.batch._order import folder
from workbook_lib.batch._rows import Row
from workbook_lib.migration import Migration, file_name
from workbook_lib.model.run import REAL


def digest(books: Iterable[Path]) -> str:
    """What the notebooks say, as one text: with other notebooks everything is done again."""
    found = hashlib.sha256()
    for book in books:
        found.update(book.name.encode() + b"\0" + hashlib.sha256(book.read_bytes()).digest())
    return found.hexdigest()


def key(migration: Migration, workflow: str, books: str) -> str:
    """All that is known before the notebooks run and decides what they show."""
    decisions = json.dumps(migration.decisions.plain(), sort_keys=True, default=str)
    parts = (workbook_lib.__version__, migration.made_from(workflow), decisions, books)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def records(migration: Migration, workflow: str) -> str:
    """Which records of the legacy engine there are, and what they were made from; a batch may make them itself."""
    made = {scenario.name: migration.store.made_from("legacy", workflow, scenario.name) for scenario in migration.scenarios(workflow)}
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def look(migration: Migration, workflow: str) -> dict[str, Any]:
    """What the migration folder holds of the workflow's runs and verdict, as far as it is fresh: fields of a row."""
    found: dict[str, Any] = {"records": records(migration, workflow)}
    made = migration.store.record("pilot", workflow, REAL.name)
    if made is not None and migration.store.made_from("pilot", workflow, REAL.name) == migration.made_from(workflow):
        found["pilot"] = str(made.state)
    verdict = migration.verdict(workflow)
    if verdict is not None and not migration.stale(workflow):
        report = migration.report(workflow)
        found |= {"verdict": verdict.verdict, "headline": verdict.headline, "report": report.relative_to(migration.root).as_posix()}
    return found


def stored(root: Path, workflow: str) -> Row | None:
    """The row that an earlier batch kept; None also where it cannot be read any more."""
    try:
        return Row.model_validate_json(place(root, workflow).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def place(root: Path, workflow: str) -> Path:
    """Where the row of a workflow is kept."""
    return folder(root) / "rows" / f"{file_name(workflow)}.json"


def holds(row: Row, migration: Migration, now: str, agreed: bool, record: bool) -> bool:
    """Whether the row was done to its end, from what there is today (`now`: its key), and all that it links is still there."""
    if (agreed and not row.agreed) or (agreed and record and not row.recorded):
        return False
    if row.state != "done" or row.key != now or row.records != records(migration, row.id):
        return False
    if row.verdict is not None and migration.stale(row.id):
        return False
    links = [book.path for book in row.notebooks if book.path] + ([row.report] if row.report else [])
    return all((migration.root / link).is_file() for link in links)
