from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from view_samples import large, rich, task, workflow

from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Edge, Link, Task, Workflow
from workbook_lib.view import CLASSES, Svg, draw, draw_between
from workbook_lib.view._graph import from_workflow
from workbook_lib.view._place import Placed, place

NS = "{http://www.w3.org/2000/svg}"
ENGINES = ["networkx", pytest.param("dot", marks=pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed"))]


def parts(svg: str) -> dict[str, str]:
    """Id -> class of everything in the drawing that has an id."""
    return {item.get("id", ""): item.get("class", "") for item in ET.fromstring(svg).iter() if item.get("id")}


def texts(svg: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(svg).iter(f"{NS}text")]


def tooltip(svg: str, name: str) -> str:
    found = next(item for item in ET.fromstring(svg).iter() if item.get("id") == name)
    return found.findtext(f"{NS}title") or ""


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_has_its_id_and_class(engine: str) -> None:
    svg = draw(rich(), {"gate": "placeholder", "choose": "converted"}, engine=engine)
    assert parts(svg) == {
        "wb-rich": "wb-graph",
        "wb-rich-group-load": "wb-group",
        "wb-rich-group-load.deep": "wb-group",
        "wb-rich-task-extract": "wb-task wb-is-plain",
        "wb-rich-task-choose": "wb-task wb-is-converted",
        "wb-rich-task-load.publish": "wb-task wb-is-plain",
        "wb-rich-task-load.deep.hold": "wb-task wb-is-plain",
        "wb-rich-task-gate": "wb-task wb-is-placeholder",
        "wb-rich-task-cleanup": "wb-task wb-is-plain",
        "wb-rich-edge-extract--choose": "wb-edge wb-edge-plain",
        "wb-rich-edge-choose--load.publish": "wb-edge wb-edge-choice",
        "wb-rich-edge-choose--load.deep.hold": "wb-edge wb-edge-choice",
        "wb-rich-edge-choose--cleanup": "wb-edge wb-edge-choice",
        "wb-rich-edge-load.publish--gate": "wb-edge wb-edge-plain",
        "wb-rich-edge-load.deep.hold--gate": "wb-edge wb-edge-plain",
        "wb-rich-edge-gate--cleanup": "wb-edge wb-edge-plain",
    }


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
@pytest.mark.parametrize("make", [rich, large], ids=["rich", "large"])
def test_both_engines_draw_the_same_things(make: object) -> None:
    drawn = make()  # type: ignore[operator]
    assert parts(draw(drawn, engine="dot")) == parts(draw(drawn, engine="networkx"))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_written_in_the_drawing(engine: str) -> None:
    svg = draw(rich(), legend=False, engine=engine)
    assert sorted(texts(svg)) == sorted(
        # groups, then names without their group, operators, badges, labels
        ["load", "deep"]
        + ["extract", "choose", "publish", "hold", "gate", "cleanup"]
        + ["PythonOperator"] * 3
        + ["BranchPythonOperator", "ShortCircuitOperator", "BashOperator"]
        + ["all done", "teardown"]
        + ["enough", "if load.publish"]
    )


def test_the_legend_names_what_occurs() -> None:
    svg = draw(rich(), {"gate": "placeholder", **dict.fromkeys(["extract", "choose"], "converted")}, title="Rich")
    keys = [g for g in ET.fromstring(svg).iter(f"{NS}g") if g.get("class") == "wb-key"]
    assert [key.findtext(f"{NS}text") for key in keys] == [
        "converted (2)",
        "placeholder: left to you (1)",
        "task (3)",
        "mapped",
        "branch",
        "short circuit",
        "trigger rule",
        "goes on only if the branch chooses it",
    ]


def test_a_tooltip_says_all() -> None:
    svg = draw(rich(), {"cleanup": "failed"})
    assert tooltip(svg, "wb-rich-task-cleanup") == "cleanup\nBashOperator, failed\ntrigger rule: all_done"
    assert tooltip(svg, "wb-rich-edge-choose--cleanup") == "choose → cleanup\nif choose chooses load.publish"


def test_a_long_name_is_shortened_and_whole_in_the_tooltip() -> None:
    name = "copy_" + "very_" * 20 + "long"
    svg = draw(workflow([task(name)], []))
    assert texts(svg)[0] == "copy_very_very_…_very_very_long" or len(texts(svg)[0]) == 32
    assert tooltip(svg, f"wb-w-task-{name}").splitlines()[0] == name


def test_every_class_differs_by_more_than_colour() -> None:
    from workbook_lib.view._looks import LOOKS, MARKS

    told_apart = {
        "conversion": ["converted", "placeholder"],
        "run": ["pending", "running", "retrying", "success", "failed", "skipped", "upstream_failed", "removed"],
        "verdict": ["equal", "explained", "different", "not_comparable"],
    }
    for names in told_apart.values():
        assert len({LOOKS[name].mark for name in names}) == len(names)
    assert {look.mark for look in LOOKS.values()} <= {"", *MARKS}
    assert set(sum(told_apart.values(), [])) <= set(CLASSES)


def test_edges_that_differ_are_drawn() -> None:
    svg = draw(workflow([task("a"), task("b"), task("c")], [("a", "b"), ("b", "c")]), edges={("a", "b"): "missing", ("a", "c"): "extra"})
    assert {k: v for k, v in parts(svg).items() if "edge" in k} == {
        "wb-w-edge-a--b": "wb-edge wb-edge-missing",
        "wb-w-edge-b--c": "wb-edge wb-edge-plain",
        "wb-w-edge-a--c": "wb-edge wb-edge-extra",
    }


def overlaps(placed: Placed) -> list[tuple[str, str]]:
    boxes = list(placed.nodes.items())
    return [
        (one, two)
        for i, (one, a) in enumerate(boxes)
        for two, b in boxes[i + 1 :]
        if a.x < b.x + b.width - 1 and b.x < a.x + a.width - 1 and a.y < b.y + b.height - 1 and b.y < a.y + a.height - 1
    ]


def strays(drawn: Workflow, placed: Placed) -> list[tuple[str, str]]:
    """Tasks outside of their group's box, or inside another's."""
    wrong = []
    parent = {group.id: group.parent for group in drawn.groups}
    for item in drawn.tasks:
        around: set[str] = set()
        step = item.group
        while step is not None:
            around.add(step)
            step = parent[step]
        box = placed.nodes[item.id]
        x, y = box.x + box.width / 2, box.y + box.height / 2
        for name, frame in placed.frames.items():
            inside = frame.x < x < frame.x + frame.width and frame.y < y < frame.y + frame.height
            if inside != (name in around):
                wrong.append((item.id, name))
    return wrong


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [rich, large], ids=["rich", "large"])
def test_boxes_do_not_overlap_and_groups_hold_their_own(engine: str, make: object) -> None:
    drawn = make()  # type: ignore[operator]
    placed = place(from_workflow(drawn), engine)  # type: ignore[arg-type]
    assert (overlaps(placed), strays(drawn, placed)) == ([], [])


@pytest.mark.parametrize("engine", ENGINES)
def test_arrows_go_forward(engine: str) -> None:
    placed = place(from_workflow(rich()), engine)  # type: ignore[arg-type]
    axis = 1 if placed.height > placed.width else 0
    assert [route for route in placed.routes if route[0][axis] >= route[-1][axis]] == []


def test_a_generation_of_hundreds_is_folded() -> None:
    fan = workflow([task("start"), *(task(f"t{i}") for i in range(400))], [("start", f"t{i}") for i in range(400)])
    placed = place(from_workflow(fan))
    assert placed.height < 4000
    assert overlaps(placed) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loop_of_a_control_flow_is_drawn(engine: str) -> None:
    loop = Workflow(
        id="loop", system="step_functions", version="1", kind="control_flow", origin=Origin(file="l", line=1),
        tasks=(task("a"), task("b")), edges=(Edge(source="a", target="b"), Edge(source="b", target="a")),
    )  # fmt: skip
    assert {k for k in parts(draw(loop, engine=engine)) if "edge" in k} == {"wb-loop-edge-a--b", "wb-loop-edge-b--a"}


def test_a_workflow_without_tasks_is_drawn() -> None:
    assert parts(draw(workflow([], []), engine="networkx")) == {"wb-w": "wb-graph"}


def test_same_input_same_bytes() -> None:
    assert draw(rich(), {"gate": "failed"}) == draw(rich(), {"gate": "failed"})


HOSTILE = "</title><script>alert(1)</script>\"'&<![CDATA[\x00\x1b\u202e]]>"


@pytest.mark.parametrize("engine", ENGINES)
def test_hostile_ids_are_text(engine: str) -> None:
    drawn = Workflow(
        id=HOSTILE, system="airflow", version="2.11", origin=Origin(file="w.py", line=1),
        tasks=(Task(id=HOSTILE, operator=HOSTILE, action=Nothing(), doc=HOSTILE), task("b")),
        edges=(Edge(source=HOSTILE, target="b", label=HOSTILE, choice=(HOSTILE,)),),
    )  # fmt: skip
    svg = draw(drawn, {"b": HOSTILE}, title=HOSTILE, engine=engine)
    root = ET.fromstring(svg)
    assert {item.tag for item in root.iter()} <= {NS + n for n in ("svg", "style", "rect", "g", "title", "text", "path", "polygon")}
    kept = HOSTILE.translate(dict.fromkeys([0, 27, 0x202E], "\ufffd"))
    assert [item.get("data-task") for item in root.iter() if item.get("data-task")] == [kept, "b"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6, unique=True))
def test_any_ids_give_well_formed_drawings_with_distinct_ids(names: list[str]) -> None:
    drawn = workflow([task(name) for name in names], list(zip(names, names[1:], strict=False)))
    ids = [item.get("id") for item in ET.fromstring(draw(drawn, engine="networkx")).iter() if item.get("id")]
    assert len(ids) == len(set(ids)) == 2 * len(names)


def test_a_notebook_shows_the_picture_and_a_short_text() -> None:
    svg = draw(rich())
    assert isinstance(svg, Svg)
    assert svg._repr_mimebundle_()["text/plain"] == f"<graph, {len(svg)} characters of SVG>"
    assert "full size" not in svg._repr_mimebundle_()["text/html"]
    assert "full size" in draw(large(groups=False))._repr_mimebundle_()["text/html"]


def test_between_workflows() -> None:
    upstream = workflow([task("a")], [], "upstream", links=(Link(kind="produces", target="s3://x"),))
    waits = workflow([task("a")], [], "waits", links=(Link(kind="waits_for", target="upstream"), Link(kind="starts", target="elsewhere")))
    consumes = workflow([task("a")], [], "consumes", links=(Link(kind="consumes", target="s3://x"), Link(kind="consumes", target="s3://y")))
    assert parts(draw_between([upstream, waits, consumes])) == {
        "wb-between": "wb-graph",
        "wb-between-task-upstream": "wb-task wb-is-plain",
        "wb-between-task-waits": "wb-task wb-is-plain",
        "wb-between-task-consumes": "wb-task wb-is-plain",
        "wb-between-task-elsewhere": "wb-task wb-is-outside",
        "wb-between-task-s3:3a::2f::2f:y": "wb-task wb-is-outside",
        "wb-between-edge-upstream--waits": "wb-edge wb-edge-plain",
        "wb-between-edge-waits--elsewhere": "wb-edge wb-edge-plain",
        "wb-between-edge-upstream--consumes": "wb-edge wb-edge-plain",
        "wb-between-edge-s3:3a::2f::2f:y--consumes": "wb-edge wb-edge-plain",
    }
