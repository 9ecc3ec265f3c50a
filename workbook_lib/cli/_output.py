"""How the command line speaks: one JSON document on stdout, everything else on stderr, errors in one line."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from workbook_lib.findings import Finding, worst

DONE, LEFT, BAD = 0, 1, 2


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


def say(text: str) -> None:
    """A log line."""
    print(one_line(text), file=sys.stderr, flush=True)


def show_findings(findings: Iterable[Finding], limit: int = 20) -> None:
    """Findings for people: the worst first, notes only counted."""
    listed = sorted((f for f in findings if f.severity.needs_human), key=lambda f: f.severity != "error")
    for finding in listed[:limit]:
        place = ":".join(str(part) for part in (finding.file, finding.line) if part is not None)
        say(f"{finding.severity}: {finding.message} ({finding.code}{', ' + place if place else ''}) {finding.advice or ''}")
    if len(listed) > limit:
        say(f"... and {len(listed) - limit} more; --json lists them all")


def status(findings: Iterable[Finding]) -> int:
    """The exit status for what is left to a human."""
    found = worst(list(findings))
    return LEFT if found is not None and found.needs_human else DONE
