"""Choosing what to migrate. Plain call: `Migration.create(root, source)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from workbook_lib.migration import Migration
from workbook_lib.widgets._alert import Alert


class SourcePicker(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Two fields and a button that reads; `migration` is the result."""

    source = traitlets.Unicode(help="path of the legacy sources: a file or a folder")
    root = traitlets.Unicode(help="the migration folder to make or to continue")
    migration = traitlets.Any(None, allow_none=True, help="the opened Migration, None until something was read")

    def __init__(self, root: str = "", source: str = "", examples: str | Path | None = None) -> None:
        """`examples`: a folder; each folder in it is offered."""
        wide = ipywidgets.Layout(width="640px")
        self._alert = Alert()
        self._source = ipywidgets.Text(description="Source", layout=wide, continuous_update=True)
        self._root = ipywidgets.Text(description="Migration", layout=wide, continuous_update=True)
        offered = sorted(path for path in Path(examples).iterdir() if path.is_dir()) if examples and Path(examples).is_dir() else []
        options = [("choose an example ...", ""), *((path.name, path.as_posix()) for path in offered)]
        self._examples = ipywidgets.Dropdown(options=options, description="Examples", layout=wide)
        self._button = ipywidgets.Button(description="Read", button_style="primary", icon="folder-open")
        rows = [self._source, self._root, self._button, self._alert]
        super().__init__([self._examples, *rows] if offered else rows)
        traitlets.link((self, "source"), (self._source, "value"))
        traitlets.link((self, "root"), (self._root, "value"))
        self._examples.observe(self._example, "value")
        self._button.on_click(lambda _: self.read())
        self.source, self.root = str(source), str(root)

    def _example(self, change: Any) -> None:
        if change["new"]:
            self.source = change["new"]

    def read(self) -> None:
        """Read the source into the migration folder and say what was found."""
        with self._alert.guard():
            self._alert.say("Reading ...")
            migration = Migration.create(self.root, self.source)
            found = migration.workflows()
            tasks, findings = sum(len(workflow.tasks) for workflow in found), len(migration.findings())
            names = ", ".join(workflow.id for workflow in found[:5]) + (" ..." if len(found) > 5 else "")
            self.migration = migration
            kind = "good" if found else "error"
            self._alert.say(f"{len(found)} workflows with {tasks} tasks, {findings} findings: {names or 'nothing to migrate'}", kind)
