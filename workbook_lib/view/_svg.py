"""The one renderer: a placed graph as a self-contained SVG that may stand in any page, light or dark, beside others."""

from __future__ import annotations

import json
from collections import Counter

from workbook_lib.view._looks import EDGE_LOOKS, FILLED, LOOKS, MARKS, SIGNS, look
from workbook_lib.view._parts import Arrow, Frame, Graph, Node
from workbook_lib.view._place import Box, Placed, Point
from workbook_lib.view._text import escape, shorten, slug, width

_MARGIN = 14.0
_TIP = 6.0  # length of an arrow's head
_LINE = 20.0


def render(graph: Graph, placed: Placed, *, title: str | None, legend: bool) -> str:
    """The drawing. Ids are `wb-<graph>-task-<task>`, `-group-<group>`, `-edge-<source>--<target>`; classes are the looks' names."""
    prefix = f"wb-{slug(graph.id)}"
    entries = _legend_entries(graph) if legend else []
    body_width = max(placed.width, 260.0 if entries or title else 40.0)
    if entries:
        body_width = max(body_width, min(sum(w for _, _, w in entries), 620.0))
    head, top = _head(title, entries, body_width, graph)
    wide, high = body_width + 2 * _MARGIN, placed.height + top + 2 * _MARGIN
    shift = (_MARGIN + (body_width - placed.width) / 2 if placed.width < 620 else _MARGIN, _MARGIN + top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wb-graph" id="{prefix}" role="img" aria-label="{escape(_spoken(graph))}"'
        f' width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}" style="{_fit(wide, graph)}">',
        f"<style>{_style(graph)}</style>",
        f'<rect class="wb-paper" width="{wide:.0f}" height="{high:.0f}" rx="6"/>',
        head,
        f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">',
        *(_frame(prefix, frame, placed.frames[frame.id]) for frame in _outside_in(graph) if frame.id in placed.frames),
        *(_arrow(prefix, arrow, placed.routes[i]) for i, arrow in enumerate(graph.arrows)),
        *(_node(prefix, node, placed.nodes[node.id], graph) for node in graph.nodes),
        *(_label(arrow, placed.labels[i], graph) for i, arrow in enumerate(graph.arrows)),
        "</g></svg>",
    ]
    return "\n".join(part for part in parts if part)


def render_live(graph: Graph, placed: Placed) -> str:
    """The drawing for a page with a program: its own look and legend are the page's, arrows name their ends."""
    prefix = f"wb-{slug(graph.id)}"
    wide, high = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="wb-graph" width="{wide:.0f}" height="{high:.0f}"'
        f' viewBox="0 0 {wide:.0f} {high:.0f}"><g transform="translate({_MARGIN} {_MARGIN})">',
        *(_frame(None, frame, placed.frames[frame.id]) for frame in _outside_in(graph) if frame.id in placed.frames),
        *(_arrow(prefix, arrow, placed.routes[i], live=True) for i, arrow in enumerate(graph.arrows)),
        *(_node(prefix, node, placed.nodes[node.id], graph, live=True) for node in graph.nodes),
        *(_label(arrow, placed.labels[i], graph) for i, arrow in enumerate(graph.arrows)),
        "</g></svg>",
    ]
    return "\n".join(part for part in parts if part)


def _fit(wide: float, graph: Graph) -> str:
    """Shrink to the page, but not so far that names cannot be read: `--wb-least` is what a viewer sets for the overview."""
    least = 0.8 if graph.compact else 0.62
    return f"width:100%;height:auto;max-width:{wide:.0f}px;min-width:var(--wb-least,{wide * least:.0f}px)"


def _spoken(graph: Graph) -> str:
    return f"{graph.id}: {len(graph.nodes)} boxes, {len(graph.arrows)} arrows"


def _style(graph: Graph) -> str:
    """Rules all begin with the drawing's own class: a style element inside a page is never local."""
    rules = [
        ".wb-graph{font-family:system-ui,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif;background:#fff}",
        ".wb-graph text{fill:#1a1a1a}.wb-graph .wb-paper{fill:#fff}",
        f".wb-graph .wb-below{{font-size:{graph.small}px;fill:#555}}" if graph.compact is False else "",
        ".wb-graph .wb-title{font-weight:600;font-size:15px}.wb-graph .wb-key{font-size:11px;fill:#333}",
        ".wb-graph .wb-group rect{fill:#6b7a8a;fill-opacity:.07;stroke:#9aa5b1;stroke-width:1}",
        ".wb-graph .wb-group text{fill:#44505c;font-weight:600}",
        ".wb-graph .wb-edge path{fill:none;stroke-width:1.3}.wb-graph .wb-edge:hover path{stroke-width:3;opacity:1}",
        ".wb-graph .wb-edge path{opacity:.6}" if len(graph.arrows) > 150 else "",
        ".wb-graph .wb-task:hover .wb-box{stroke-width:3}",
        ".wb-graph .wb-mark path{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}",
        ".wb-graph .wb-badge rect{fill:#fff;stroke:#444;stroke-width:.8}",
        ".wb-graph .wb-badge text,.wb-graph .wb-label text{fill:#222;text-anchor:middle}",
        ".wb-graph .wb-label rect{fill:#fff;fill-opacity:.9}",
    ]
    for name in sorted({node.look for node in graph.nodes}):
        seen = look(name)
        dash = ";stroke-dasharray:5 3" if seen.dashed else ""
        rules.append(f".wb-graph .wb-is-{look_slug(name)} .wb-box{{fill:{seen.fill};stroke:{seen.line}{dash}}}")
    return "".join(rules)


def _legend_entries(graph: Graph) -> list[tuple[str, str, float]]:
    """(kind and name, text, width) for everything that occurs in the drawing and needs a word."""
    counts = Counter(node.look for node in graph.nodes)
    found: list[tuple[str, str]] = [
        (f"look:{name}", f"{look(name).text} ({counts[name]})") for name in [*LOOKS, *sorted(set(counts) - set(LOOKS))] if counts[name]
    ]
    if [name for name, _ in found] == ["look:plain"]:
        found = []
    if any(node.stacked for node in graph.nodes):
        found.append(("stack", "mapped"))
    signs = {node.sign for node in graph.nodes}
    found += [(f"sign:{sign}", text) for sign, text in SIGNS.items() if sign in signs]
    if any(node.badges for node in graph.nodes):
        found.append(("badge", "trigger rule"))
    looks = {arrow.look for arrow in graph.arrows}
    found += [(f"edge:{name}", EDGE_LOOKS[name][1]) for name in EDGE_LOOKS if name in looks and name != "plain"]
    return [(kind, text, width(text, 11) + 36) for kind, text in found]


def _head(title: str | None, entries: list[tuple[str, str, float]], wide: float, graph: Graph) -> tuple[str, float]:
    parts, y = [], 0.0
    if title:
        short = shorten(title, max(int(wide / 9), 12))
        parts.append(f'<text class="wb-title" x="{_MARGIN}" y="{_MARGIN + 13}"><title>{escape(title)}</title>{escape(short)}</text>')
        y += 26
    x = 0.0
    for kind, text, room in entries:
        if x and x + room > wide:
            x, y = 0.0, y + _LINE
        parts.append(f'<g class="wb-key" transform="translate({_MARGIN + x:.1f} {_MARGIN + y + 9:.1f})">{_sample(kind)}')
        parts.append(f'<text x="24" y="4">{escape(text)}</text></g>')
        x += room
    return "".join(parts), y + (_LINE + 6 if entries else 0.0)


def _sample(kind: str) -> str:
    what, _, name = kind.partition(":")
    if what == "look":
        seen = look(name)
        dash = ' stroke-dasharray="4 2"' if seen.dashed else ""
        mark = _mark(seen.mark, 9, 0, seen.line)
        return f'<rect x="0" y="-8" width="18" height="16" rx="3" fill="{seen.fill}" stroke="{seen.line}"{dash}/>{mark}'
    if what == "stack":
        return "".join(f'<rect x="{x}" y="{y}" width="14" height="11" rx="2" fill="#fff" stroke="#666"/>' for x, y in ((4, -8), (0, -4)))
    if what == "sign":
        return _mark(name, 9, 0, "#444")
    if what == "badge":
        return '<rect x="0" y="-5" width="18" height="10" rx="5" fill="#fff" stroke="#444" stroke-width=".8"/>'
    colour = EDGE_LOOKS[name][0]
    return f'<path d="M0 0H14" stroke="{colour}" stroke-width="1.6"{_dash(name)} fill="none"/>{_head_at((18.0, 0.0), (10.0, 0.0), colour)}'


def _dash(name: str) -> str:
    return {"choice": ' stroke-dasharray="6 3"', "missing": ' stroke-dasharray="2 3"', "extra": ' stroke-dasharray="9 2 2 2"'}.get(name, "")


def _mark(name: str, x: float, y: float, colour: str) -> str:
    if not name:
        return ""
    fill = f' style="fill:{colour}"' if name in FILLED else ""
    return (
        f'<g class="wb-mark" transform="translate({x:.1f} {y:.1f})">'
        f'<path d="{MARKS[name]}" stroke="{colour}" fill="none" stroke-width="1.6"{fill}/></g>'
    )


def _outside_in(graph: Graph) -> list[Frame]:
    parent = {frame.id: frame.parent for frame in graph.frames}

    def depth(name: str | None) -> int:
        return 0 if name is None else 1 + depth(parent.get(name))

    return sorted(graph.frames, key=lambda frame: depth(frame.id))


def _frame(prefix: str | None, frame: Frame, box: Box) -> str:
    size = f'width="{box.width:.1f}" height="{box.height:.1f}" rx="8"'
    name = f' id="{prefix}-group-{slug(frame.id)}"' if prefix else ""
    behind = f'<rect x="{box.x + 5:.1f}" y="{box.y - 5:.1f}" {size}/>' if frame.stacked else ""
    return (
        f'<g class="wb-group"{name} data-group="{escape(frame.id)}">'
        f'<title>{escape(frame.tooltip)}</title>{behind}<rect x="{box.x:.1f}" y="{box.y:.1f}" {size}/>'
        f'<text x="{box.x + 10:.1f}" y="{box.y + 15:.1f}" font-size="11">{escape(frame.name)}</text></g>'
    )


def _arrow(prefix: str, arrow: Arrow, route: tuple[Point, ...], *, live: bool = False) -> str:
    if not route:
        return ""
    colour = EDGE_LOOKS[arrow.look][0]
    (x, y), back = route[-1], next((p for p in reversed(route[:-1]) if p != route[-1]), route[0])
    reach = max(((x - back[0]) ** 2 + (y - back[1]) ** 2) ** 0.5, 0.1)
    end = (x - (x - back[0]) / reach * _TIP, y - (y - back[1]) / reach * _TIP)
    points = [*route[:-1], end]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}C" + " ".join(f"{px:.1f} {py:.1f}" for px, py in points[1:])
    name = f'id="{prefix}-edge-{slug(arrow.source)}--{slug(arrow.target)}"'
    if live:
        name = f'data-source="{escape(arrow.source)}" data-target="{escape(arrow.target)}"'
    return (
        f'<g class="wb-edge wb-edge-{arrow.look}" {name}><title>{escape(arrow.tooltip)}</title>'
        f'<path d="{path}" stroke="{colour}"{_dash(arrow.look)}/>{_head_at((x, y), back, colour)}</g>'
    )


def _head_at(tip: Point, back: Point, colour: str) -> str:
    dx, dy = tip[0] - back[0], tip[1] - back[1]
    size = max((dx * dx + dy * dy) ** 0.5, 0.1)
    ux, uy = dx / size * _TIP, dy / size * _TIP
    left = (tip[0] - ux * 1.3 - uy * 0.6, tip[1] - uy * 1.3 + ux * 0.6)
    right = (tip[0] - ux * 1.3 + uy * 0.6, tip[1] - uy * 1.3 - ux * 0.6)
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in (tip, left, right))
    return f'<polygon points="{corners}" fill="{colour}"/>'


def _node(prefix: str, node: Node, box: Box, graph: Graph, *, live: bool = False) -> str:
    seen = look(node.look)
    x, y, w, h = box.x, box.y, box.width, box.height
    parts = [f'<g class="wb-task wb-is-{look_slug(node.look)}" {_named(prefix, node, live)}><title>{escape(node.tooltip)}</title>']
    for step in (6, 3) if node.stacked else ():
        parts.append(f'<rect class="wb-box" x="{x + step:.1f}" y="{y - step:.1f}" width="{w:.1f}" height="{h:.1f}" rx="5"/>')
    parts.append(f'<rect class="wb-box" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="5" stroke-width="1.4"/>')
    parts.append(_mark(seen.mark, x + 14, y + h / 2, seen.line))
    if node.sign:
        parts.append(_mark(node.sign, x + w - 13, y + h / 2, "#444"))
    name_y = y + h / 2 + (graph.letter * 0.36 if graph.compact else -2)
    start = x + (26 if seen.mark or live else 12)  # a mark may come
    parts.append(f'<text x="{start:.1f}" y="{name_y:.1f}" font-size="{graph.letter}">{escape(node.name)}</text>')
    if not graph.compact:
        parts.append(f'<text class="wb-below" x="{start:.1f}" y="{y + h / 2 + 13:.1f}">{escape(node.below)}</text>')
    at, top = x + 8, y - 9.5
    for badge in node.badges:
        room = width(badge, graph.small) + 8
        parts.append(
            f'<g class="wb-badge"><rect x="{at:.1f}" y="{top:.1f}" width="{room:.1f}" height="{graph.small + 3.5}" rx="6.5"/>'
            f'<text x="{at + room / 2:.1f}" y="{top + graph.small + 0.4:.1f}" font-size="{graph.small - 0.5}">{escape(badge)}</text></g>'
        )
        at += room + 4
    return "".join([*parts, "</g>"])


def _named(prefix: str, node: Node, live: bool) -> str:
    name = f"{prefix}-task-{slug(node.id)}" if node.folds is None else f"{prefix}-group-{slug(node.folds)}"
    parts = [f'data-task="{escape(node.id)}"'] if node.folds is None else [f'data-folds="{escape(node.folds)}"']
    if live and node.folds is not None:
        parts += [f'data-node="{escape(node.id)}"', f'data-tasks="{escape(json.dumps(node.tasks))}"']
    return " ".join(parts if live else [f'id="{name}"', *parts])


def look_slug(name: str) -> str:
    """The name of a look as part of a class."""
    return slug(name).replace(":", "-")


def _label(arrow: Arrow, at: Point | None, graph: Graph) -> str:
    if at is None:
        return ""
    (x, y), room = at, arrow.label_width
    return (
        f'<g class="wb-label"><rect x="{x - room / 2:.1f}" y="{y - 8:.1f}" width="{room:.1f}" height="15" rx="3"/>'
        f'<text x="{x:.1f}" y="{y + 3.5:.1f}" font-size="{graph.small}">{escape(arrow.label)}</text></g>'
    )
