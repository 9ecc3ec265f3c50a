"""Nodes, boxes and arrows with their texts and sizes, before anything has a place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A box. `badges` are short texts on its border; `sign` is a mark at its right end; sizes are in pixels.

    A box that stands for a group `folds` it, with the `tasks` in it.
    """

    id: str
    name: str
    below: str
    tooltip: str
    look: str
    badges: tuple[str, ...] = ()
    sign: str = ""
    stacked: bool = False
    group: str | None = None
    width: float = 0.0
    height: float = 0.0
    folds: str | None = None
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrow:
    """An arrow between two nodes; `look` names an entry of EDGE_LOOKS."""

    source: str
    target: str
    label: str = ""
    tooltip: str = ""
    look: str = "plain"
    label_width: float = 0.0


@dataclass(frozen=True)
class Frame:
    """A box around nodes and other boxes."""

    id: str
    name: str
    tooltip: str
    parent: str | None = None
    width: float = 0.0
    stacked: bool = False


@dataclass(frozen=True)
class Graph:
    """All of it; every `group` and `parent` names a frame, every arrow's end a node."""

    id: str
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    frames: tuple[Frame, ...] = ()
    compact: bool = False

    @property
    def letter(self) -> float:
        """Size of the names' letters in pixels."""
        return 11.0 if self.compact else 13.0

    @property
    def small(self) -> float:
        """Size of all other letters in pixels."""
        return 9.0 if self.compact else 10.5
