"""The graph widget without a browser: what its program is given, and what its program asks for."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any

import ipywidgets
from widgets_fake import FakeMigration

from workbook_lib.view import CLASSES, Svg
from workbook_lib.widgets import GraphView
from workbook_lib.widgets import _graph_view as module


def drawn(view: GraphView) -> dict[str, str]:
    """What the page gets: box id -> class."""
    boxes = re.findall(r'data-(?:task|node)="([^"]*)"', zlib.decompress(view._drawing).decode())
    return {box: view._looks.get(box, "plain") for box in boxes}


def edges(svg: str) -> list[str]:
    return re.findall(r'class="wb-edge wb-edge-(\w+)"', svg)


def test_a_page_gets_the_drawing_once_and_then_only_colours() -> None:
    migration = FakeMigration()
    view = GraphView(migration)
    assert drawn(view) == {"a": "converted", "b": "placeholder"}
    view.colour_by = "verdict"
    assert drawn(view) == {"a": "equal", "b": "different"}
    view.colours = {"a": "running"}
    assert drawn(view) == {"a": "running", "b": "plain"}
    assert migration.drawn == ["live"]
    assert set(view._key) == set(CLASSES)


def test_edges_are_marked_in_both_drawings() -> None:
    view = GraphView(FakeMigration())
    view.edges = {("a", "b"): "missing"}
    assert edges(zlib.decompress(view._drawing).decode()) == edges(view.svg) == ["missing"]


def test_a_collapsed_group_is_one_box_in_both_drawings() -> None:
    view = GraphView(FakeMigration(), collapsed=["g"])
    assert drawn(view) == {"a": "converted", "g": "placeholder"}
    assert view.svg.count("data-folds") == 1
    view.collapsed = []
    assert drawn(view) == {"a": "converted", "b": "placeholder"}
    assert view._groups == ["g"]


def test_selecting_a_task_tells_all_of_it() -> None:
    view = GraphView(FakeMigration())
    view.selected = "b"
    assert view.detail is not None
    assert (view.detail.id, view._detail) == ("b", view.detail.document())
    view.selected = ""
    assert (view.detail, view._detail) == (None, {})


def test_an_error_of_a_callback_is_shown_and_goes_away_with_the_next_that_works() -> None:
    view = GraphView(FakeMigration())
    view.selected = "nothing"
    assert view._said == {"kind": "error", "text": "w has no task 'nothing'. Name one of: a, b.", "more": ""}
    assert view._detail == {}
    view.selected = "a"
    assert view._said["text"] == ""
    view.workflow = "other"
    assert view._said["text"] == "there is no workflow 'other'. Name one of: w."


def told(view: GraphView, message: dict[str, Any]) -> list[Any]:
    """What the widget answers to a message of its program."""
    sent: list[Any] = []
    view.send = lambda content, buffers=None: sent.append(content)  # type: ignore[method-assign]
    view._handle_custom_msg(message, [])
    return sent


def test_the_reader_may_look_at_other_colours_than_those_of_a_run() -> None:
    view = GraphView(FakeMigration(), colour_by="state")
    view.colours = {"a": "running"}
    told(view, {"do": "colour", "by": "verdict"})
    assert (view.colour_by, drawn(view)) == ("verdict", {"a": "equal", "b": "different"})
    view.colours = {"a": "success"}
    assert drawn(view) == {"a": "equal", "b": "different"}
    told(view, {"do": "colour", "by": "state"})
    assert drawn(view) == {"a": "success", "b": "plain"}


def test_the_picture_is_saved_as_it_is_shown() -> None:
    view = GraphView(FakeMigration(), collapsed=["g"])
    assert told(view, {"do": "svg"}) == [{"kind": "svg", "name": "w.svg", "text": str(view.svg)}]


def test_a_message_that_nobody_knows_is_an_error_in_the_widget() -> None:
    view = GraphView(FakeMigration())
    told(view, {"do": "harm"})
    assert view._said["text"] == "AttributeError: 'GraphView' object has no attribute 'do_harm'"


def test_a_picture_stands_beside_the_widget() -> None:
    data, _ = GraphView(FakeMigration())._repr_mimebundle_()
    assert sorted(data) == ["application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain"]
    assert data["image/svg+xml"].startswith("<svg ")
    assert data["text/plain"] == "<graph of w, 2 tasks>"


def test_a_picture_too_large_for_a_notebook_is_drawn_collapsed_or_left_out(monkeypatch: Any) -> None:
    view = GraphView(FakeMigration())
    whole, folded = len(view.svg), len(view._picture(["g"]))
    assert folded != whole
    monkeypatch.setattr(module, "MOST_STATIC", max(whole, folded))
    assert "image/svg+xml" in view._repr_mimebundle_()[0]
    monkeypatch.setattr(view._migration, "svg", lambda *_, collapsed=(), **__: Svg("x" * (50 if collapsed else 100)))
    monkeypatch.setattr(module, "MOST_STATIC", 60)
    assert view._repr_mimebundle_()[0]["image/svg+xml"] == "x" * 50
    monkeypatch.setattr(module, "MOST_STATIC", 10)
    data = view._repr_mimebundle_()[0]
    assert data["text/plain"] == "<graph of w, 2 tasks>: too large for a picture in a notebook, see migration.svg('w')"
    assert "image/svg+xml" not in data


def test_what_a_notebook_keeps_of_many_graphs_is_small_and_has_the_program_once() -> None:
    views = [GraphView(FakeMigration(), selected="a") for _ in range(8)]
    manager = ipywidgets.Widget.get_manager_state(widgets=[*views, views[0]._bundle])
    kept = json.dumps(manager)
    assert sum("source" in one["state"] for one in manager["state"].values()) == 1
    assert len(kept) < 250_000


def test_a_graph_without_groups_has_nothing_to_collapse() -> None:
    view = GraphView(FakeMigration())
    view._model = view._model.model_copy(update={"groups": ()})
    view.redraw()
    assert view._groups == []
