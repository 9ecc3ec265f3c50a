"""What one file holds, as rooms hand it over one after the other. Light: a part that was kept comes without the model where it may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook_lib.findings import Finding
    from workbook_lib.model.workflow import Workflow


@dataclass(frozen=True)
class Asked:
    """An input ("variable", "connection" or "environment") that a file asked for while it was read; texts for people. `decides`: what
    the reading could not say without it."""

    kind: str
    name: str
    default: str | None = None
    uses: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """`summaries` are the workflows in plain words (`model.summary`), each with the line it begins at; `workflows` the models.

    A part that is read `plain` may come without models. `files` as the user named them, `modules` as in `ReadResult`;
    `asked` is empty for what was kept.
    """

    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    summaries: tuple[tuple[int, dict[str, Any]], ...] = ()
    workflows: tuple[Workflow, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    asked: tuple[Asked, ...] = ()

    def without(self, ids: Collection[str], findings: tuple[Finding, ...]) -> Part:
        """The same without some workflows, and with what there is to say about that."""
        return replace(
            self,
            summaries=tuple(one for one in self.summaries if one[1]["id"] not in ids),
            workflows=tuple(one for one in self.workflows if one.id not in ids),
            findings=(*self.findings, *findings),
        )
