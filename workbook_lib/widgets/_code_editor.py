"""Editing a flow in place. Plain calls: `migration.code(id)`, `migration.check(id, text)`, `migration.save(id, text)`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from workbook_lib.widgets._alert import Alert
from workbook_lib.widgets._graph_view import GraphView

if TYPE_CHECKING:
    from workbook_lib.migration import Migration


class CodeEditor(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The code of a flow; a moment after each change it says whether it compiles and still has the legacy graph."""

    value = traitlets.Unicode(help="the text in the editor, saved or not")
    saved = traitlets.Bool(True, help="whether the file holds this text")
    status = traitlets.Unicode("", help="what the last check said")
    check = traitlets.Any(None, allow_none=True, help="the last Check")

    def __init__(self, migration: Migration, workflow: str | None = None, *, wait: float = 0.5) -> None:
        self._migration, self._workflow = migration, migration.workflow(workflow).id
        self._wait, self._timer = wait, threading.Timer(0, lambda: None)
        self._turn = 0
        self._text = ipywidgets.Textarea(layout=ipywidgets.Layout(width="100%", height="420px"), continuous_update=True)
        self._text.add_class("wb-code")
        style = ipywidgets.HTML("<style>.wb-code textarea{font-family:monospace;font-size:12px;white-space:pre;tab-size:4}</style>")
        self._alert = Alert()
        self._save = ipywidgets.Button(description="Save", button_style="primary", icon="save", disabled=True)
        self._reload = ipywidgets.Button(description="Reload file", icon="refresh", tooltip="Throws away what was not saved")
        self.graph = GraphView(migration, self._workflow)
        super().__init__([style, self._text, ipywidgets.HBox([self._save, self._reload]), self._alert, self.graph])
        traitlets.link((self, "value"), (self._text, "value"))
        self._save.on_click(lambda _: self.save())
        self._reload.on_click(lambda _: self.reload())
        self.observe(self._changed, "value")
        self.reload()

    def reload(self) -> None:
        """Show the file as it is on disk."""
        with self._alert.guard():
            self.value = self._migration.code(self._workflow)
            self._is_saved(True)
            self.look()

    def save(self) -> None:
        """Write the text to the project, whatever state it is in: it is the user's."""
        with self._alert.guard():
            check = self._migration.save(self._workflow, self.value)
            self._is_saved(True)
            self._show(check)

    def look(self) -> None:
        """Check the text now."""
        self._turn += 1
        turn, text = self._turn, self.value
        with self._alert.guard():
            check = self._migration.check(self._workflow, text)
            if turn == self._turn:  # a later change is already being checked
                self._show(check)

    def _changed(self, _: Any) -> None:
        self._is_saved(False)
        self._timer.cancel()
        if self._wait <= 0:
            self.look()
            return
        self._timer = threading.Timer(self._wait, self.look)
        self._timer.daemon = True
        self._timer.start()

    def _is_saved(self, saved: bool) -> None:
        self.saved, self._save.disabled = saved, saved

    def _show(self, check: Any) -> None:
        self.check, self.status = check, str(check)
        self._alert.say(self.status, "good" if check.same_graph else "error", more="\n".join(check.differences[:40]))
        self.graph.edges = dict.fromkeys(check.missing, "missing")
