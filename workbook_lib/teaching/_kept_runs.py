"""Recorded runs of the shipped examples' flows, so that a checkpoint need not run them again.

`notebooks/checkpoints/<workflow>.json`: `{"schema": 1, "made_from": digest, "records": [...]}`. The digest is over all that such a run
depends on, the folder's own place left out. Where anything has changed since, nothing is taken, and the flow is run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbook_lib.errors import RecordError
from workbook_lib.migration import sources_digest
from workbook_lib.model.run import RunRecord, Scenario
from workbook_lib.model.workflow import Workflow

KINDS: tuple[Literal["variables", "connections", "env"], ...] = ("variables", "connections", "env")

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

FOLDER = Path(__file__).parents[2] / "notebooks" / "checkpoints"


def adopt(migration: Migration, workflow: str, scenarios: Iterable[Scenario], folder: Path = FOLDER) -> int:
    """Take the recorded runs in `scenarios` that are still what a run would give; how many."""
    try:
        document = json.loads((folder / f"{workflow}.json").read_text("utf-8"))
        records = [RunRecord.from_json(record) for record in document["records"]]
        made_from = document["made_from"]
    except (OSError, ValueError, KeyError, TypeError, RecordError):
        return 0
    if made_from != digest(migration, workflow):
        return 0
    waiting = migration.missing_runs(workflow)["pilot"]
    missing = {scenario.name for scenario in scenarios if scenario in waiting}
    taken = [record for record in records if record.workflow == workflow and record.scenario in missing]
    now = migration.made_from(workflow)
    for record in taken:
        migration.store.save_record("pilot", record, now)
    return len(taken)


def document(migration: Migration, workflow: str) -> dict[str, Any]:
    """The runs that a migration holds of a workflow, to be shipped; what they logged is left out."""
    found = [migration.store.record("pilot", workflow, scenario.name) for scenario in migration.scenarios(workflow)]
    told = [record for record in found if record is not None]
    quiet = [r.model_copy(update={"tasks": tuple(run.model_copy(update={"log_tail": ""}) for run in r.tasks)}) for r in told]
    records = [record.document() for record in quiet]
    return {"schema": 1, "made_from": digest(migration, workflow), "records": records}


def digest(migration: Migration, workflow: str) -> str:
    """What a run of the workflow's flow depends on, wherever the folder lies."""
    from workbook_lib.validation import project_files

    project = migration.root / "project"
    read = migration.workflow(workflow)
    model = Workflow.from_json(read.to_json().replace(json.dumps(str(migration.root))[1:-1], ""))
    inputs: dict[str, dict[str, Any]] = {kind: migration.inputs(kind) for kind in KINDS}
    rehearsed = [scenario.model_dump(mode="json", exclude_defaults=True) for scenario in migration.scenarios(workflow)]
    parts = [
        json.dumps(model.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True),
        json.dumps(rehearsed, sort_keys=True),
        sources_digest(migration.root / "legacy", read, inputs),
        *(f"{path.relative_to(project).as_posix()}\0{path.read_text('utf-8')}" for path in project_files(project, workflow)),
        "prefect " + version("prefect"),
    ]
    return "sha256:" + hashlib.sha256("\0\0".join(parts).encode()).hexdigest()
