"""Positions without graphviz: layers by topological generation, fewer crossings by sweeping over them, frames from the inside out.

Each frame is laid out on its own and then is one item of the frame around it, so that a frame never covers what is not in it.
Method: Sugiyama, Tagawa, Toda 1981 (https://doi.org/10.1109/TSMC.1981.4308636).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

import networkx as nx

from workbook_lib.view._parts import Graph
from workbook_lib.view._place import MANY_ROWS, Box, Placed, Point

_SWEEPS = 8
_MANY_BENDS = 3000  # beyond, long arrows go straight
_PAD, _HEAD = 12.0, 28.0


@dataclass
class _Item:
    """A node, a frame or a bend of a long arrow, with its place inside the frame around it.

    Inside this module everything goes from left to right; a drawing that goes down is turned where sizes come in and places go out.
    """

    key: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass
class _Inner:
    """A laid-out frame: its items, and for each pair of items that arrows join, the bends between them."""

    items: dict[str, _Item]
    bends: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def place(graph: Graph, *, down: bool) -> Placed:
    """The layout of the whole graph."""
    work = _Work(graph, down)
    outer = work.lay(None)
    work.spread(None, 0.0, 0.0)
    routes, labels = work.routes()
    return Placed(work.nodes, work.frames, routes, labels, *work.turn(outer.width, outer.height))


class _Work:
    def __init__(self, graph: Graph, down: bool) -> None:
        self.graph, self.down = graph, down
        self.inner: dict[str | None, _Inner] = {}
        self.nodes: dict[str, Box] = {}
        self.frames: dict[str, Box] = {}
        self.bend_at: dict[tuple[str | None, str], tuple[Point, Point]] = {}
        self.gap = (9.0, 26.0 if down else 34.0) if graph.compact else (20.0, 36.0 if down else 44.0)
        parent = {frame.id: frame.parent for frame in graph.frames}
        self.path: dict[str, list[tuple[str | None, str]]] = {}  # node id -> (frame, item key in it), outermost first
        for node in graph.nodes:
            steps: list[tuple[str | None, str]] = [(node.group, "n" + node.id)]
            while steps[0][0] is not None:
                frame = steps[0][0]
                steps.insert(0, (parent[frame], "f" + frame))
            self.path[node.id] = steps

    def turn(self, x: float, y: float) -> Point:
        """A pair of lengths or coordinates of the drawing as one of the layout, or the other way round."""
        return (y, x) if self.down else (x, y)

    def meeting(self, source: str, target: str) -> tuple[str | None, str, str]:
        """The innermost frame that holds both ends, and the items of it in which they are."""
        for (frame, one), (_, other) in zip(self.path[source], self.path[target], strict=False):
            if one != other:
                return frame, one, other
        return self.path[source][-1][0], self.path[source][-1][1], self.path[source][-1][1]

    def lay(self, frame: str | None) -> _Inner:
        """Lay out one frame's items; inner frames first."""
        items: dict[str, _Item] = {}
        for inside in self.graph.frames:
            if inside.parent == frame:
                done = self.lay(inside.id)
                wide, high = self.turn(done.width, done.height)
                items["f" + inside.id] = _Item("f" + inside.id, *self.turn(max(wide + 2 * _PAD, inside.width), high + _PAD + _HEAD))
        for node in self.graph.nodes:
            if node.group == frame:
                room = 6.0 if node.stacked else 0.0
                items["n" + node.id] = _Item("n" + node.id, *self.turn(node.width + room, node.height + room))
        label_room = 0.0
        order: nx.DiGraph[str] = nx.DiGraph()
        order.add_nodes_from(items)
        for arrow in self.graph.arrows:
            where, one, other = self.meeting(arrow.source, arrow.target)
            if where == frame and one != other and arrow.look != "extra":
                order.add_edge(one, other)
                label_room = max(label_room, self.turn(arrow.label_width, 16.0 if arrow.label else 0.0)[0])
        inner = _Inner(items)
        layers = self._layers(order, inner)
        self._cross_less(layers, order)
        self._coordinates(layers, order, inner, label_room)
        self.inner[frame] = inner
        return inner

    def _layers(self, order: nx.DiGraph[str], inner: _Inner) -> list[list[str]]:
        while not nx.is_directed_acyclic_graph(order):
            order.remove_edge(*nx.find_cycle(order)[-1][:2])
        rank: dict[str, int] = {}
        for depth, generation in enumerate(nx.topological_generations(order)):
            rank.update(dict.fromkeys(generation, depth))
        for key in reversed(list(nx.topological_sort(order))):  # what only leads somewhere late stands just before it
            if order.in_degree(key) == 0 and order.out_degree(key):
                rank[key] = min(rank[after] for after in order.successors(key)) - 1
        wide: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
        for key in inner.items:
            wide[rank[key]].append(key)
        layers = [layer[i : i + MANY_ROWS] for layer in wide for i in range(0, len(layer), MANY_ROWS)]
        rank = {key: depth for depth, layer in enumerate(layers) for key in layer}
        long = [(a, b) for a, b in order.edges if rank[b] - rank[a] > 1]
        # in a folded drawing bends would cost more room than they give
        if len(layers) == len(wide) and sum(rank[b] - rank[a] for a, b in long) <= _MANY_BENDS:
            for a, b in long:
                order.remove_edge(a, b)
                chain = [f"b{len(inner.items)}.{depth}" for depth in range(rank[a] + 1, rank[b])]
                for depth, key in enumerate(chain, rank[a] + 1):
                    inner.items[key] = _Item(key, 0.0, 6.0)
                    layers[depth].append(key)
                nx.add_path(order, [a, *chain, b])
                inner.bends[a, b] = chain
        return layers

    def _cross_less(self, layers: list[list[str]], order: nx.DiGraph[str]) -> None:
        spot = {key: i for layer in layers for i, key in enumerate(layer)}
        for sweep in range(_SWEEPS):
            forward = sweep % 2 == 0
            for layer in layers[1:] if forward else layers[-2::-1]:
                step = order.predecessors if forward else order.successors
                middle = {key: median([spot[n] for n in step(key)] or [spot[key]]) for key in layer}
                layer.sort(key=lambda key: middle[key])
                spot.update((key, i) for i, key in enumerate(layer))

    def _coordinates(self, layers: list[list[str]], order: nx.DiGraph[str], inner: _Inner, label_room: float) -> None:
        items, (between, beside) = inner.items, self.gap
        x = 0.0
        for layer in layers:
            wide = max((items[key].width for key in layer), default=0.0)
            y = 0.0
            for key in layer:
                if key.startswith("b"):  # a bend runs along the whole column, so that what follows it turns behind the column
                    items[key].width = wide
                items[key].x, items[key].y = x + (wide - items[key].width) / 2, y
                y += items[key].height + between
            fan = min(y / 40, 140.0)  # arrows from one point to a long column need room to spread
            x += wide + max(beside, label_room + 24, fan)
        for sweep in range(_SWEEPS):  # pull everything towards the middle of its neighbours, keeping order and gaps
            forward = sweep % 2 == 0
            for layer in layers if forward else layers[::-1]:
                wish = {}
                for key in layer:
                    near = list(order.predecessors(key) if forward else order.successors(key))
                    middles = [items[n].y + items[n].height / 2 for n in near]
                    wish[key] = median(middles) - items[key].height / 2 if middles else items[key].y
                self._settle(layer, wish, items)
        top = min((item.y for item in items.values()), default=0.0)
        for item in items.values():
            item.y -= top
        inner.width = max((item.x + item.width for item in items.values()), default=0.0)
        inner.height = max((item.y + item.height for item in items.values()), default=0.0)

    def _settle(self, layer: list[str], wish: dict[str, float], items: dict[str, _Item]) -> None:
        """Place a layer's items as near to their wishes as order and gaps allow: blocks that touch share their mean wish."""
        blocks: list[tuple[list[str], float, float]] = []  # keys, start, height
        for key in layer:
            keys, start, high = [key], wish[key], items[key].height
            while blocks and blocks[-1][1] + blocks[-1][2] + self.gap[0] > start:
                before, before_start, before_high = blocks.pop()
                weight = len(before) / (len(before) + len(keys))
                joined = before_high + self.gap[0] + high
                start = weight * before_start + (1 - weight) * (start - before_high - self.gap[0])
                keys, high = before + keys, joined
            blocks.append((keys, start, high))
        for keys, start, _ in blocks:
            for key in keys:
                items[key].y = start
                start += items[key].height + self.gap[0]

    def spread(self, frame: str | None, x: float, y: float) -> None:
        """Turn places inside frames into places in the drawing."""
        for item in self.inner[frame].items.values():
            at_x, at_y = self.turn(item.x, item.y)
            at, size = (x + at_x, y + at_y), self.turn(item.width, item.height)
            kind, key = item.key[0], item.key[1:]
            if kind == "n":
                self.nodes[key] = Box(*at, *size)
            elif kind == "f":
                self.frames[key] = Box(*at, *size)
                self.spread(key, at[0] + _PAD, at[1] + _HEAD)
            else:
                (x1, y1), (x2, y2) = self.turn(item.x, item.y + 3.0), self.turn(item.x + item.width, item.y + 3.0)
                self.bend_at[frame, item.key] = ((x + x1, y + y1), (x + x2, y + y2))

    def routes(self) -> tuple[tuple[tuple[Point, ...], ...], tuple[Point | None, ...]]:
        """Each arrow from the far side of its source over its bends to the near side of its target."""
        for node in self.graph.nodes:  # the room beside a stacked box is not the box itself
            box = self.nodes[node.id]
            self.nodes[node.id] = Box(box.x, box.y + box.height - node.height, node.width, node.height)
        routes: list[tuple[Point, ...]] = []
        labels: list[Point | None] = []
        for arrow in self.graph.arrows:
            one, other = self.nodes[arrow.source], self.nodes[arrow.target]
            frame, a, b = self.meeting(arrow.source, arrow.target)
            through = [point for key in self.inner[frame].bends.get((a, b), []) for point in self.bend_at[frame, key]]
            start, end = (one.x + one.width, one.y + one.height / 2), (other.x, other.y + other.height / 2)
            if self.down:
                start, end = (one.x + one.width / 2, one.y + one.height), (other.x + other.width / 2, other.y)
            points = [start, *through, end]
            routes.append(self.curve(points))
            (x1, y1), (x2, y2) = points[-2], points[-1]
            labels.append(((x1 + x2) / 2, (y1 + y2) / 2) if arrow.label else None)
        return tuple(routes), tuple(labels)

    def curve(self, points: list[Point]) -> tuple[Point, ...]:
        """A smooth chain through the points that leaves and enters each one in the direction of the drawing."""
        chain = [points[0]]
        for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
            bend = max(abs(y2 - y1 if self.down else x2 - x1) / 2, 14.0)
            dx, dy = self.turn(bend, 0.0)
            chain += [(x1 + dx, y1 + dy), (x2 - dx, y2 - dy), (x2, y2)]
        return tuple(chain)
