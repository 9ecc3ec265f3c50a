"""Bringing the writer's output into the user's project: three ways, file by file, without ever losing an edit."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from workbook_lib.errors import FolderError, MergeConflict
from workbook_lib.findings import Finding, Severity
from workbook_lib.migration import _disk, _merge

Side = Literal["mine", "theirs"]
What = Literal["written", "merged", "kept", "removed", "unchanged", "conflict"]


@dataclass(frozen=True)
class FileChange:
    """What regenerating did to one file of the project; `reason` says why where it is not plain."""

    path: str
    what: What
    reason: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class ConvertReport:
    """What a conversion wrote: the project's place, each file, and the status of each task per workflow.

    `statuses`: workflow id -> tasks as `{"id", "status", "finding"}`, in the order of the source; `paths`: workflow id -> its flow's file.
    """

    project: Path
    files: tuple[FileChange, ...] = ()
    statuses: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def conflicts(self) -> tuple[FileChange, ...]:
        """Files of the user's that were left as they are, because both sides changed the same lines."""
        return tuple(change for change in self.files if change.what == "conflict")

    def document(self) -> dict[str, Any]:
        """The JSON document of `workbook convert`."""
        workflows = [{"id": name, "path": self.paths.get(name), "tasks": list(tasks)} for name, tasks in self.statuses.items()]
        return {"schema": 1, "project": str(self.project), "workflows": workflows, "findings": [f.public() for f in self.findings]}


class Project:
    """The folder ROOT/project, with the writer's last output kept in ROOT/.workbook/base."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "project"
        self.base = root / ".workbook" / "base"
        self.pending = root / ".workbook" / "conflicts"
        self.sides = root / ".workbook" / "conflicts.json"  # path -> a digest of the two sides from which its marked text was made

    def apply(self, files: Mapping[str, str]) -> list[FileChange]:
        """Merge the writer's new output (relative path -> text) into the project; conflicts are left to `resolve`."""
        writes: dict[Path, str | bytes | None] = {}
        bases: dict[Path, str | bytes | None] = {}
        known, sides = _disk.read_json(self.sides, {}), {}
        changes = []
        for path in sorted(set(files) | set(self.based())):
            change, text, base = self._one(path, files.get(path))
            changes.append(change)
            place = self._inside(path)
            if change.what in ("written", "merged", "removed"):
                writes[place] = text
            if change.what == "conflict":
                sides[path] = self._sides(path, files.get(path))
                if known.get(path) == sides[path] and (begun := _disk.read_text(self.pending / path)) is not None:
                    line = _merge.has_markers(begun)  # what the user has settled in it so far stays
                    changes[-1] = replace(change, lines=() if line is None else (line,))
                else:
                    writes[self.pending / path] = text
            else:
                bases[self.base / path] = base
                if (self.pending / path).exists():
                    bases[self.pending / path] = None
        if known != sides:
            writes[self.sides] = json.dumps(sides, indent=2, sort_keys=True) + "\n"
        _disk.write_all(writes | bases)  # the project first: were it cut off here, the next merge finds the same text on both sides
        self._sweep()
        return changes

    def _one(self, path: str, new: str | None) -> tuple[FileChange, str | None, str | None]:
        """What to do with one file: the change, the text to write, the new base."""
        base, yours = _disk.read_text(self.base / path), _disk.read_text(self._inside(path))
        if yours == new:
            return FileChange(path, "unchanged"), None, new
        if yours == base:
            return FileChange(path, "written" if new is not None else "removed"), new, new
        if new is None:
            return FileChange(path, "kept", "it is no longer generated, but you edited it"), None, None
        if yours is None:
            return FileChange(path, "kept", "you deleted it; it was not written again"), None, new
        merged = _merge.merge(base or "", yours, new)
        if merged.conflicts:
            return FileChange(path, "conflict", "you and the converter changed the same lines", merged.conflicts), merged.text, None
        if merged.text == yours:
            return FileChange(path, "kept", "your edits stay; nothing new for it"), None, new
        return FileChange(path, "merged", "your edits and the new output"), merged.text, new

    def rewrite(self, path: str, change: Callable[[str], str]) -> None:
        """Change a file of the project in the same way as the writer's output that it is compared with."""
        texts = {place: _disk.read_text(place) for place in (self._inside(path), self.base / path)}
        _disk.write_all({place: change(text) for place, text in texts.items() if text is not None and change(text) != text})

    def based(self) -> list[str]:
        """Relative paths of what the writer emitted last."""
        files = [path for path in self.base.rglob("*") if path.is_file() and not path.name.startswith(".new-")]
        return [path.relative_to(self.base).as_posix() for path in files]

    def conflict(self, path: str) -> str | None:
        """The text with markers that waits to be resolved for a file, or None."""
        self._inside(path)
        return _disk.read_text(self.pending / path)

    def resolve(self, path: str, text: str, new: str | None) -> None:
        """Settle a conflict with `text`: it becomes the file, and `new` (the writer's output) the base of later merges."""
        line = _merge.has_markers(text)
        if line is not None:
            raise MergeConflict("a conflict marker is left", file=path, line=line, advice="Keep one side and delete the markers.")
        _disk.write_all({self._inside(path): text, self.base / path: new, self.pending / path: None})

    def _sides(self, path: str, new: str | None) -> str:
        yours = _disk.read_text(self._inside(path))
        return hashlib.sha256(json.dumps([yours, new]).encode()).hexdigest()[:32]

    def settled(self, path: str, new: str | None, side: Side | None) -> str:
        """The text that waits for a file, as the user edited it; what is still marked in it is taken from `side`."""
        text, place = self.conflict(path) or "", str(self.pending / path)
        if _disk.read_json(self.sides, {}).get(path, self._sides(path, new)) != self._sides(path, new):
            message = "your file or what the converter writes has changed since this text was made"
            raise MergeConflict(message, file=place, advice="Convert again, which makes it anew.")
        text = _merge.take(text, side) if side else text
        line = _merge.has_markers(text)
        if line is not None:
            advice = "Keep one side and delete the markers, or give --mine or --theirs."
            raise MergeConflict("a conflict marker is left", file=place, line=line, advice=advice)
        return text

    def named(self, given: str) -> str:
        """The path below the project that is meant: as it stands there, from the root, or by the file's or the marked text's own place."""
        place = Path(os.path.abspath(given))
        for folder in (self.folder, self.pending):
            if place.is_relative_to(folder):
                return place.relative_to(folder).as_posix()
        plain = os.path.normpath(given)
        return plain.removeprefix("project/") if not (self.pending / plain).exists() else plain

    def _inside(self, path: str) -> Path:
        """The place of a project file; a path that leads out of the project, also by a link, is refused."""
        place = self.folder / path
        plainly_inside = Path(os.path.normpath(place)).is_relative_to(self.folder)
        if not plainly_inside or not place.parent.resolve().is_relative_to(self.folder.resolve()):
            raise FolderError("leads out of the project", file=path, advice="Replace the link by a folder.")
        return place

    def _sweep(self) -> None:
        """Remove folders of the base that became empty."""
        for folder in sorted((p for p in self.base.rglob("*") if p.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


def conflict_findings(changes: list[FileChange], root: Path) -> list[Finding]:
    """One finding per conflict and per file that was kept from the new output."""
    found, command = [], f"workbook resolve {shlex.quote(str(root))}"
    for change in changes:
        if change.what == "conflict":
            found.append(
                Finding(
                    code="migration.conflict",
                    severity=Severity.WARNING,
                    message=f"project/{change.path}: {change.reason}; your file is unchanged",
                    file=str(root / ".workbook" / "conflicts" / change.path),
                    line=change.lines[0] if change.lines else None,
                    advice=f"Settle what is marked in it, then run `{command} {shlex.quote(change.path)}`; "
                    "with --mine or --theirs it takes your lines or the new ones wherever a mark is left.",
                )
            )
        elif change.what == "kept" and change.reason.startswith(("it is", "you deleted")):
            found.append(
                Finding(
                    code="migration.kept",
                    severity=Severity.NOTE,
                    message=f"project/{change.path}: {change.reason}",
                    file=str(root / "project" / change.path),
                )
            )
    return found
