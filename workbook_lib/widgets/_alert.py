"""Where a widget says what went wrong: an error in a callback is shown in place, never swallowed and never only in a log."""

from __future__ import annotations

import html
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import ipywidgets

from workbook_lib.errors import WorkbookError

_COLOURS = {"error": ("#fbdccb", "#b23c00"), "good": ("#d9f0e6", "#00735a"), "note": ("#ececec", "#5a5a5a")}
_MARKS = {"error": "\u2715", "good": "\u2713", "note": "\u2022"}


class Telling:
    """A widget that can `say` something, and so shows errors in place."""

    def say(self, text: str, kind: str = "note", *, more: str = "") -> None:
        """Show `text`; `more` can be unfolded."""
        raise NotImplementedError

    def error(self, error: BaseException) -> None:
        """Show an error: its own message; for one that is not ours also the traceback."""
        if isinstance(error, WorkbookError):
            self.say(str(error), "error")
        else:
            self.say(f"{type(error).__name__}: {error}", "error", more="".join(traceback.format_exception(error)))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run a callback's body; what it raises is shown here."""
        try:
            yield
        except Exception as error:
            self.error(error)


class Alert(Telling, ipywidgets.HTML):  # type: ignore[misc]  # ipywidgets has no types
    """One line of text in a coloured frame; empty when there is nothing to say."""

    def say(self, text: str, kind: str = "note", *, more: str = "") -> None:
        """Show `text`; `more` can be unfolded."""
        fill, line = _COLOURS[kind]
        details = f"<details><summary>details</summary><pre>{html.escape(more)}</pre></details>" if more else ""
        self.value = (
            f'<div class="wb-alert-{kind}" style="background:{fill};border-left:4px solid {line};'
            f'color:#1a1a1a;padding:4px 8px;line-height:1.4">'
            f"{_MARKS[kind]} {html.escape(text)}{details}</div>"
        )

    def clear(self) -> None:
        """Say nothing."""
        self.value = ""
