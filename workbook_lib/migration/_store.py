"""What the migration folder keeps below `.workbook`: models, findings, run records with what they were made from, verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from workbook_lib.errors import RecordError
from workbook_lib.findings import Finding
from workbook_lib.migration._disk import file_name, read_json, read_text, write, write_all, write_json
from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow

Engine = Literal["legacy", "pilot"]
INDEX = "index.json"


class Store:
    """Files by workflow id and scenario name; names are made safe, the documents hold the true ones."""

    def __init__(self, root: Path) -> None:
        self.folder = root / ".workbook"

    # what was read

    def save_read(self, workflows: Iterable[Workflow], findings: Iterable[Finding]) -> None:
        """Replace the stored models and findings of reading."""
        folder = self.folder / "model"
        files: dict[Path, str | bytes | None] = {path: None for path in folder.glob("*.json")} if folder.is_dir() else {}
        order = []
        for workflow in workflows:
            files[folder / f"{file_name(workflow.id)}.json"] = workflow.to_json() + "\n"
            order.append(workflow.id)
        document = {"schema": 1, "order": order, "findings": [finding.model_dump(mode="json") for finding in findings]}
        files[self.folder / "read.json"] = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        write_all(files)

    def was_read(self) -> bool:
        """Whether there are stored models."""
        return (self.folder / "read.json").is_file()

    def workflows(self) -> tuple[Workflow, ...]:
        """The stored models, in the order of reading."""
        order = read_json(self.folder / "read.json", {}).get("order", [])
        return tuple(self._workflow(self.folder / "model" / f"{file_name(name)}.json") for name in order)

    @staticmethod
    def _workflow(path: Path) -> Workflow:
        text = read_text(path)
        if text is None:
            raise RecordError("a stored model is missing", file=str(path), advice="Read the sources again.")
        return Workflow.from_json(text)

    def findings(self) -> tuple[Finding, ...]:
        """The stored findings of reading."""
        return tuple(Finding.model_validate(item) for item in read_json(self.folder / "read.json", {}).get("findings", []))

    # runs

    def records(self, engine: Engine, workflow: str) -> Path:
        """The folder of one workflow's records."""
        return self.folder / "records" / engine / file_name(workflow)

    def save_record(self, engine: Engine, record: RunRecord, made_from: str, *, second: bool = False) -> Path:
        """Keep a record, with the digest of what it was made from; a `second` run lies beside the first."""
        folder = self.records(engine, record.workflow)
        path = folder / _record_name(record.scenario, second)
        write_json(path, record.document())
        if not second:
            index = read_json(folder / INDEX, {"schema": 1, "made_from": {}})
            index["made_from"][record.scenario] = made_from
            write_json(folder / INDEX, index)
        return path

    def record(self, engine: Engine, workflow: str, scenario: str, *, second: bool = False) -> RunRecord | None:
        """A stored record, or None."""
        text = read_text(self.records(engine, workflow) / _record_name(scenario, second))
        return None if text is None else RunRecord.from_json(text)

    def made_from(self, engine: Engine, workflow: str, scenario: str) -> str | None:
        """The digest kept with a record, or None."""
        found: str | None = read_json(self.records(engine, workflow) / INDEX, {}).get("made_from", {}).get(scenario)
        return found

    # verdicts

    def save_verdict(self, workflow: str, text: str) -> None:
        """Keep a verdict."""
        write(self.folder / "verdicts" / f"{file_name(workflow)}.json", text)

    def verdict(self, workflow: str) -> str | None:
        """The stored verdict, or None."""
        return read_text(self.folder / "verdicts" / f"{file_name(workflow)}.json")


def _record_name(scenario: str, second: bool) -> str:
    return file_name(scenario) + ("~2.json" if second else ".json")
