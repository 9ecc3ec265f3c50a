"""The verdict on one workflow: all rows, what they add up to, and in which words."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError

from workbook_lib.errors import RecordError
from workbook_lib.model._base import Frozen
from workbook_lib.validation._masks import Mask
from workbook_lib.validation._rows import ASPECTS, Aspect, Judgement, TaskVerdict, worst


class ScenarioVerdict(Frozen):
    """What one scenario showed. `verdict` is None for a scenario that was left out on purpose; `reason` says why."""

    name: str
    kind: Literal["real", "rehearsal"]
    verdict: Judgement | None
    reason: str = ""

    def public(self) -> dict[str, Any]:
        """The scenario as the command line prints it."""
        return {"name": self.name, "kind": self.kind, "verdict": str(self.verdict or "left out"), "reason": self.reason}


class Verdict(Frozen):
    """Whether a project's flow does what the legacy workflow does.

    `verdict` is equal, explained, different, not comparable, "equal in rehearsal, N placeholders", or "equal as run, N edited" (or both:
    "equal in rehearsal, N placeholders, M edited"); `headline` says it in one sentence. `edited` is what was changed by hand since it was
    written: runs that are equal do not prove that it is. `unproven` are tasks whose bodies ran in neither engine's real run, so that
    nothing is known of what they do. `filled_in` counts the states of `instances` task instances that no pilot showed and the rules filled
    in. `fingerprint` names what was judged: when it is not today's any more, the verdict is stale.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    workflow: str
    verdict: str
    headline: str
    tasks: tuple[TaskVerdict, ...] = ()
    scenarios: tuple[ScenarioVerdict, ...] = ()
    masks: tuple[Mask, ...] = ()
    placeholders: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    filled_in: int = 0
    instances: int = 0
    fingerprint: str = ""
    edited: tuple[str, ...] = ()

    model_config = Frozen.model_config | {"populate_by_name": True}

    @property
    def aspects(self) -> dict[Aspect, Judgement]:
        """The worst judgement of each aspect that was looked at."""
        found = {aspect: worst(row.verdict for row in self.tasks if row.aspect == aspect) for aspect in ASPECTS}
        return {aspect: judgement for aspect, judgement in found.items() if judgement is not None}

    @property
    def differences(self) -> tuple[TaskVerdict, ...]:
        """The rows that are different and that no decision explains."""
        return tuple(row for row in self.tasks if row.verdict is Judgement.DIFFERENT)

    def of_task(self, task_id: str, aspect: Aspect) -> Judgement | None:
        """The worst judgement of one aspect of a task over all scenarios and instances; None where there was nothing to compare."""
        return worst(row.verdict for row in self.tasks if row.id == task_id and row.aspect == aspect)

    def document(self) -> dict[str, Any]:
        """The verdict as one JSON document."""
        return {
            "schema": 1,
            "verdict": self.verdict,
            "workflow": self.workflow,
            "aspects": {aspect: str(judgement) for aspect, judgement in self.aspects.items()},
            "tasks": [row.public() for row in self.tasks],
            "scenarios": [scenario.public() for scenario in self.scenarios],
            "masks": [{"id": mask.id, "map_index": mask.map_index, "path": mask.text} for mask in self.masks],
            "unproven": [*self.unproven],
            "edited": [*self.edited],
        }

    def to_json(self) -> str:
        """The stored form; `from_json` loads it again."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str | bytes | dict[str, Any]) -> Verdict:
        """Load a stored verdict; RecordError names what does not fit."""
        try:
            return cls.model_validate(text if isinstance(text, dict) else json.loads(text))
        except (ValueError, ValidationError) as error:
            raise RecordError(f"not a stored verdict of schema 1: {str(error).splitlines()[0]}") from error
