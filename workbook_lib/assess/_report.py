"""The assessment as plain data; `document()` is what the command line prints."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workbook_lib.model._base import Frozen

Installs = Literal["yes", "no", "unknown"]
Disposition = Literal["convert", "convert with placeholders", "rethink", "retire candidate"]


class Use(Frozen):
    """Something that workflows need or have, and which of them."""

    name: str
    workflows: tuple[str, ...]


class PackageUse(Frozen):
    """A package, and whether it installs beside Prefect as far as that can be told without asking a registry."""

    name: str
    workflows: tuple[str, ...]
    installs: Installs
    reason: str


class OperatorUse(Frozen):
    """A legacy operator class: what kind of action it is, its family, and how many of its tasks will be converted."""

    operator: str
    module: str
    kind: str
    family: str
    tasks: int
    converted: int
    workflows: tuple[str, ...]


class Inventory(Frozen):
    """What the folder holds."""

    workflows: int
    tasks: int
    converted: int
    operators: tuple[OperatorUse, ...] = ()
    schedules: tuple[Use, ...] = ()
    connections: tuple[Use, ...] = ()
    variables: tuple[Use, ...] = ()
    pools: tuple[Use, ...] = ()
    environment: tuple[Use, ...] = ()
    files: tuple[Use, ...] = ()
    modules: tuple[Use, ...] = ()
    packages: tuple[PackageUse, ...] = ()


class Part(Frozen):
    """One term of a formula: `count` times its weight gives `points`."""

    name: str
    count: float
    points: float


class WorkflowReport(Frozen):
    """One workflow: its size, how much of it converts, how complex it is, and what to do with it, with reasons."""

    id: str
    system: str
    file: str
    line: int
    schedule: str
    tasks: int
    placeholders: tuple[str, ...]
    complexity: float
    level: str
    parts: tuple[Part, ...]
    disposition: Disposition
    reasons: tuple[str, ...]
    warnings: int


class Cause(Frozen):
    """Work for a human, all of one cause together. `hours` is a hint, not an estimate."""

    cause: str
    code: str
    severity: str
    family: str
    count: int
    workflows: tuple[str, ...]
    tasks: tuple[str, ...]
    example: str
    advice: str | None
    hours: float


class Tie(Frozen):
    """`before` must be there before `after`: `after` waits for it, is started by it, or consumes the asset `via`."""

    before: str
    after: str
    kind: Literal["waits_for", "starts", "asset"]
    via: str | None = None
    task: str | None = None


class Wave(Frozen):
    """Workflows that can migrate together once all earlier waves have."""

    number: int
    workflows: tuple[str, ...]


class Pilot(Frozen):
    """How fit a workflow is to be the first; `against` says why it may not be."""

    id: str
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()


class Assessment(Frozen):
    """Everything the assessment found. `pilots`: best first, those with a reason against them at the end."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    inventory: Inventory
    workflows: tuple[WorkflowReport, ...] = ()
    human: tuple[Cause, ...] = ()
    ties: tuple[Tie, ...] = ()
    outside: tuple[Tie, ...] = ()
    cycles: tuple[tuple[str, ...], ...] = ()
    waves: tuple[Wave, ...] = ()
    pilots: tuple[Pilot, ...] = ()

    model_config = Frozen.model_config | {"populate_by_name": True}

    @property
    def first(self) -> Pilot | None:
        """The workflow to pilot first, if any is fit."""
        return next((pilot for pilot in self.pilots if not pilot.against), None)

    def document(self) -> dict[str, Any]:
        """The assessment as one JSON document."""
        return self.model_dump(mode="json", by_alias=True) | {"first": self.first.id if self.first else None}
