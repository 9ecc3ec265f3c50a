"""The graph of a workflow, to move about in. Plain calls: `migration.svg(...)` and `migration.task(workflow, id)`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import traitlets

from workbook_lib.view import EDGE_KEY, Svg, look_key, looks
from workbook_lib.widgets._bundle import Programmed

if TYPE_CHECKING:
    from workbook_lib.migration import ColourBy, Migration

MOST_STATIC = 600_000  # characters of a picture that is kept in a notebook beside the widget
LEAST_OF_A_TASK = 600  # characters of it for one task


class GraphView(Programmed, bundle="graph", part="graph"):
    """A graph that can be moved, searched, collapsed and coloured; the selected task is shown from all sides.

    A page gets the drawing without colours, and the colours apart: a live run changes only these.
    """

    workflow = traitlets.Unicode(help="id of the workflow shown").tag(sync=True)
    colour_by = traitlets.Enum(["status", "state", "verdict"], "status", help="what colours the tasks while `colours` is empty").tag(
        sync=True
    )
    colours: traitlets.Dict[str, str] = traitlets.Dict(
        help="task id -> class of the drawing; set it to colour tasks yourself, as a live run does"
    )
    edges: traitlets.Dict[tuple[str, str], str] = traitlets.Dict(help='(source, target) -> "missing" or "extra"')
    collapsed: traitlets.List[str] = traitlets.List(traitlets.Unicode(), help="ids of the groups that are drawn as one box").tag(sync=True)
    selected = traitlets.Unicode("", help="id of the task that is shown in detail, empty for none").tag(sync=True)
    detail = traitlets.Any(None, allow_none=True, read_only=True, help="the TaskView of the selected task")

    _drawing = traitlets.Bytes(help="the SVG without colours, compressed by zlib").tag(sync=True)
    _looks: traitlets.Dict[str, str] = traitlets.Dict(help="box id -> class, where it is not plain").tag(sync=True)
    _key: traitlets.Dict[str, Any] = traitlets.Dict(help="class -> how it looks").tag(sync=True)
    _edge_key: traitlets.Dict[str, str] = traitlets.Dict(EDGE_KEY, help="class of an edge -> what it means").tag(sync=True)
    _groups: traitlets.List[str] = traitlets.List(help="ids of all groups").tag(sync=True)
    _detail: traitlets.Dict[str, Any] = traitlets.Dict(help="the document of `detail`").tag(sync=True)

    def __init__(self, migration: Migration, workflow: str | None = None, **traits: Any) -> None:
        self._migration = migration
        self._model = migration.workflow(workflow)
        self._looked = False  # whether the reader chose the colours, over those that were set
        super().__init__(workflow=self._model.id, **traits)
        self.observe(lambda _: self._draw(), ["edges", "collapsed"])
        self.observe(lambda _: self._colour(), ["colour_by", "colours"])
        self.observe(lambda _: self._select(), "selected")
        self.observe(self._other_workflow, "workflow")
        self.redraw()

    def redraw(self) -> None:
        """Show what the traits and the migration folder say now."""
        self._said = {"kind": "note", "text": ""}
        self._draw()
        self._select()

    @property
    def svg(self) -> Svg:
        """The drawing as it stands, as a picture that needs no program."""
        return self._picture(self.collapsed)

    def _picture(self, collapsed: list[str]) -> Svg:
        return self._migration.svg(self.workflow, collapsed=collapsed, colours=self._colours(), edges=self.edges)

    def _colours(self) -> Mapping[str, str]:
        if self.colours and not self._looked:
            return cast("Mapping[str, str]", self.colours)
        return self._migration.colours(self.workflow, cast("ColourBy", self.colour_by))

    def _draw(self) -> None:
        with self.guard():
            drawn = self._migration.svg(self.workflow, collapsed=self.collapsed, edges=self.edges, live=True)
            with self.hold_sync():
                self._groups = [group.id for group in self._model.groups]
                self._colour()
                self._drawing = zlib.compress(drawn.encode())

    def _colour(self) -> None:
        with self.guard(), self.hold_sync():
            found = looks(self._model, self._colours(), frozenset(self.collapsed))
            self._key = look_key(found.values())
            self._looks = found

    def _select(self) -> None:
        self.set_trait("detail", None)
        with self.guard():
            found = self._migration.task(self.workflow, self.selected) if self.selected else None
            self.set_trait("detail", found)
            self._detail = found.document() if found else {}
            if self._said["kind"] == "error":
                self.say("")

    def _other_workflow(self, change: Any) -> None:
        with self.guard():
            self._model = self._migration.workflow(change["new"])
            self.colours, self.edges, self.collapsed, self.selected = {}, {}, [], ""
            self.redraw()

    def do_colour(self, by: str) -> None:
        """The reader chose the colours: those of a live run wait until its states are chosen again."""
        self._looked = by != "state"
        self.colour_by = by
        self._colour()

    def do_svg(self) -> None:
        """The reader asked for the picture as a file."""
        self.send({"kind": "svg", "name": f"{self.workflow}.svg", "text": str(self.svg)})

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it a picture for places that have no programs: papermill, nbconvert, GitHub."""
        made = super()._repr_mimebundle_(**options)
        if made is None:
            return None
        data, about = made
        few = len(self._model.tasks) * LEAST_OF_A_TASK <= MOST_STATIC  # what is too large in any case is not drawn first
        pictures = (self._picture(collapsed) for collapsed in ([self.collapsed] if few else []) + ([self._groups] if self._groups else []))
        picture = next((svg for svg in pictures if len(svg) <= MOST_STATIC), None)
        text = f"<graph of {self.workflow}, {len(self._model.tasks)} tasks>"
        if picture is None:
            text += f": too large for a picture in a notebook, see migration.svg({self.workflow!r})"
        return data | {"text/plain": text} | ({"image/svg+xml": str(picture)} if picture else {}), about
