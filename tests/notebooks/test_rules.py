from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from notebooks_rules import BOOKS, broken_rules, load

NAMES = ["00_start_here", "01_assess", "02_rewrite", "03_integrate", "04_pilot", "05_validate", "06_hand_over"]


def test_the_guided_path_is_complete() -> None:
    assert [book.stem for book in BOOKS] == NAMES


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_rules(path: Path) -> None:
    assert list(broken_rules(path)) == []
    nbformat.validate(load(path))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    import re

    links = [link for cell in load(path).cells if cell.cell_type == "markdown" for link in re.findall(r"\]\(([^)]*)\)", cell.source)]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda book: book.cells[3].__setitem__("source", "word " * 81), "the text cell choose has more than 80 words"),
        (lambda book: book.cells[4].__setitem__("source", "1\n" * 11), "the code cell picker has more than 10 lines"),
        (lambda book: book.cells[4].__setitem__("source", "for x in y:\n    x"), "the cell picker holds logic (For)"),
        (lambda book: book.cells[4].__setitem__("source", "x = 1"), "the cell picker ends with nothing to see"),
        (lambda book: book.cells[4].__setitem__("execution_count", 3), "the cell picker has stored outputs"),
        (lambda book: book.cells[2].metadata.__setitem__("tags", []), "it has not exactly one cell tagged `parameters`"),
        (lambda book: book.cells[-2].__setitem__("source", "1"), "it has no check"),
    ],
)
def test_the_rules_can_be_broken(change: object, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import notebooks_rules

    book = load(BOOKS[0])
    change(book)  # type: ignore[operator]
    monkeypatch.setattr(notebooks_rules, "load", lambda path: book)
    assert broken in list(broken_rules(BOOKS[0]))
