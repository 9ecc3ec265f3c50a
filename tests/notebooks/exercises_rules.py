"""The rules of guided notebooks as exercises keep them: shorter, with an answer cell that holds code, and without stored answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exercises_make import SOURCES, made
from notebooks_rules import LOGIC, code_cells, tags, text_cells


def broken_rules(source: Path) -> Iterator[str]:
    """One sentence per rule that the exercise breaks."""
    book = made(source)
    yield from _sizes(book)
    yield from _frame(book, source)
    yield from _code(book)
    if made(source, solved=True) == book:
        yield "nothing is left to the learner"


def _sizes(book: Any) -> Iterator[str]:
    for cell in code_cells(book):
        if not cell.source.startswith("%%answer") and len(cell.source.splitlines()) > 10:
            yield f"the code cell {cell.id} has more than 10 lines"
    for cell in text_cells(book):
        if len(re.sub(r"\]\([^)]*\)", "]", cell.source).split()) > 80:
            yield f"the text cell {cell.id} has more than 80 words"


def _frame(book: Any, source: Path) -> Iterator[str]:
    first, last, place = book.cells[0].source, book.cells[-1].source, SOURCES.index(source)
    if not first.startswith(f"# Exercise {place + 1}: "):
        yield "it has no title with its number"
    for part in ("**At the end you have**", "**Minutes:**"):
        if part not in first:
            yield f"its first cell lacks {part}"
    for name, other in (("Previous", place - 1), ("Next", place + 1)):
        link = f"[{SOURCES[other].stem}]({SOURCES[other].stem}.ipynb)" if 0 <= other < len(SOURCES) else "none"
        if f"**{name}:** {link}" not in first:
            yield f"its first cell does not link {name}"
    goals = next((cell.source for cell in text_cells(book) if cell.source.startswith("## Goals")), "")
    listed = re.findall(r"^- (You can .+\.)$", goals, re.M)
    if not 2 <= len(listed) <= 5 or len(listed) != goals.count("\n- "):
        yield "its goals are not two to five sentences of the form `You can ... .`"
    for part in ("## You now have", "## If it went wrong", "## Next"):
        if part not in last:
            yield f"its last cell lacks {part}"
    ids = [cell.id for cell in book.cells]
    if len(ids) != len(set(ids)):
        yield "two of its cells have one name"


def _code(book: Any) -> Iterator[str]:
    for wanted in ("parameters", "answer", "check"):
        if len([cell for cell in code_cells(book) if wanted in tags(cell)]) != 1:
            yield f"it has not exactly one cell tagged `{wanted}`"
    for cell in code_cells(book):
        tree = ast.parse(cell.source.partition("\n")[2] if cell.source.startswith("%%") else cell.source)
        if "answer" in tags(cell) or cell.source.startswith("%%answer"):
            continue
        if any(isinstance(node, LOGIC) for node in ast.walk(tree)):
            yield f"the cell {cell.id} holds logic"
        if "parameters" not in tags(cell) and not isinstance(tree.body[-1], ast.Expr):
            yield f"the cell {cell.id} ends with nothing to see"
