"""Findings about the enclosure itself: what was refused, and which layers this machine does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbook_lib.sources.tracing._client import Job, Reply

if TYPE_CHECKING:  # the server starts before the library is loaded
    from workbook_lib.findings import Finding

# What `_tampering` tells, in other words than a call that is refused.
_WORDS = {
    "replaced": "what is replaced at module level is put back before the DAGs are read: ",
    "thread": "a thread that still runs at the end of the file is stopped",
}
_NOT_DONE = " is not done while reading: "
_MARKERS = re.compile("\ue000[^\ue001]*\ue001")  # symbolic values within a text


def blocked_findings(reply: Reply, job: Job) -> list[Finding]:
    """One finding for each attempt that was refused, whatever the worker answered later."""
    from workbook_lib.findings import Finding, Severity

    return [
        Finding(
            code="tracing.blocked",
            severity=Severity.WARNING,
            message=f"{_WORDS.get(told['what'], told['what'] + _NOT_DONE)}{_MARKERS.sub('...', told['detail'])[:100]}".rstrip(": "),
            file=_shown(told["file"], job),
            line=told["line"],
            advice="Move it from module level into a task.",
        )
        for told in reply.blocked
    ]


def _shown(file: str, job: Job) -> str:
    """A file as the user named it: as the file of the job was named."""
    try:
        inside, own = Path(file).relative_to(job.base), Path(job.file).relative_to(job.base)
    except ValueError:
        return job.shown if file in ("", job.file) else file
    named = Path(job.shown)
    if named.parts[-len(own.parts) :] != own.parts:
        return job.shown if file == job.file else str(inside)
    return str(Path(*named.parts[: len(named.parts) - len(own.parts)], inside))


def missing_findings(missing: Iterable[str]) -> list[Finding]:
    """A note for each layer that could not be put in place."""
    from workbook_lib.findings import Finding, Severity

    notes = {
        "landlock": Finding(
            code="tracing.no_landlock",
            severity=Severity.NOTE,
            message="this system has no Landlock: what files may be read and written is guarded by the audit hook alone",
            advice="On Linux 5.13 or newer, or in WSL, the kernel encloses the reading as well.",
        ),
        "seccomp": Finding(
            code="tracing.no_seccomp",
            severity=Severity.NOTE,
            message="this system has no seccomp filter that is known here: network and processes are guarded by the audit hook alone",
            advice="On Linux on x86-64 or 64-bit ARM, or in WSL, the kernel refuses these system calls as well.",
        ),
    }
    return [notes[layer] for layer in missing]
