"""The process that does one workflow: `python -m workbook_lib.batch._work FOLDER`, FOLDER with its order in it.

What it has done so far stands in FOLDER/row.json, so that nothing is lost when it is ended. It ends, with all that it started, when its
standard input is closed: then whoever started it is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from workbook_lib.batch import _tree
from workbook_lib.batch._clean import clean, crosses
from workbook_lib.batch._execute import execute, last_words
from workbook_lib.batch._fresh import look
from workbook_lib.batch._order import Order, shown
from workbook_lib.batch._rows import Book, Row
from workbook_lib.errors import WorkbookError
from workbook_lib.migration import Migration, file_name, write

ROW, ORDER, DRAFT = "row.json", "order.json", "draft.ipynb"
_RUNS, _JUDGES = "04", "05"  # the notebook that runs the flow, and the one that makes the runs that are missing
_RANKS = "01"  # asks whether this workflow is the best to begin with, which all but one are not
_AUTOSAVE = 0.001  # seconds between two savings of a draft to begin with; papermill doubles it until saving costs a quarter of the time


def main(argv: list[str]) -> int:
    """Do the order in the folder given."""
    work = Path(argv[0])
    order = Order.model_validate_json((work / ORDER).read_text(encoding="utf-8"))
    _tree.adopt_orphans()
    threading.Thread(target=_end_with_parent, args=(Path(order.root),), daemon=True).start()
    do(order, work)
    return 0


def _end_with_parent(root: Path) -> None:
    os.read(0, 1)  # not by way of sys.stdin, whose lock the interpreter wants when it ends
    _tree.end(os.getpid(), _tree.servers(root), itself=False)
    os._exit(3)


def do(order: Order, work: Path) -> None:
    """Run the notebooks one after the other; one that fails does not keep the next from trying."""
    began = time.monotonic()
    books = tuple(Book(name=Path(name).stem) for name, _ in order.books)
    row = Row(id=order.workflow, key=order.key, agreed=order.agreed, recorded=order.agreed and order.record, notebooks=books)
    _say(row, work)
    try:
        migration = Migration(order.root)
        row = _recorded(row, order, migration)
        for number, (name, text) in enumerate(order.books):
            (work / name).write_text(text, encoding="utf-8")
            book, executes = _book(work / name, order, migration, work)
            books = (*row.notebooks[:number], book, *row.notebooks[number + 1 :])
            row = row.model_copy(update={"notebooks": books, "executes": row.executes or executes})
            _say(row, work)
        failed = next((f"{book.name}: {book.message}" for book in row.notebooks if book.state == "failed"), "")
        reason = row.reason or failed
        row = row.model_copy(update={"state": "failed" if reason else "done", "reason": reason} | look(migration, order.workflow))
    except WorkbookError as error:
        row = row.model_copy(update={"state": "failed", "reason": str(error)})
    _say(row.model_copy(update={"seconds": time.monotonic() - began}), work)


def _say(row: Row, work: Path) -> None:
    """Say how far it is, all or nothing."""
    draft = work / f"{ROW}.new"
    draft.write_text(row.model_dump_json(by_alias=True), encoding="utf-8")
    draft.replace(work / ROW)


def _recorded(row: Row, order: Order, migration: Migration) -> Row:
    """Let the legacy engine make the records that are missing, if it may; the notebooks say what is then still missing."""
    missing = migration.missing_runs(order.workflow)["legacy"] if order.record and order.agreed else ()
    if missing:
        try:
            migration.record(order.workflow, missing)
        except WorkbookError as error:
            return row.model_copy(update={"reason": f"the legacy engine made no record: {error}"})
    return row


def _book(book: Path, order: Order, migration: Migration, work: Path) -> tuple[Book, tuple[str, ...]]:
    """One notebook; with what it would have executed where it is left out."""
    if not order.agreed and (executes := _executes(book, migration, order.workflow)):
        return Book(name=book.stem, state="left out", message=f"it executes {len(executes)} things; agree with --yes"), executes
    began = time.monotonic()
    known = {"root": order.root, "source": order.source, "workflow": order.workflow}
    problem = execute(book, work / DRAFT, known, cwd=work, autosave=_AUTOSAVE)
    return keep(book.stem, order, migration, work, problem, time.monotonic() - began), ()


def _executes(book: Path, migration: Migration, workflow: str) -> tuple[str, ...]:
    """What the notebook executes beyond reading; nothing where all that it needs is there and fresh."""
    if book.stem.startswith(_RUNS) or (book.stem.startswith(_JUDGES) and migration.missing_runs(workflow)["pilot"]):
        return tuple(migration.consent(workflow))
    return ()


def keep(name: str, order: Order, migration: Migration, work: Path, problem: str | None, seconds: float) -> Book:
    """Put the notebook that was executed, as far as it came, where people find it; without secrets."""
    hide = migration.store.masker()
    place = shown(Path(order.root)) / file_name(order.workflow) / f"{name}.ipynb"
    problem = None if problem is None else hide.text(problem)
    try:
        text = clean(work / DRAFT, hide)
        write(place, text)
    except Exception as error:
        said = problem or f"it could not be kept: {hide.text(last_words(error))}"
        return Book(name=name, state="failed", seconds=seconds, message=said)
    finally:
        (work / DRAFT).unlink(missing_ok=True)
    path = place.relative_to(order.root).as_posix()
    state = "run" if problem is None else "failed"
    told = () if name.startswith(_RANKS) else crosses(text)
    return Book(name=name, state=state, path=path, seconds=seconds, message=problem or "", crosses=told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
