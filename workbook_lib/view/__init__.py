"""Pictures: `draw` for a workflow's graph, `draw_between` for what ties workflows together, `draw_verdict` for a verdict's table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workbook_lib.model.workflow import Workflow
from workbook_lib.view._between import between
from workbook_lib.view._graph import from_workflow
from workbook_lib.view._looks import EDGE_LOOKS, LOOKS
from workbook_lib.view._matrix import Html, matrix
from workbook_lib.view._place import PAGE_WIDTH, Engine, place
from workbook_lib.view._svg import render

__all__ = ["CLASSES", "EDGE_CLASSES", "Html", "Svg", "draw", "draw_between", "draw_verdict"]

CLASSES: tuple[str, ...] = tuple(LOOKS)
EDGE_CLASSES: tuple[str, ...] = tuple(EDGE_LOOKS)


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
    engine: Engine = "auto",
) -> Svg:
    """Draw a workflow's dependency graph.

    `colours`: task id -> one of CLASSES (another name is drawn plainly and named in the legend). `edges`: (source, target) -> one
    of EDGE_CLASSES; an edge that the workflow lacks is added. `engine` only moves things: ids and classes stay the same.
    """
    graph = from_workflow(workflow, colours, edges)
    return Svg(render(graph, place(graph, engine), title=title, legend=legend))


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
