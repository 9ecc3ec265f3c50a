"""How each class of a task or an edge looks: a colour that colour-blind people can tell apart, and a mark, so that colour is never alone.

Colours are tints of the Okabe-Ito palette (https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """`mark` names a drawing in `_MARKS`; `text` is what the legend says; `dashed` is the border's line."""

    fill: str
    line: str
    mark: str
    text: str
    dashed: bool = False


_GREEN = ("#d9f0e6", "#00735a")
_BLUE = ("#d8e9f7", "#0060a0")
_ORANGE = ("#fdebc8", "#a85f00")
_RED = ("#fbdccb", "#b23c00")
_PURPLE = ("#f3e0ec", "#9c4a7f")
_GREY = ("#ececec", "#5a5a5a")
_WHITE = ("#ffffff", "#8a8a8a")

LOOKS: dict[str, Look] = {
    # how a task is converted
    "converted": Look(*_BLUE, "check", "converted"),
    "placeholder": Look(*_ORANGE, "pen", "placeholder: left to you", dashed=True),
    # how a task instance stands or ended (model.run.State, and what a live run adds)
    "pending": Look(*_WHITE, "ring", "not started yet"),
    "running": Look(*_BLUE, "play", "running"),
    "retrying": Look(*_ORANGE, "loop", "waiting to try again"),
    "success": Look(*_GREEN, "check", "success"),
    "failed": Look(*_RED, "cross", "failed"),
    "skipped": Look(*_PURPLE, "skip", "skipped", dashed=True),
    "upstream_failed": Look(*_ORANGE, "stop", "upstream failed", dashed=True),
    "removed": Look(*_GREY, "minus", "removed", dashed=True),
    "not_run": Look(*_GREY, "ring", "should have run, did not", dashed=True),
    # what the verdict says
    "equal": Look(*_GREEN, "equal", "equal"),
    "explained": Look(*_BLUE, "note", "explained by a decision"),
    "different": Look(*_RED, "unequal", "different"),
    "not_comparable": Look(*_GREY, "question", "not comparable", dashed=True),
    # how hard it will be
    "outside": Look(*_GREY, "ring", "not among the sources read", dashed=True),
    "plain": Look("#f7f7f5", "#6b6b6b", "", "task"),
}

EDGE_LOOKS: dict[str, tuple[str, str]] = {
    "plain": ("#7a7a7a", "comes after"),
    "choice": ("#7a7a7a", "goes on only if the branch chooses it"),
    "missing": ("#b23c00", "missing: the legacy workflow has it, the flow does not"),
    "extra": ("#9c4a7f", "extra: the flow has it, the legacy workflow does not"),
}

# Marks at the right end of a box, and what the legend says of them.
SIGNS: dict[str, str] = {"branch": "branch", "gate": "short circuit", "folded": "collapsed group"}

# Drawings in a box from -5 to 5, as SVG path data; stroked unless the name is in FILLED.
MARKS: dict[str, str] = {
    "check": "M-4 0L-1 3L4 -3",
    "pen": "M-4 4L-3 1L2 -4L4 -2L-1 3Z",
    "ring": "M-3.5 0A3.5 3.5 0 1 1 3.5 0A3.5 3.5 0 1 1 -3.5 0",
    "play": "M-3 -4L4 0L-3 4Z",
    "loop": "M3.5 -1A3.7 3.7 0 1 0 3 2.2M3.8 -4V-0.8H0.6",
    "cross": "M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5",
    "skip": "M-4 -3.5L-0.5 0L-4 3.5M0.5 -3.5L4 0L0.5 3.5",
    "stop": "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0M-2.8 2.8L2.8 -2.8",
    "minus": "M-4 0H4",
    "equal": "M-4 -1.8H4M-4 1.8H4",
    "unequal": "M-4 -1.8H4M-4 1.8H4M2.2 -4.5L-2.2 4.5",
    "note": "M-4 -1.4C-2.5 -3.4 -1 -3.2 0 -2S2.5 -0.6 4 -2.6M-4 2.4C-2.5 0.4 -1 0.6 0 1.8S2.5 3.2 4 1.2",
    "question": "M-2.6 -2.2C-2.6 -5.4 2.8 -5.4 2.6 -2.2C2.5 -0.4 0 -0.6 0 1.6M0 4V4.4",
    "branch": "M0 -5L5 0L0 5L-5 0Z",
    "folded": "M-4.5 -4.5H4.5V4.5H-4.5ZM-2.5 0H2.5M0 -2.5V2.5",
    "gate": "M-2.2 -4.5V4.5M2.2 -4.5V4.5",
}
FILLED = frozenset({"play"})


def look(name: str) -> Look:
    """The look of a class; an unknown class is drawn plain, with its own name in the legend."""
    return LOOKS.get(name) or Look(*_WHITE, "question", name.replace("_", " "))


# What a box shows that stands for several tasks: the first of these that one of them has.
WORST_FIRST = (
    "failed", "different", "upstream_failed", "not_run", "retrying", "running", "placeholder", "not_comparable", "explained", "pending",
    "skipped", "removed", "outside", "success", "equal", "converted", "plain",
)  # fmt: skip


def worst_look(names: Iterable[str]) -> str:
    """The class of a box that stands for several; an unknown class counts as the worst."""
    return min(names, key=lambda name: WORST_FIRST.index(name) if name in WORST_FIRST else -1, default="plain")
