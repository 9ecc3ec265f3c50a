"""Three-way merge of one file by lines: what the writer emitted last (base), what the user has (yours), what it emits now (new).

The rule of every three-way merge: where only one side changed a stretch of lines, that side is taken; where both changed it in the same
way, it is taken once; where they differ, it is a conflict, shown between markers.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

YOURS, MIDDLE, NEW = "<<<<<<< yours", "=======", ">>>>>>> regenerated"


@dataclass(frozen=True)
class Merged:
    """The merged text; with `conflicts` (line numbers of their opening markers, from 1) it holds markers."""

    text: str
    conflicts: tuple[int, ...] = ()


def merge(base: str, yours: str, new: str) -> Merged:
    """Bring the change from `base` to `new` into `yours`."""
    if new in (base, yours):
        return Merged(yours)
    if yours == base:
        return Merged(new)
    lines: list[str] = []
    conflicts: list[int] = []
    for ours, theirs in _stretches(_lines(base), _lines(yours), _lines(new)):
        if theirs is None:
            lines += ours
            continue
        conflicts.append(len(lines) + 1)
        lines += [YOURS + "\n", *_closed(ours), MIDDLE + "\n", *_closed(theirs), NEW + "\n"]
    return Merged("".join(lines), tuple(conflicts))


def has_markers(text: str) -> int | None:
    """The line (from 1) of the first conflict marker left in `text`, or None."""
    marks = (YOURS, NEW)
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.rstrip() in marks), None)


def take(text: str, side: Literal["mine", "theirs"]) -> str:
    """The text with one side of every conflict that is still marked."""
    kept: list[str] = []
    within = ""
    for line in _lines(text):
        mark = line.rstrip()
        if not within and mark == YOURS:
            within = "mine"
        elif within == "mine" and mark == MIDDLE:
            within = "theirs"
        elif within and mark == NEW:
            within = ""
        elif within in ("", side):
            kept.append(line)
    return "".join(kept)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _closed(lines: list[str]) -> list[str]:
    """The lines, the last one ended by a line end, so that a marker can follow."""
    return [*lines[:-1], lines[-1].rstrip("\r\n") + "\n"] if lines else []


def _stretches(base: list[str], yours: list[str], new: list[str]) -> list[tuple[list[str], list[str] | None]]:
    """The merged stretches in order: `(lines, None)` where it is clear, `(yours, new)` where both changed differently."""
    result: list[tuple[list[str], list[str] | None]] = []
    at_base = at_yours = at_new = 0
    for b, y, n, length in _common(base, yours, new):
        old, mine, other = base[at_base:b], yours[at_yours:y], new[at_new:n]
        if mine == old:
            result.append((other, None))
        elif other in (old, mine):
            result.append((mine, None))
        else:
            result += _narrowed(mine, other)
        result.append((base[b : b + length], None))
        at_base, at_yours, at_new = b + length, y + length, n + length
    return result


def _narrowed(mine: list[str], other: list[str]) -> list[tuple[list[str], list[str] | None]]:
    """A conflict without the lines at its start and end that both sides share."""
    head = 0
    while head < min(len(mine), len(other)) and mine[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(mine), len(other)) - head and mine[-1 - tail] == other[-1 - tail]:
        tail += 1
    end_mine, end_other = len(mine) - tail, len(other) - tail
    return [(mine[:head], None), (mine[head:end_mine], other[head:end_other]), (mine[end_mine:], None)]


def _common(base: list[str], yours: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """Runs of lines that all three share: (in base, in yours, in new, length), closed by an empty one at the ends."""
    left = SequenceMatcher(None, base, yours, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, new, autojunk=False).get_matching_blocks()
    result: list[tuple[int, int, int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].a, right[j].a)
        end = min(left[i].a + left[i].size, right[j].a + right[j].size)
        if start < end:
            result.append((start, left[i].b + start - left[i].a, right[j].b + start - right[j].a, end - start))
        if left[i].a + left[i].size < right[j].a + right[j].size:
            i += 1
        else:
            j += 1
    return [*result, (len(base), len(yours), len(new), 0)]
