"""Folding groups: each becomes one box, and arrows to its tasks become arrows to the box."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from workbook_lib.view._looks import worst_look
from workbook_lib.view._parts import Arrow, Frame, Graph, Node

_EDGES_FIRST = ("missing", "extra", "plain", "choice")  # what an arrow that stands for several looks like


def fold(graph: Graph, collapsed: Collection[str]) -> Graph:
    """`graph` with the frames in `collapsed` as single boxes; names that are no frame's change nothing."""
    frames = {frame.id: frame for frame in graph.frames}
    into = folded({frame.id: frame.parent for frame in graph.frames}, collapsed)
    if not into:
        return graph
    inside: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.group in into:
            inside.setdefault(into[node.group], []).append(node)
    taken = {node.id for node in graph.nodes if node.group not in into}
    boxes = {name: _box(frames[name], nodes, taken) for name, nodes in inside.items()}
    place = {node.id: boxes[name].id for name, nodes in inside.items() for node in nodes}
    nodes = dict.fromkeys(boxes[into[node.group]] if node.group in into else node for node in graph.nodes)
    return replace(
        graph,
        nodes=tuple(nodes),
        arrows=_joined(graph.arrows, place),
        frames=tuple(frame for frame in graph.frames if frame.id not in into),
    )


def folded(parents: Mapping[str, str | None], collapsed: Collection[str]) -> dict[str, str]:
    """Each group that is not drawn as a frame -> the group whose box stands for it; `parents` are all groups."""
    found = {}
    for name in parents:
        step: str | None = name
        while step is not None:
            if step in collapsed:
                found[name] = step
            step = parents[step]
    return found


def _box(frame: Frame, nodes: list[Node], taken: Collection[str]) -> Node:
    count = f"{len(nodes)} task" + ("s" if len(nodes) > 1 else "")
    return Node(
        id=frame.id if frame.id not in taken else f"{frame.id} (group)",
        name=f"{frame.name} ({len(nodes)})",
        below=count,
        tooltip=f"{frame.tooltip}\n{count}",
        look=worst_look(node.look for node in nodes),
        sign="folded",
        stacked=frame.stacked,
        group=frame.parent,
        folds=frame.id,
        tasks=tuple(node.id for node in nodes),
    )


def _joined(arrows: tuple[Arrow, ...], place: dict[str, str]) -> tuple[Arrow, ...]:
    found: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        ends = place.get(arrow.source, arrow.source), place.get(arrow.target, arrow.target)
        if ends[0] != ends[1] or arrow.source == arrow.target:
            found.setdefault(ends, []).append(arrow)
    return tuple(_one(source, target, several) for (source, target), several in found.items())


def _one(source: str, target: str, arrows: list[Arrow]) -> Arrow:
    if len(arrows) == 1:
        return replace(arrows[0], source=source, target=target)
    look = min((arrow.look for arrow in arrows), key=_EDGES_FIRST.index)
    return Arrow(source, target, tooltip="\n".join([f"{len(arrows)} edges", *(a.tooltip.split("\n")[0] for a in arrows[:12])]), look=look)
