"""What was lost, guessed or left to a human while reading, converting or comparing.

A finding is data: it is listed, filtered and stored, never raised. Codes are dotted, `<room>.<what>`, stable over versions.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Severity(StrEnum):
    """How much a finding matters: `note` informs; `warning` and `error` are left to a human."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def needs_human(self) -> bool:
        """Whether this severity turns the exit status to 1."""
        return self is not Severity.NOTE


# Last parts of the codes of all that makes a task a placeholder: work that is done once its body is written.
_UNFINISHED = frozenset({"operator_unknown", "function_blocked", "template_not_compiled", "argument_unknown", "placeholder"})


class Finding(BaseModel):
    """One thing to know, with its place in the legacy source (`line` from 1) and what to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    workflow: str | None = None
    task: str | None = None
    advice: str | None = None

    @property
    def only_unfinished(self) -> bool:
        """Whether it says no more than that its task becomes a placeholder, or why."""
        return self.task is not None and self.code.rpartition(".")[2] in _UNFINISHED

    def public(self) -> dict[str, Any]:
        """The finding as the command line prints it; the four optional keys only where they say something."""
        fixed = {"code": self.code, "severity": str(self.severity), "message": self.message, "file": self.file, "line": self.line}
        more = {"workflow": self.workflow, "task": self.task, "advice": self.advice}
        return fixed | {key: value for key, value in more.items() if value is not None}


def worst(findings: list[Finding] | tuple[Finding, ...]) -> Severity | None:
    """The highest severity among `findings`, or None when there are none."""
    order = list(Severity)
    return max((f.severity for f in findings), key=order.index, default=None)
