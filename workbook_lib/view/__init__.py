"""Pictures: `draw` for a workflow's graph, `draw_between` for what ties workflows together, `draw_verdict` for a verdict's table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workbook_lib.model.workflow import Workflow
from workbook_lib.view._between import between
from workbook_lib.view._graph import from_workflow
from workbook_lib.view._looks import EDGE_LOOKS, FILLED, LOOKS, MARKS, look
from workbook_lib.view._matrix import Html, matrix
from workbook_lib.view._place import PAGE_WIDTH, Engine, fitting, place
from workbook_lib.view._svg import look_slug, render, render_live

__all__ = ["CLASSES", "EDGE_CLASSES", "EDGE_KEY", "Html", "Svg", "draw", "draw_between", "draw_live", "draw_verdict", "look_key", "looks"]

CLASSES: tuple[str, ...] = tuple(LOOKS)
EDGE_CLASSES: tuple[str, ...] = tuple(EDGE_LOOKS)
EDGE_KEY: dict[str, str] = {name: text for name, (_, text) in EDGE_LOOKS.items()}


class Svg(str):
    """SVG text that a notebook shows as a picture, tooltips included."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The picture; a wide one first as an overview, with a switch to full size that needs no program in the page."""
        pane = f'<div class="wb-pane" style="overflow:auto;max-height:680px">{self}</div>'
        found = re.search(r'width="(\d+)"', self)
        if found is None or int(found[1]) <= PAGE_WIDTH:
            return pane
        return (
            "<div><style>.wb-zoom:not(:checked)~.wb-pane{--wb-least:0px}</style>"
            f'<input type="checkbox" class="wb-zoom" aria-label="full size"> <span>full size</span>{pane}</div>'
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": f"<graph, {len(self)} characters of SVG>"}


def draw(
    workflow: Workflow,
    colours: Mapping[str, str] | None = None,
    *,
    title: str | None = None,
    legend: bool = True,
    edges: Mapping[tuple[str, str], str] | None = None,
    collapsed: Collection[str] = (),
    engine: Engine = "auto",
) -> Svg:
    """Draw a workflow's dependency graph.

    `colours`: task id -> one of CLASSES (another name is drawn plainly and named in the legend). `edges`: (source, target) -> one
    of EDGE_CLASSES; an edge that the workflow lacks is added. `collapsed`: groups, each drawn as one box in the colour of the worst of
    its tasks. `engine` only moves things: ids and classes stay the same.
    """
    graph = from_workflow(workflow, colours, edges, collapsed)
    return Svg(render(graph, place(graph, engine), title=title, legend=legend))


WINDOW = (1200.0, 640.0)  # pixels: what a page with a program shows of a graph at once


def draw_live(workflow: Workflow, edges: Mapping[tuple[str, str], str] | None = None, collapsed: Collection[str] = ()) -> str:
    """The SVG for a page with a program, which gives it its colours (`looks`), a legend, and lets it be moved and searched.

    Boxes have `data-task`, or `data-folds` (the group), `data-node` and `data-tasks` (JSON); arrows `data-source`, `data-target`.
    """
    graph = from_workflow(workflow, None, edges, collapsed)
    return render_live(graph, fitting(graph, *WINDOW))


def looks(workflow: Workflow, colours: Mapping[str, str], collapsed: Collection[str] = ()) -> dict[str, str]:
    """Box id -> class, of the boxes that are not plain: what `draw_live` leaves out."""
    return {node.id: node.look for node in from_workflow(workflow, colours, None, collapsed).nodes if node.look != "plain"}


def look_key(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """How all CLASSES look, and other `names`, in the order of a legend.

    Each is {"slug", "fill", "line", "mark" (SVG path data), "filled", "text", "dashed"}.
    """
    found = {name: look(name) for name in [*LOOKS, *sorted(set(names) - set(LOOKS))]}
    return {
        name: {
            "slug": look_slug(name),
            "fill": seen.fill,
            "line": seen.line,
            "mark": MARKS.get(seen.mark, ""),
            "filled": seen.mark in FILLED,
            "text": seen.text,
            "dashed": seen.dashed,
        }
        for name, seen in found.items()
    }


def draw_between(
    workflows: Iterable[Workflow],
    colours: Mapping[str, str] | None = None,
    *,
    title: str | None = None,
    legend: bool = True,
    engine: Engine = "auto",
) -> Svg:
    """Draw the graph between workflows: arrows point from what runs first to what waits for it or is started by it."""
    graph = between(workflows, colours)
    return Svg(render(graph, place(graph, engine), title=title, legend=legend))


def draw_verdict(document: Mapping[str, Any], *, scenario: str | None = None, headline: str = "", stale: bool = False) -> Html:
    """A verdict's document as a table of tasks and aspects; `scenario` keeps the rows of one scenario and those of none."""
    return matrix(document, scenario=scenario, headline=headline, stale=stale)
