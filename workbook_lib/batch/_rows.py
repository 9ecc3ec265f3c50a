"""What is known of one workflow after its notebooks, and of all of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workbook_lib.findings import Finding
from workbook_lib.model._base import Frozen

# The verdicts that need nobody, as `workbook validate` has them.
GOOD = ("equal", "explained", "equal as run", "explained as run")

State = Literal["done", "failed", "timed out", "stopped"]


class Book(Frozen):
    """One notebook of a workflow. `path` is where its executed form lies below ROOT; `message` says why it failed or was left out."""

    name: str
    state: Literal["run", "failed", "left out", "not reached"] = "not reached"
    path: str | None = None
    seconds: float = 0
    message: str = ""
    crosses: tuple[str, ...] = ()  # checks that were not passed


class Row(Frozen):
    """One workflow. `verdict` and `headline` are those of the validation, None without one; `pilot` is how the real run ended.

    `key` and `records` say what it was made from; other ones today mean that it has to be done again, and so does a consent that was not
    there (`agreed`: to runs, `recorded`: to records of the legacy engine). `executes` lists what would have
    been executed and was not, because nobody agreed.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: str
    file: str = ""
    state: State = "stopped"
    reason: str = ""
    tasks: int = 0
    converted: int = 0
    pilot: str | None = None
    verdict: str | None = None
    headline: str = ""
    notes: int = 0
    warnings: int = 0
    errors: int = 0
    notebooks: tuple[Book, ...] = ()
    report: str | None = None
    executes: tuple[str, ...] = ()
    seconds: float = 0
    where: str = ""
    reused: bool = False
    key: str = ""
    records: str = ""
    agreed: bool = False
    recorded: bool = False

    model_config = Frozen.model_config | {"populate_by_name": True}

    @property
    def good(self) -> bool:
        """Whether the notebooks ran to their end and nothing differs."""
        return self.state == "done" and self.verdict is not None and self.verdict.partition(",")[0] in GOOD

    @property
    def percent(self) -> int | None:
        """How many of a hundred tasks are converted, rounded down, so that 100 means all of them."""
        return self.converted * 100 // self.tasks if self.tasks else None

    @property
    def outcome(self) -> str:
        """The row in one word or two: the verdict, or why there is none."""
        if self.state != "done":
            return self.state
        return self.verdict or ("not agreed" if self.executes else "no verdict")

    @property
    def explanation(self) -> str:
        """A sentence beside the outcome."""
        if self.reason:
            return self.reason
        if self.executes and self.verdict is None:
            return f"its runs were left out: they execute {len(self.executes)} things, and --yes was not given"
        return self.headline

    def document(self) -> dict[str, Any]:
        """The row as the command line prints it."""
        return {
            "id": self.id,
            "file": self.file,
            "state": self.state,
            "reason": self.reason,
            "tasks": self.tasks,
            "converted": self.converted,
            "percent": self.percent,
            "pilot": self.pilot,
            "verdict": self.verdict,
            "headline": self.headline,
            "good": self.good,
            "findings": {"note": self.notes, "warning": self.warnings, "error": self.errors},
            "notebooks": [book.model_dump(mode="json") for book in self.notebooks],
            "report": self.report,
            "executes": list(self.executes),
            "seconds": round(self.seconds, 1),
            "where": self.where,
            "reused": self.reused,
        }


class Report(Frozen):
    """A whole batch: its rows in the order of the sources, and the findings. `stopped`: it was ended before it was through."""

    source: str
    root: str
    index: str
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    agreed: bool = True
    stopped: bool = False

    @property
    def elsewhere(self) -> tuple[Finding, ...]:
        """Findings for a person that belong to no row: files that could not be read, conflicts."""
        ids = {row.id for row in self.rows}
        return tuple(finding for finding in self.findings if finding.workflow not in ids and finding.severity.needs_human)

    @property
    def good(self) -> bool:
        """Whether nothing differs and no warning is left."""
        clean = not any(finding.severity.needs_human for finding in self.findings)
        return clean and not self.stopped and bool(self.rows) and all(row.good for row in self.rows)

    def document(self) -> dict[str, Any]:
        """The batch as one JSON document."""
        return {
            "schema": 1,
            "source": self.source,
            "root": self.root,
            "index": self.index,
            "good": self.good,
            "agreed": self.agreed,
            "stopped": self.stopped,
            "workflows": [row.document() for row in self.rows],
            "findings": [finding.public() for finding in self.findings],
        }
