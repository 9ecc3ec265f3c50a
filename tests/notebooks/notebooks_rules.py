"""The rules that every guided notebook keeps, each a function that says what breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

FOLDER = Path(__file__).parents[2] / "notebooks"
BOOKS = sorted(FOLDER.glob("0*.ipynb"))
PLAIN = {  # widget -> the plain call that does the same
    "SourcePicker": "Migration.create(",
    "GraphView": "migration.svg(",
    "CodeEditor": "migration.check(",
    "PilotPanel": "migration.pilot(",
    "VerdictView": "draw_verdict(",
}
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.With, ast.Lambda)


def load(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(book: Any) -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def text_cells(book: Any) -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == "markdown"]


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def broken_rules(path: Path) -> Iterator[str]:
    """One sentence per rule that the notebook breaks."""
    book = load(path)
    yield from _sizes(book)
    yield from _frame(book, path)
    yield from _parameters(book)
    yield from _code(book)
    yield from _stored(book)


def _sizes(book: Any) -> Iterator[str]:
    for cell in code_cells(book):
        if len(cell.source.splitlines()) > 10:
            yield f"the code cell {cell.id} has more than 10 lines"
    for cell in text_cells(book):
        if len(re.sub(r"\]\([^)]*\)", "]", cell.source).split()) > 80:
            yield f"the text cell {cell.id} has more than 80 words"


def _frame(book: Any, path: Path) -> Iterator[str]:
    first, last = book.cells[0].source, book.cells[-1].source
    if not first.startswith("# "):
        yield "it has no title"
    for part in ("**At the end you have**", "**Minutes:**", "**Previous:**", "**Next:**"):
        if part not in first:
            yield f"its first cell lacks {part}"
    place = BOOKS.index(path)
    for name, other in (("Previous", place - 1), ("Next", place + 1)):
        link = f"]({BOOKS[other].name})" if 0 <= other < len(BOOKS) else "none"
        if f"**{name}:** {'[' + BOOKS[other].stem if link != 'none' else ''}{link}" not in first:
            yield f"its first cell does not link {name}"
    goals = next((cell.source for cell in text_cells(book) if cell.source.startswith("## Goals")), "")
    listed = re.findall(r"^- (You can .+\.)$", goals, re.M)
    if not 3 <= len(listed) <= 5 or len(listed) != goals.count("\n- "):
        yield "its goals are not three to five sentences of the form `You can ... .`"
    for part in ("## You now have", "## If it went wrong", "## Next"):
        if part not in last:
            yield f"its last cell lacks {part}"


def _parameters(book: Any) -> Iterator[str]:
    tagged = [cell for cell in code_cells(book) if "parameters" in tags(cell)]
    if len(tagged) != 1:
        yield "it has not exactly one cell tagged `parameters`"
        return
    names = [target.id for node in ast.parse(tagged[0].source).body for target in node.targets]  # type: ignore[attr-defined]
    if names != ["root", "source", "workflow"]:
        yield "its parameters are not root, source and workflow"


def _code(book: Any) -> Iterator[str]:
    everything = "\n".join(cell.source for cell in code_cells(book))
    for cell in code_cells(book):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, LOGIC):
                yield f"the cell {cell.id} holds logic ({type(node).__name__})"
        if "parameters" not in tags(cell) and not isinstance(tree.body[-1], ast.Expr):
            yield f"the cell {cell.id} ends with nothing to see"
    for widget, plain in PLAIN.items():
        if f"{widget}(" in everything and plain not in everything:
            yield f"{widget} has no plain call {plain} beside it"
    if not any(cell.source.startswith("check.") and "fails-on-purpose" not in tags(cell) for cell in code_cells(book)):
        yield "it has no check"


def _stored(book: Any) -> Iterator[str]:
    for cell in code_cells(book):
        if cell.outputs or cell.execution_count is not None:
            yield f"the cell {cell.id} has stored outputs"
    for cell in book.cells:
        if not re.fullmatch(r"[a-z][a-z-]*", cell.id):
            yield f"the cell id {cell.id} is not a readable name"
    if set(book.metadata) - {"kernelspec", "language_info"}:
        yield f"it stores metadata beyond the kernel: {sorted(set(book.metadata) - {'kernelspec', 'language_info'})}"
