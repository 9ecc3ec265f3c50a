"""What comes back for a file, checked and given meaning: from a worker, or from a reading that was kept. Heavy: it loads the model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath

from pydantic import ValidationError

from workbook_lib.findings import Finding
from workbook_lib.model.summary import summary
from workbook_lib.sources._parts import Asked, Part
from workbook_lib.sources.airflow._files import text_of
from workbook_lib.sources.airflow._raw import RawFile
from workbook_lib.sources.airflow.assemble import assemble
from workbook_lib.sources.tracing import Job, Reply, blocked_findings, failure_finding
from workbook_lib.sources.tracing._watching import CONTENT, kind

_OF_THE_DAY = frozenset({"airflow.parse_time_value"})


def checked(reply: Reply, job: Job) -> tuple[RawFile | None, list[Finding]]:
    """The answer as typed data; it comes from a process that ran somebody's program."""
    blocked = blocked_findings(reply, job)
    if reply.failure is not None or reply.answer is None:
        return None, [failure_finding(reply, job), *blocked]
    try:
        raw = RawFile.model_validate(reply.answer)
    except (ValidationError, RecursionError):
        return None, [failure_finding(Reply(failure="garbled"), job), *blocked]
    return raw.model_copy(update={"file": job.shown, "root": _root(job), "findings": (*raw.findings, *blocked)}), []


def _root(job: Job) -> str:
    """The folder that the search began in, as the user named it."""
    depth = len(PurePath(job.file).relative_to(job.base or PurePath(job.file).parent).parts)
    return str(PurePath(*PurePath(job.shown).parts[:-depth]))


def meaning(raw: RawFile, readable: Sequence[str]) -> tuple[Part, list[list[str]]]:
    """The workflows of one file, with the findings of the worker first; and what was looked at for it, as a `Watch` tells it.

    Only files in the folders `readable` are looked at: what the worker names is whatever the traced file wanted it to name.
    """
    looked: dict[str, str] = {}

    def text(path: str) -> str:
        full = os.path.abspath(path)
        if not _within(os.path.realpath(full), readable):
            raise PermissionError(f"{path} lies outside of what may be read")
        looked[full] = kind(full)
        return text_of(path)

    workflows, more = assemble(raw, texts=text)
    part = Part(
        findings=(*raw.findings, *more),
        summaries=tuple((workflow.origin.line, summary(workflow)) for workflow in workflows),
        workflows=tuple(workflows),
        modules=raw.modules,
        asked=tuple(Asked(**one.model_dump()) for one in raw.asked),
    )
    return part, [[CONTENT, path, seen] for path, seen in looked.items()]


def seen_within(looked: Sequence[Sequence[str]] | None, folders: Sequence[str]) -> bool:
    """Whether what a worker says it looked at is known and lies in these folders: nothing else is looked at again on its word."""
    return looked is not None and all(_within(path, folders) and ".." not in path for _, path, _ in looked)


def _within(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def of_the_day(part: Part) -> bool:
    """Whether something in it was taken from the clock or at random: it is the reading of a day."""
    return any(finding.code in _OF_THE_DAY for finding in part.findings)
