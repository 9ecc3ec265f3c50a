"""What an exercise consists of beside its notebook: the hints, and the misconceptions that its check can name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbook_lib.teaching.exercises._evidence import Evidence


@dataclass(frozen=True)
class Misconception:
    """Something that people believe; `seen` tells from what an answer does that it was believed, `says` what is so instead."""

    name: str
    seen: Callable[[Evidence], bool]
    says: str


@dataclass(frozen=True)
class Lesson:
    """One exercise. `workflow` is the DAG it is about, `hints` go from a nudge to nearly the answer.

    `misconceptions` are asked in their order, what costs least first. `judge`, where there is one, replaces the general end of the check:
    the graph and the verdict.
    """

    workflow: str
    hints: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    judge: Callable[[Evidence], str] | None = None
