"""Executing one notebook by papermill; what the demonstration and a batch have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALLOWED = "raises-exception"  # the tag of cells in which an error is part of the lesson
ON_PURPOSE = "fails-on-purpose"  # exercises: a workflow may be too small for them
_SECONDS_TO_START = 120  # of a kernel, on a machine that others use too
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def execute(book: Path, target: Path, known: Mapping[str, Any], *, cwd: Path | None = None, autosave: float = 30) -> str | None:
    """Run `book` into `target`; what went wrong, or None.

    Of `known` those values are given that the notebook has parameters for. An error in a cell that is tagged as one that may fail
    ends nothing.
    """
    import papermill
    from papermill.exceptions import PapermillException

    try:
        wanted = papermill.inspect_notebook(str(book))
        draft = load(book)
        for cell in draft.cells:
            tags = cell.metadata.get("tags", [])
            if ON_PURPOSE in tags and ALLOWED not in tags:
                cell.metadata["tags"] = [*tags, ALLOWED]
        target.write_text(text_of(draft), encoding="utf-8")
        papermill.execute_notebook(
            str(target),
            str(target),
            parameters={name: value for name, value in known.items() if name in wanted},
            cwd=str(cwd or book.parent),
            progress_bar=False,
            store_widget_state=False,
            start_timeout=_SECONDS_TO_START,
            autosave_cell_every=autosave,
            extra_arguments=["--log-level=ERROR"],  # each kernel would warn about how it is reached, in the middle of a line
        )
    except PapermillException as error:
        return None if _only_allowed(target) else last_words(error)
    except Exception as error:  # no notebook, a kernel that dies, a disk that is full
        return last_words(error)
    return None


def last_words(error: BaseException) -> str:
    """The last line of an error, which says what happened."""
    lines = [line.strip() for line in _ANSI.sub("", str(error)).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _only_allowed(target: Path) -> bool:
    """Whether each cell with an error may have one; the banners that papermill put above them are taken out again."""
    book = load(target)
    failed = [cell for cell in book.cells if any(output.output_type == "error" for output in cell.get("outputs", []))]
    if not failed or any(ALLOWED not in cell.metadata.get("tags", []) for cell in failed):
        return False
    book.cells = [cell for cell in book.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
    target.write_text(text_of(book), encoding="utf-8")
    return True


def load(path: Path) -> Any:
    """The notebook at `path`, its cells and outputs as objects."""
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types


def text_of(book: Any) -> str:
    """A notebook as its file has it."""
    import nbformat

    return str(nbformat.writes(book)) + "\n"  # type: ignore[no-untyped-call]
