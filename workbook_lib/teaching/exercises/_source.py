"""The source of an exercise: one Python file in jupytext's percent format, from which the exercise and its solution are both made.

A cell starts with `# %% id="name" tags=["a", "b"]`, a text cell with `# %% [markdown] id="name"` and holds comment lines. In a code cell

    # solution
    rows = read()
    # start
    # rows = ...
    # end

the first part stands in the solution, the second, without its comment signs, in the exercise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbook_lib.errors import InputError

FOLDER = Path(__file__).parents[3] / "notebooks" / "exercises"
SOLUTIONS = FOLDER / "solutions"
_HEAD = re.compile(r'# %%(?P<text> \[markdown\])? id="(?P<id>[a-z-]+)"(?: tags=(?P<tags>\[.*\]))?$')
_MAGIC = re.compile(r"# (%%?[a-z])")


@dataclass(frozen=True)
class Cell:
    """One cell; `start` is its code in the exercise, `solution` in the solution, the same where nothing was taken out."""

    id: str
    text: bool
    tags: tuple[str, ...]
    start: str
    solution: str


def cells(path: Path) -> tuple[Cell, ...]:
    """The cells of a source; InputError names a line that is not understood."""
    found: list[Cell] = []
    head: re.Match[str] | None = None
    lines: list[str] = []
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), "# %%"], 1):
        if line != "# %%" and not line.startswith("# %% "):
            if head is None and line.strip():
                raise InputError("a cell has to begin here", file=str(path), line=number, advice='Write `# %% id="name"`.')
            lines.append(line)
            continue
        if head is not None:
            found.append(_cell(head, lines))
        head, lines = _HEAD.match(line), []
        if head is None and line != "# %%":
            raise InputError("not the head of a cell", file=str(path), line=number, advice='Write `# %% id="name" tags=["tag"]`.')
    return tuple(found)


def _cell(head: re.Match[str], lines: list[str]) -> Cell:
    tags = tuple(json.loads(head["tags"] or "[]"))
    if head["text"]:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip()
        return Cell(head["id"], True, tags, text, text)
    code = [_MAGIC.sub(r"\1", line) if number == 0 else line for number, line in enumerate(lines)]
    return Cell(head["id"], False, tags, _part(code, "start"), _part(code, "solution"))


def _part(lines: list[str], wanted: str) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(_chosen(lines, wanted))).strip("\n")


def _chosen(lines: list[str], wanted: str) -> Iterator[str]:
    part = ""
    for line in lines:
        mark = line.strip()
        if mark in ("# solution", "# start", "# end"):
            part = mark.removeprefix("# ").removeprefix("end")
        elif not part or part == wanted == "solution":
            yield line
        elif part == wanted:
            yield re.sub(r"^(\s*)# ?", r"\1", line)


def path_of(name: str) -> Path | None:
    """The source of an exercise by the exercise's name."""
    return next((path for path in sorted(SOLUTIONS.glob("*.py")) if path.stem.partition("_")[2] == name), None)


def answer(path: Path) -> Cell:
    """The cell that the learner fills in."""
    return next(cell for cell in cells(path) if "answer" in cell.tags)
