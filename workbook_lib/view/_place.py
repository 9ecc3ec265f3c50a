"""Where everything goes: by graphviz when it is there, else by an own layered layout; both answer in the same form."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from workbook_lib.view._graph import Graph

Engine = Literal["auto", "dot", "networkx"]
PAGE_WIDTH = 1250.0  # what a notebook shows without scrolling sideways, at a size that can be read
MANY_ROWS = 100  # a generation of more tasks than this is folded into several columns, which only the own layout can
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """Places by node and frame id; per arrow (in order) a chain of cubic Bezier points, and the middle of its label."""

    nodes: dict[str, Box]
    frames: dict[str, Box]
    routes: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]
    width: float
    height: float


def place(graph: Graph, engine: Engine = "auto") -> Placed:
    """Lay the graph out, from left to right or, where that would be too wide, from top to bottom.

    `auto` takes graphviz if `dot` is on the path and answers in time, unless a generation is so large that it must be folded.
    """
    from workbook_lib.view import _dot, _layered

    depth, most = _extent(graph)
    down = _goes_down(graph, depth, most)
    if engine == "dot" or (engine == "auto" and most <= MANY_ROWS and shutil.which("dot") is not None):
        placed = _dot.place(graph, down=down)
        if placed is not None:
            return placed
    return _layered.place(graph, down=down)


def _extent(graph: Graph) -> tuple[int, int]:
    """How many generations there are, and the size of the largest; a graph with a cycle counts as one column."""
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from(node.id for node in graph.nodes)
    order.add_edges_from((a.source, a.target) for a in graph.arrows if a.look != "extra")
    try:
        sizes = [len(generation) for generation in nx.topological_generations(order)]
    except nx.NetworkXUnfeasible:
        return len(graph.nodes), 1
    return len(sizes), max(sizes, default=0)


def _goes_down(graph: Graph, depth: int, most: int) -> bool:
    mean = sum(node.width for node in graph.nodes) / max(len(graph.nodes), 1)
    across, down = depth * (mean + 45), most * (mean + 18)
    return across > PAGE_WIDTH and (down <= PAGE_WIDTH or down < across / 2)
