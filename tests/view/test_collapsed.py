"""Collapsed groups: one box each, in the static drawing and in that for a page with a program."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from view_samples import large, rich, task, workflow

from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Edge, Group, Task, Workflow
from workbook_lib.view import CLASSES, draw, draw_live, look_key, looks
from workbook_lib.view._graph import from_workflow


def shape(drawn: Workflow, collapsed: set[str]) -> tuple[list[str], list[tuple[str, str, str]], list[str]]:
    """Boxes, arrows with their looks, frames."""
    graph = from_workflow(drawn, None, None, collapsed)
    return [n.id for n in graph.nodes], [(a.source, a.target, a.look) for a in graph.arrows], [f.id for f in graph.frames]


def test_a_collapsed_group_is_one_box_with_all_inside() -> None:
    before = ["extract", "choose", "load.publish", "load.deep.hold", "gate", "cleanup"]
    assert shape(rich(), set())[0] == before
    assert shape(rich(), {"load"}) == (
        ["extract", "choose", "load", "gate", "cleanup"],
        [
            ("extract", "choose", "plain"),
            ("choose", "load", "choice"),
            ("choose", "cleanup", "choice"),
            ("load", "gate", "plain"),
            ("gate", "cleanup", "plain"),
        ],
        [],
    )
    assert shape(rich(), {"load", "load.deep"}) == shape(rich(), {"load"})
    assert shape(rich(), {"load.deep"})[0] == ["extract", "choose", "load.publish", "load.deep", "gate", "cleanup"]
    assert shape(rich(), {"nothing"}) == shape(rich(), set())


def test_a_box_does_not_take_the_name_of_a_task() -> None:
    drawn = workflow([task("a"), task("b", group="a")], [("a", "b")], groups=(Group(id="a"),))
    assert shape(drawn, {"a"})[:2] == (["a", "a (group)"], [("a", "a (group)", "plain")])


def test_arrows_inside_of_a_collapsed_group_are_gone_and_a_loop_is_none() -> None:
    drawn = workflow([task("g.a", group="g"), task("g.b", group="g")], [("g.a", "g.b")], groups=(Group(id="g"),))
    assert shape(drawn, {"g"}) == (["g"], [], [])
    own = Workflow(id="w", system="s", version="1", kind="control_flow", origin=Origin(file="w", line=1), tasks=(task("a"),),
                   edges=(Edge(source="a", target="a"),))  # fmt: skip
    assert shape(own, {"g"})[1] == [("a", "a", "plain")]


@pytest.mark.parametrize(
    ("colours", "shown"),
    [
        ({"load.publish": "success", "load.deep.hold": "failed"}, "failed"),
        ({"load.publish": "success", "load.deep.hold": "skipped"}, "skipped"),
        ({"load.publish": "converted"}, "converted"),
        ({"load.publish": "success", "load.deep.hold": "of mine"}, "of_mine"),
        ({}, None),
    ],
)
def test_a_box_shows_the_worst_inside(colours: dict[str, str], shown: str | None) -> None:
    assert looks(rich(), colours, {"load"}).get("load") == shown
    assert f"wb-task wb-is-{shown or 'plain'}" in draw(rich(), colours, collapsed={"load"})


def attributes(svg: str, kind: str) -> list[dict[str, str]]:
    items = [item for item in ET.fromstring(svg).iter() if item.get("class", "").split(" ")[0] == kind]
    return [{k: v for k, v in item.attrib.items() if k.startswith("data-")} for item in items]


def test_the_drawing_for_a_page_names_tasks_groups_and_ends() -> None:
    svg = draw_live(rich(), {("extract", "choose"): "missing"}, {"load.deep"})
    assert attributes(svg, "wb-task") == [
        {"data-task": "extract"},
        {"data-task": "choose"},
        {"data-task": "load.publish"},
        {"data-folds": "load.deep", "data-node": "load.deep", "data-tasks": json.dumps(["load.deep.hold"])},
        {"data-task": "gate"},
        {"data-task": "cleanup"},
    ]
    assert attributes(svg, "wb-group") == [{"data-group": "load"}]
    assert attributes(svg, "wb-edge")[0] == {"data-source": "extract", "data-target": "choose"}
    assert [item.get("class") for item in ET.fromstring(svg).iter() if (item.get("class") or "").startswith("wb-edge")][:2] == [
        "wb-edge wb-edge-missing",
        "wb-edge wb-edge-choice",
    ]
    assert [item.get("id") for item in ET.fromstring(svg).iter() if item.get("id")] == []


HOSTILE = "</title><script>alert(1)</script>\"'&<b onload=x>"


def test_hostile_names_stay_text_in_the_drawing_for_a_page() -> None:
    drawn = workflow(
        [Task(id=HOSTILE, operator=HOSTILE, action=task("x").action, doc=HOSTILE, group=HOSTILE), task("b")],
        [Edge(source=HOSTILE, target="b", label=HOSTILE)],
        groups=(Group(id=HOSTILE, doc=HOSTILE),),
    )
    for collapsed in (set(), {HOSTILE}):
        root = ET.fromstring(draw_live(drawn, None, collapsed))
        assert {item.tag.rpartition("}")[2] for item in root.iter()} <= {"svg", "rect", "g", "title", "text", "path", "polygon"}
        assert {name for item in root.iter() for name in item.attrib if name.startswith("on")} == set()


def test_a_large_graph_is_laid_out_for_a_window() -> None:
    root = ET.fromstring(draw_live(large(500)))
    assert 0.3 < float(root.get("width", "0")) / float(root.get("height", "1")) < 3


def test_the_key_of_looks_keeps_the_order_of_a_legend_and_names_unknown_ones() -> None:
    key = look_key({"failed", "of_mine"})
    assert list(key) == [*CLASSES, "of_mine"]
    assert key["failed"] == {
        "slug": "failed",
        "fill": "#fbdccb",
        "line": "#b23c00",
        "mark": "M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5",
        "filled": False,
        "text": "failed",
        "dashed": False,
    }
    assert key["of_mine"]["text"] == "of mine"
