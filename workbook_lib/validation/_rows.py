"""One judgement about one task and aspect, and how judgements add up."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from workbook_lib.model._base import Frozen, Json

Aspect = Literal["structure", "schedule", "states", "order", "results", "updates", "calls", "outputs"]
ASPECTS: tuple[Aspect, ...] = ("structure", "schedule", "states", "order", "results", "updates", "calls", "outputs")


class Judgement(StrEnum):
    """What was found about one aspect of one task, from best to worst."""

    EQUAL = "equal"
    EXPLAINED = "explained"
    NOT_COMPARABLE = "not comparable"
    DIFFERENT = "different"


class TaskVerdict(Frozen):
    """One row of a verdict. `id` is empty for the run or the workflow itself; `scenario` is empty where nothing ran.

    `legacy` and `pilot` are the two values compared. `placeholder` tells that nothing but an unfinished task keeps it from being compared;
    `decision` names what explains a difference.
    """

    id: str
    map_index: int = -1
    aspect: Aspect
    verdict: Judgement
    legacy: Json = None
    pilot: Json = None
    reason: str = ""
    scenario: str = ""
    placeholder: bool = False
    decision: str = ""

    def public(self) -> dict[str, Any]:
        """The row as the command line prints it."""
        return self.model_dump(mode="json", exclude={"placeholder", "decision"})


AspectResult = TaskVerdict


def worst(verdicts: Iterable[Judgement]) -> Judgement | None:
    """The worst of them; None when there are none."""
    order = list(Judgement)
    return max(verdicts, key=order.index, default=None)


def canonical(value: Json) -> str:
    """A text that is the same for equal JSON values only: 1, 1.0 and true stay apart, the order of keys does not matter."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
