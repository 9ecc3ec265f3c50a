"""The dependency graph of a workflow as a widget. Plain call: `migration.svg(workflow, colour_by=...)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import ipywidgets
import traitlets

from workbook_lib.view import draw
from workbook_lib.widgets._alert import Alert

if TYPE_CHECKING:
    from workbook_lib.migration import ColourBy, Migration


class GraphView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Draws the graph and draws it again when a trait changes."""

    workflow = traitlets.Unicode(help="id of the workflow shown")
    colour_by = traitlets.Enum(["status", "state", "verdict"], "status", help="what colours the tasks while `colours` is empty")
    colours: traitlets.Dict[str, str] = traitlets.Dict(
        help="task id -> class of the drawing; set it to colour tasks yourself, as a live run does"
    )
    edges: traitlets.Dict[tuple[str, str], str] = traitlets.Dict(help='(source, target) -> "missing" or "extra"')
    svg = traitlets.Unicode(read_only=True, help="the drawing as last made")

    def __init__(self, migration: Migration, workflow: str | None = None, **traits: Any) -> None:
        self._migration = migration
        self._model = migration.workflow(workflow)
        self._picture, self._alert = ipywidgets.HTML(), Alert()
        super().__init__([self._alert, self._picture], workflow=self._model.id, **traits)
        self.observe(lambda _: self.redraw(), ["colour_by", "colours", "edges"])
        self.observe(self._other_workflow, "workflow")
        self.redraw()

    def redraw(self) -> None:
        """Draw what the traits and the migration folder say now."""
        with self._alert.guard():
            by = cast("ColourBy", self.colour_by)
            colours = self.colours or self._migration.colours(self.workflow, by)
            drawn = draw(self._model, colours, title=self.workflow, edges=self.edges)
            self._alert.clear()
            self.set_trait("svg", str(drawn))
            self._picture.value = drawn._repr_html_()

    def _other_workflow(self, change: Any) -> None:
        with self._alert.guard():
            self._model = self._migration.workflow(change["new"])
            self.redraw()
