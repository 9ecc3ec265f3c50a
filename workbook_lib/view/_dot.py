"""Positions by graphviz. Only numbers and generated names cross to `dot`: no text of the user's is ever part of its input.

Output form: https://graphviz.org/docs/outputs/json/ (`pos`: https://graphviz.org/docs/attr-types/splineType/).
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from workbook_lib.view._parts import Graph
from workbook_lib.view._place import Box, Placed, Point

TIMEOUT_SECONDS = 20.0
_INCH = 72.0


def place(graph: Graph, *, down: bool) -> Placed | None:
    """The layout, or None when `dot` is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            ["dot", "-Tjson"], input=_source(graph, down), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
        return _read(graph, json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _source(graph: Graph, down: bool) -> str:
    beside, ahead = (0.12, 0.3) if graph.compact else (0.24, 0.4)
    lines = [
        "digraph g {",
        f"rankdir={'TB' if down else 'LR'}; nodesep={beside}; ranksep={ahead}; margin=0;",
        'node [shape=box, fixedsize=true, label=""]; edge [arrowsize=0.6];',
    ]
    number = {node.id: i for i, node in enumerate(graph.nodes)}
    frames = {frame.id: i for i, frame in enumerate(graph.frames)}

    def inside(parent: str | None) -> None:
        for frame in graph.frames:
            if frame.parent == parent:
                lines.append(f"subgraph cluster_{frames[frame.id]} {{ margin=10; label={_room(frame.width, 14)}; labeljust=l;")
                inside(frame.id)
                lines.append("}")
        for node in graph.nodes:
            if node.group == parent:
                room = 6 if node.stacked else 0
                lines.append(f"n{number[node.id]} [width={(node.width + room) / _INCH:.3f}, height={(node.height + room) / _INCH:.3f}];")

    inside(None)
    for i, arrow in enumerate(graph.arrows):
        label = f", label={_room(arrow.label_width, 14)}" if arrow.label else ""
        free = ", constraint=false" if arrow.look == "extra" else ""
        lines.append(f"n{number[arrow.source]} -> n{number[arrow.target]} [comment={i}{label}{free}];")
    return "\n".join([*lines, "}"])


def _room(width: float, height: float) -> str:
    """A label that only keeps room free: an empty table of that size in points."""
    return f'<<TABLE BORDER="0" CELLBORDER="0" FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"><TR><TD></TD></TR></TABLE>>'


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _read(graph: Graph, answer: dict[str, Any]) -> Placed:
    _, _, wide, high = _numbers(answer["bb"])
    nodes: dict[str, Box] = {}
    frames: dict[str, Box] = {}
    for item in answer.get("objects", []):
        if item["name"].startswith("cluster_"):
            if "bb" in item:
                x1, y1, x2, y2 = _numbers(item["bb"])
                frames[graph.frames[int(item["name"][8:])].id] = Box(x1, high - y2, x2 - x1, y2 - y1)
        else:
            node = graph.nodes[int(item["name"][1:])]
            x, y = _numbers(item["pos"])
            nodes[node.id] = Box(x - node.width / 2, high - y - node.height / 2, node.width, node.height)
    routes: list[tuple[Point, ...]] = [()] * len(graph.arrows)
    labels: list[Point | None] = [None] * len(graph.arrows)
    for item in answer.get("edges", []):
        i = int(item["comment"])
        routes[i] = _spline(item["pos"], high)
        if "lp" in item:
            x, y = _numbers(item["lp"])
            labels[i] = (x, high - y)
    return Placed(nodes, frames, tuple(routes), tuple(labels), wide, high)


def _spline(text: str, high: float) -> tuple[Point, ...]:
    """`e,x,y` is the arrow's tip; the other points are a start and groups of three."""
    tip: Point | None = None
    points: list[Point] = []
    for part in text.split():
        *kind, x, y = part.split(",")
        point = (float(x), high - float(y))
        if kind == ["e"]:
            tip = point
        elif not kind:
            points.append(point)
    if tip is not None:
        last = points[-1]
        points += [last, tip, tip]
    return tuple(points)
