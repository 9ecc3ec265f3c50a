"""`workbook assess` and `workbook convert`."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from workbook_lib.cli._output import CONFLICT, DONE, LEFT, document, one_line, say, show_findings, status
from workbook_lib.cli._read import write_file
from workbook_lib.errors import SourceError, WorkbookError
from workbook_lib.migration import Migration


def assess(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Print the assessment, or write it as a page."""
    from workbook_lib.assess import to_html

    with opened(arguments.path) as migration:
        assessment = migration.assess()
        findings = migration.findings()
        if arguments.html:
            write_file(arguments.html, to_html(assessment))
        if arguments.json:
            stdout.write(document(assessment.document()))
        else:
            stdout.write(one_line(f"{len(migration.workflows())} workflows" + (f"; see {arguments.html}" if arguments.html else "")) + "\n")
            show_findings(findings)
        return status(findings)


def convert(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Make or renew a migration folder and write its project."""
    migration = Migration.create(arguments.out, arguments.path, {"inputs": arguments.inputs} if arguments.inputs else None)
    _has_workflows(migration, arguments.path)
    report = migration.convert(arguments.workflow)
    if arguments.json:
        stdout.write(document(report.document()))
    else:
        show_findings(finding for finding in report.findings if finding.code == CONFLICT)
        for name, tasks in report.statuses.items():
            done = sum(task["status"] == "converted" for task in tasks)
            stdout.write(one_line(f"{name}: {done} of {len(tasks)} tasks converted ({report.project / report.paths[name]})") + "\n")
        for change in report.files:
            if change.what == "merged":
                stdout.write(one_line(f"project/{change.path}: what is new was merged with your edits") + "\n")
        show_findings(finding for finding in report.findings if finding.code != CONFLICT)
    return status(report.findings)


def resolve(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Settle one conflict; 1 while others wait."""
    migration = Migration(arguments.root)
    change = migration.settle(arguments.file, arguments.side)
    left = migration.conflicts()
    if arguments.json:
        stdout.write(document({"schema": 1, "file": str(migration.root / "project" / change.path), "conflicts": list(left)}))
    else:
        stdout.write(one_line(f"project/{change.path}: {change.reason}") + "\n")
        for path in left:
            say(f"conflict: project/{path} is still to be settled")
    return LEFT if left else DONE


@contextlib.contextmanager
def opened(path: str) -> Iterator[Migration]:
    """A migration folder as it is, or a temporary one made from a path of sources."""
    if is_root(path):
        yield Migration(path)
        return
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        root = Path(folder) / "root"
        try:
            migration = Migration.create(root, path)
            _has_workflows(migration, path)
            yield migration
        except WorkbookError as error:  # it may name the copy, which is gone when it is read
            own = str(Path(path).parent if Path(path).is_file() else Path(path))
            for name in ("message", "file", "advice"):
                text = getattr(error, name)
                setattr(error, name, text and text.replace(str(root / "legacy"), own).replace(str(root), path))
            raise


def _has_workflows(migration: Migration, path: str) -> None:
    """Refuse a source without a workflow, naming what was given, not its copy."""
    if not migration.workflows():
        reason = next((f.message for f in migration.findings() if f.severity.needs_human), "")
        raise SourceError("no workflow was found" + (f": {reason}" if reason else "."), file=path)


def is_root(path: str) -> bool:
    """Whether `path` is a migration folder."""
    return (Path(path) / ".workbook" / "migration.json").is_file()
