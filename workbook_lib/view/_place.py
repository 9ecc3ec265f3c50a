"""Where everything goes: by graphviz when it is there, else by an own layered layout; both answer in the same form."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import networkx as nx

from workbook_lib.view._parts import Graph

Engine = Literal["auto", "dot", "networkx"]
PAGE_WIDTH = 1250.0  # what a notebook shows without scrolling sideways, at a size that can be read
MANY_BOXES = 250  # what graphviz lays out twice in a quarter of a second
READABLE = 0.45  # a scale at which names can just be read
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

    `auto` takes graphviz if `dot` is on the path and answers in time, unless the graph is large, or a generation must be folded.
    """
    return _place(_blank(graph), engine == "dot" or (engine == "auto" and _for_dot(graph)))


def _for_dot(graph: Graph) -> bool:
    return len(graph.nodes) <= MANY_BOXES and shutil.which("dot") is not None and _largest_generation(graph) <= MANY_ROWS


def fitting(graph: Graph, width: float, height: float) -> Placed:
    """The layout that a window of this size shows largest; of large graphs only those that are quickly made."""
    return _fitting(_blank(graph), width, height)


def _blank(graph: Graph) -> Graph:
    """What counts for a layout: the same graph in other colours is the same."""
    nodes = tuple(replace(node, look="", tooltip="") for node in graph.nodes)
    arrows = tuple(replace(a, tooltip="", look="extra" if a.look == "extra" else "plain") for a in graph.arrows)
    return replace(graph, nodes=nodes, arrows=arrows)


@lru_cache(maxsize=16)
def _fitting(graph: Graph, width: float, height: float) -> Placed:
    from workbook_lib.view import _dot, _layered

    def scale(placed: Placed) -> float:
        return min(width / max(placed.width, 1), height / max(placed.height, 1))

    found = [p for down in (False, True) if (p := _dot.place(graph, down=down))] if _for_dot(graph) else []
    if not found or max(map(scale, found)) < READABLE:
        found += [_layered.place(graph, down=down) for down in (False, True)]
    return max(found, key=scale)


@lru_cache(maxsize=16)  # a live run draws the same graph again and again, in other colours
def _place(graph: Graph, by_dot: bool) -> Placed:
    from workbook_lib.view import _dot, _layered

    across = (_dot.place(graph, down=False) if by_dot else None) or _layered.place(graph, down=False)
    if across.width <= PAGE_WIDTH:
        return across
    downwards = (_dot.place(graph, down=True) if by_dot else None) or _layered.place(graph, down=True)
    return min(across, downwards, key=_sprawl)


def _sprawl(placed: Placed) -> float:
    """How far a drawing goes beyond a page; scrolling down costs half as much as scrolling sideways."""
    return max(placed.width, placed.height / 2)


def _largest_generation(graph: Graph) -> int:
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from(node.id for node in graph.nodes)
    order.add_edges_from((a.source, a.target) for a in graph.arrows if a.look != "extra")
    try:
        return max((len(generation) for generation in nx.topological_generations(order)), default=0)
    except nx.NetworkXUnfeasible:  # control flow with a loop
        return 0
