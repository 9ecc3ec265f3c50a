"""Make the exercises from their sources in notebooks/exercises/solutions again: `python tests/notebooks/exercises_make.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from workbook_lib.teaching.exercises import _source

SOURCES = sorted(_source.SOLUTIONS.glob("*.py"))
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}


def target(source: Path) -> Path:
    """The exercise that is made from a source."""
    return _source.FOLDER / f"{source.stem}.ipynb"


def made(source: Path, *, solved: bool = False) -> Any:
    """The notebook: the exercise, or with `solved` its solution."""
    book = nbformat.v4.new_notebook(metadata=KERNEL)
    for cell in _source.cells(source):
        new = nbformat.v4.new_markdown_cell if cell.text else nbformat.v4.new_code_cell
        metadata = {"tags": list(cell.tags)} if cell.tags else {}
        book.cells.append(new(cell.solution if solved else cell.start, id=cell.id, metadata=metadata))
    return book


def text(source: Path) -> str:
    """The exercise's file."""
    return str(nbformat.writes(made(source))) + "\n"


if __name__ == "__main__":
    for source in SOURCES:
        target(source).write_text(text(source), encoding="utf-8")
        print(target(source))
