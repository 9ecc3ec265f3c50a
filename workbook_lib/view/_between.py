"""The graph between workflows: who waits for whom, who starts whom, who makes what another consumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbook_lib.model.workflow import Workflow
from workbook_lib.view._graph import sized
from workbook_lib.view._parts import Arrow, Graph, Node
from workbook_lib.view._text import shorten


def between(workflows: Iterable[Workflow], colours: Mapping[str, str] | None = None) -> Graph:
    """Workflows as nodes; a target that was not read is drawn as `outside`, an asset joins its producers with its consumers."""
    known = {workflow.id: workflow for workflow in workflows}
    colours = colours or {}
    nodes: dict[str, Node] = {}
    for key, workflow in known.items():
        when = workflow.schedule.text
        tooltip = f"{key}\n{len(workflow.tasks)} tasks, schedule: {when}"
        nodes[key] = Node(key, shorten(key, 32), shorten(when, 36), tooltip, colours.get(key, "plain"))
    makers: dict[str, list[str]] = {}
    takers: dict[str, list[str]] = {}
    arrows: dict[tuple[str, str], Arrow] = {}

    def join(source: str, target: str, label: str) -> None:
        for key in (source, target):
            nodes.setdefault(key, Node(key, shorten(key, 32), "not read", f"{key}\nnot among the sources read", "outside"))
        arrows.setdefault((source, target), Arrow(source, target, shorten(label, 28), f"{source} \u2192 {target}\n{label}"))

    for key, workflow in known.items():
        for link in workflow.links:
            if link.kind == "waits_for":
                join(link.target, key, "is waited for")
            elif link.kind == "starts":
                join(key, link.target, "starts")
            else:
                (makers if link.kind == "produces" else takers).setdefault(link.target, []).append(key)
    for asset, consumers in takers.items():
        for consumer in consumers:
            for producer in makers.get(asset, [asset]):
                join(producer, consumer, asset if producer != asset else "asset")
    return sized(Graph("between", tuple(nodes.values()), tuple(arrows.values())))
