"""How the command line speaks: one JSON document on stdout, everything else on stderr, errors in one line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from workbook_lib.errors import UsageError, sentences

if TYPE_CHECKING:  # what reading does not need at once is not loaded at once
    from workbook_lib.findings import Finding

DONE, LEFT, BAD = 0, 1, 2
CONFLICT = "migration.conflict"
MOST_NAMES = 6


@contextlib.contextmanager
def quiet_stdout() -> Iterator[TextIO]:
    """Give out the real stdout; whatever else writes to it meanwhile, child processes included, lands on stderr."""
    sys.stdout.flush()
    try:
        real = os.dup(sys.stdout.fileno())
        target, error = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # stdout is replaced by an object without a file, as tests do
        yield sys.stdout
        return
    os.dup2(error, target)
    stream = os.fdopen(real, "w", encoding="utf-8")
    try:
        yield stream
    finally:
        with contextlib.suppress(BrokenPipeError):  # whoever read the answer has enough
            stream.flush()
        sys.stdout.flush()
        os.dup2(real, target)
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def document(value: dict[str, Any]) -> str:
    """A JSON document on one line; hostile text cannot break it."""
    return json.dumps(value, ensure_ascii=True, default=str) + "\n"


def one_line(text: str) -> str:
    """A message on one line, without control characters."""
    words = " ".join(str(text).split())
    return "".join(c if c.isprintable() else "?" for c in words)


def say(text: str, margin: int = 0) -> None:
    """A log line."""
    print(" " * margin + one_line(text), file=sys.stderr, flush=True)


class NotAgreed(UsageError):
    """There is no consent to a run; `executes` is what it would have executed."""

    def __init__(self, executes: Sequence[str], message: str, *, advice: str | None = None) -> None:
        self.executes = list(executes)
        super().__init__(message, advice=advice)


def show_findings(findings: Iterable[Finding], limit: int = 20) -> None:
    """Findings for people: conflicts first and all of them, then the worst, those that say the same in one line; notes are left out."""
    wanted = [finding for finding in findings if finding.severity.needs_human]
    for finding in wanted:
        if finding.code == CONFLICT:
            message = f"conflict: {finding.message}. The text with markers: {_place(finding)}"
            say(sentences(message, finding.advice))
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in wanted:
        if finding.code != CONFLICT:
            key = (str(finding.severity), finding.code, _without_task(finding), finding.advice or "")
            groups.setdefault(key, []).append(finding)
    listed = sorted(groups.values(), key=lambda group: group[0].severity != "error")
    for group in listed[:limit]:
        say(_line(group))
    if len(listed) > limit:
        say(f"... and {len(listed) - limit} more; --json lists them all")


def _line(group: Sequence[Finding]) -> str:
    first, tasks = group[0], dict.fromkeys(finding.task for finding in group if finding.task)
    message, number = first.message, len(group)
    if number > 1:
        what = f"{len(tasks)} tasks" if len(tasks) == number else f"{number} times"
        message = f"{what}: {_without_task(first)}"
    place = _place(first) + (" ..." if number > 1 and first.file else "")
    names = (
        f" Tasks: {', '.join(list(tasks)[:MOST_NAMES])}{' and more' if len(tasks) > MOST_NAMES else ''}." if number > 1 and tasks else ""
    )
    return sentences(f"{first.severity}: {message} ({first.code}{', ' + place if place else ''})", (first.advice or "") + names)


def _without_task(finding: Finding) -> str:
    """The message without the name of the task that it is about, which is all that keeps it from being said once for several."""
    if finding.task is None:
        return finding.message
    name = re.escape(repr(finding.task))
    return " ".join(re.sub(rf"the task {name}", "the task", finding.message).replace(repr(finding.task), "").split())


def _place(finding: Finding) -> str:
    return ":".join(str(part) for part in (finding.file, finding.line) if part is not None)


def status(findings: Iterable[Finding]) -> int:
    """The exit status for what is left to a human."""
    from workbook_lib.findings import worst

    found = worst(list(findings))
    return LEFT if found is not None and found.needs_human else DONE
