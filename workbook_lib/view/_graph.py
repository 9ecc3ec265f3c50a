"""What is to be drawn of a workflow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Group, Task, Workflow
from workbook_lib.view._fold import fold, folded
from workbook_lib.view._looks import EDGE_LOOKS
from workbook_lib.view._parts import Arrow, Frame, Graph, Node
from workbook_lib.view._text import shorten, width

COMPACT_FROM = 80  # with more boxes than this, boxes have one line and smaller letters


def sized(graph: Graph) -> Graph:
    """The graph with the size of everything that needs room."""
    high = 22.0 if graph.compact else 42.0

    def box(node: Node) -> Node:
        inner = max(width(node.name, graph.letter), width(node.below, graph.small) if not graph.compact else 0.0)
        badges = sum(width(badge, graph.small) + 14 for badge in node.badges)
        return replace(node, width=round(max(inner + 40 + (16 if node.sign else 0), badges + 16, 64.0)), height=high)

    arrows = tuple(replace(a, label_width=round(width(a.label, graph.small) + 10) if a.label else 0.0) for a in graph.arrows)
    frames = tuple(replace(f, width=round(width(f.name, graph.small + 1) + 20)) for f in graph.frames)
    return replace(graph, nodes=tuple(box(n) for n in graph.nodes), arrows=arrows, frames=frames)


def from_workflow(
    workflow: Workflow,
    colours: Mapping[str, str] | None = None,
    edges: Mapping[tuple[str, str], str] | None = None,
    collapsed: Collection[str] = (),
) -> Graph:
    """The graph of a workflow, the groups in `collapsed` as single boxes.

    `edges` sets the look of edges, and adds those ("extra") that the workflow does not have.
    """
    hidden = folded({group.id: group.parent for group in workflow.groups}, collapsed)
    compact = sum(task.group not in hidden for task in workflow.tasks) > COMPACT_FROM
    limit = 26 if compact else 32
    colours, marked = colours or {}, dict(edges or {})
    known = {task.id for task in workflow.tasks}
    nodes = tuple(_node(task, colours.get(task.id, "plain").replace(" ", "_"), limit) for task in workflow.tasks)
    arrows = [_arrow(edge, marked.pop((edge.source, edge.target), None)) for edge in workflow.edges]
    arrows += [Arrow(s, t, tooltip=EDGE_LOOKS[look][1], look=look) for (s, t), look in marked.items() if {s, t} <= known]
    frames = tuple(_frame(group, limit) for group in workflow.groups)
    return sized(fold(Graph(workflow.id, nodes, tuple(arrows), frames, compact), collapsed))


def _own_name(full: str, group: str | None) -> str:
    return full[len(group) + 1 :] if group and full.startswith(group + ".") and len(full) > len(group) + 1 else full


def _frame(group: Group, limit: int) -> Frame:
    tooltip = group.id + (f"\n{group.doc}" if group.doc else "")
    return Frame(group.id, shorten(_own_name(group.id, group.parent), limit), tooltip, group.parent, stacked=group.mapping is not None)


def _node(task: Task, look: str, limit: int) -> Node:
    badges = [] if task.join_rule is JoinRule.ALL_SUCCESS else [str(task.join_rule).replace("_", " ")]
    badges += [name for name, on in (("setup", task.setup), ("teardown", task.teardown)) if on]
    sign = {"branch": "branch", "short_circuit": "gate", "": ""}[task.steers]
    return Node(
        id=task.id,
        name=shorten(_own_name(task.id, task.group), limit),
        below=shorten(task.operator.lstrip("_"), limit + 6),
        tooltip=_tooltip(task, look),
        look=look,
        badges=tuple(badges),
        sign=sign,
        stacked=task.mapping is not None,
        group=task.group,
    )


def _tooltip(task: Task, look: str) -> str:
    lines = [task.id, f"{task.operator}, {look.replace('_', ' ')}" if look != "plain" else task.operator]
    if task.join_rule is not JoinRule.ALL_SUCCESS:
        lines.append(f"trigger rule: {task.join_rule}")
    if task.steers:
        lines.append({"branch": "branch: chooses what follows", "short_circuit": "short circuit: may skip what follows"}[task.steers])
    if task.mapping is not None:
        lines.append("mapped: runs once per element")
    if task.retry.retries:
        lines.append(f"retries: {task.retry.retries}, after {task.retry.delay_seconds:g} s")
    if task.doc:
        lines.append(shorten(task.doc, 120))
    return "\n".join(lines)


def _arrow(edge: Edge, marked: str | None) -> Arrow:
    others = tuple(choice for choice in edge.choice or () if choice != edge.target)
    label, tooltip = edge.label or "", f"{edge.source} \u2192 {edge.target}"
    if edge.choice:
        tooltip += f"\nif {edge.source} chooses {' or '.join(edge.choice)}"
        if others and not label:
            label = "or " + ", ".join(others) if edge.target in edge.choice else "if " + ", ".join(others)
    look = marked or ("choice" if edge.choice else "plain")
    if marked:
        tooltip += f"\n{EDGE_LOOKS[marked][1]}"
    return Arrow(edge.source, edge.target, shorten(label, 28) if label else "", tooltip, look)
