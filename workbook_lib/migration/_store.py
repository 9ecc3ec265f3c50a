"""What the migration folder keeps below `.workbook`: models, findings, run records with what they were made from, verdicts.

Secrets are hidden here, on the way in and, as more may have become known meanwhile, on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from workbook_lib.errors import RecordError
from workbook_lib.findings import Finding
from workbook_lib.migration._disk import file_name, read_json, read_text, write, write_all, write_json
from workbook_lib.migration._secrets import Masker, masker
from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow

Engine = Literal["legacy", "pilot"]
INDEX, MASKS = "_made_from.json", "_masks.json"


class Store:
    """Files by workflow id and scenario name; names are made safe, the documents hold the true ones."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".workbook"
        self._parsed: dict[Path, tuple[str, Workflow]] = {}  # models are asked for again and again: with the text that they were made of
        self._read: tuple[object, tuple[Workflow, ...]] | None = None  # all of them, with the signs of the file that lists them

    def masker(self, params: Mapping[str, Any] | None = None) -> Masker:
        """What hides the secrets that are known today; `params` are those of one run."""
        return masker(self.root, params)

    # what was read

    def save_read(self, workflows: Iterable[Workflow], findings: Iterable[Finding]) -> None:
        """Replace the stored models and findings of reading."""
        folder = self.folder / "model"
        files: dict[Path, str | bytes | None] = {path: None for path in folder.glob("*.json")} if folder.is_dir() else {}
        order = []
        for workflow in workflows:
            files[folder / f"{file_name(workflow.id)}.json"] = workflow.to_json() + "\n"
            order.append(workflow.id)
        hide = self.masker()
        document = {"schema": 1, "order": order, "findings": [hide.model(finding).model_dump(mode="json") for finding in findings]}
        files[self.folder / "read.json"] = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        write_all(files)

    def was_read(self) -> bool:
        """Whether there are stored models."""
        return (self.folder / "read.json").is_file()

    def workflows(self) -> tuple[Workflow, ...]:
        """The stored models, in the order of reading."""
        signs = _signs(self.folder / "read.json")  # models change only together with it
        if self._read is None or self._read[0] != signs:
            order = read_json(self.folder / "read.json", {}).get("order", [])
            self._read = signs, tuple(self._workflow(self.folder / "model" / f"{file_name(name)}.json") for name in order)
        return self._read[1]

    def _workflow(self, path: Path) -> Workflow:
        text = read_text(path)
        if text is None:
            raise RecordError("a stored model is missing", file=str(path), advice="Read the sources again.")
        known = self._parsed.get(path)
        if known is None or known[0] != text:
            known = self._parsed[path] = text, Workflow.from_json(text)
        return known[1]

    def findings(self) -> tuple[Finding, ...]:
        """The stored findings of reading."""
        hide = self.masker()
        return tuple(hide.model(Finding.model_validate(item)) for item in read_json(self.folder / "read.json", {}).get("findings", []))

    # runs

    def records(self, engine: Engine, workflow: str) -> Path:
        """The folder of one workflow's records."""
        return self.folder / "records" / engine / file_name(workflow)

    def save_record(self, engine: Engine, record: RunRecord, made_from: str) -> Path:
        """Keep a record, with the digest of what it was made from."""
        folder = self.records(engine, record.workflow)
        path = folder / f"{file_name(record.scenario)}.json"
        write_json(path, self.masker().model(record).document())
        index = read_json(folder / INDEX, {"schema": 1, "made_from": {}})
        index["made_from"][record.scenario] = made_from
        write_json(folder / INDEX, index)
        return path

    def record(self, engine: Engine, workflow: str, scenario: str) -> RunRecord | None:
        """A stored record, or None."""
        text = read_text(self.records(engine, workflow) / f"{file_name(scenario)}.json")
        return None if text is None else self.masker().model(RunRecord.from_json(text))

    def save_masks(self, workflow: str, masks: list[dict[str, Any]]) -> None:
        """Keep what differs between two legacy runs by itself."""
        write_json(self.records("legacy", workflow) / MASKS, masks)

    def masks(self, workflow: str) -> list[dict[str, Any]]:
        """What differs between two legacy runs by itself, as data."""
        found: list[dict[str, Any]] = read_json(self.records("legacy", workflow) / MASKS, [])
        return found

    def made_from(self, engine: Engine, workflow: str, scenario: str) -> str | None:
        """The digest kept with a record, or None."""
        found: str | None = read_json(self.records(engine, workflow) / INDEX, {}).get("made_from", {}).get(scenario)
        return found

    # verdicts

    def save_verdict(self, workflow: str, text: str) -> None:
        """Keep a verdict."""
        write(self.folder / "verdicts" / f"{file_name(workflow)}.json", text)

    def hide_again(self) -> None:
        """Rewrite what was kept before a secret was known as one."""
        hide = self.masker()
        changed: dict[Path, str | bytes | None] = {}
        for path in [self.folder / "read.json", *self.folder.glob("records/*/*/*.json"), *self.folder.glob("verdicts/*.json")]:
            before = read_json(path, {})
            if path.name != INDEX and (after := hide.value(before)) != before:
                changed[path] = json.dumps(after, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        write_all(changed)

    def verdict(self, workflow: str) -> str | None:
        """The stored verdict, or None."""
        return read_text(self.folder / "verdicts" / f"{file_name(workflow)}.json")


def _signs(path: Path) -> tuple[int, int, int] | None:
    """What is another one when a file that is only ever replaced as a whole has changed; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
