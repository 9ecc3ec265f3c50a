"""The graph in a real JupyterLab: one task from all sides, by mouse and keyboard, search, groups, live colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_lab import CHROMIUM, Heard, Lab, errors, execute, open_notebook, run_all

from workbook_lib.migration import Migration

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium is installed"),
]
DAG = """
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.utils.task_group import TaskGroup


def check():
    return "<b>bold</b>"


with DAG("grouped", start_date=datetime(2024, 1, 1), schedule=None, doc_md="<img src=x onerror=alert(1)>") as dag:
    start = PythonOperator(task_id="start", python_callable=check, doc_md="<img src=x onerror=alert(1)>")
    with TaskGroup("load") as load:
        north = BashOperator(task_id="north", bash_command="echo '<script>alert(1)</script>'")
        south = BashOperator(task_id="south", bash_command="echo south", trigger_rule="all_done")
    end = BashOperator(task_id="end", bash_command="echo end")
    start >> load >> end
"""
CELLS = (
    "from workbook_lib.migration import Migration\nfrom workbook_lib.widgets import GraphView\n"
    "migration = Migration('my_graph')\ngraph = GraphView(migration)\ngraph",
    "GraphView(migration)",
)


@pytest.fixture(scope="module")
def heard(tab: Any) -> Heard:
    return Heard(tab)


@pytest.fixture(scope="module")
def notebook(jupyter: Lab, tab: Any, heard: Heard, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook with two views of one workflow, all cells run."""
    source = tmp_path_factory.mktemp("dags") / "grouped.py"
    source.write_text(DAG)
    Migration.create(jupyter.folder / "my_graph", source).convert()
    jupyter.write("graph.ipynb", *CELLS)
    open_notebook(tab, jupyter.address, "graph.ipynb")
    run_all(tab, seconds=60)
    assert errors(tab) == []
    tab.wait_for_function("document.querySelectorAll('.wb-live[data-drawn]').length === 2")
    assert heard.errors == []
    return tab


@pytest.fixture
def graph(notebook: Any, heard: Heard) -> Iterator[Any]:
    """The first view, as it was in the beginning; afterwards nothing went wrong, and nobody else was asked for anything."""
    execute(
        notebook, "graph.selected, graph.collapsed, graph.colours, graph.colour_by, graph.edges = '', [], {}, 'status', {}; graph.redraw()"
    )
    heard.errors.clear()
    view = notebook.locator(".wb-live").first
    notebook.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '4' && !document.querySelector('.wb-pane')")
    yield view
    assert heard.errors == []
    assert heard.hosts - {"page"} == {"127.0.0.1"}


def boxes(view: Any) -> dict[str, str]:
    """Box -> look, as the page shows them."""
    found = view.locator(".wb-stage .wb-task").evaluate_all(
        """items => items.map(item => [item.dataset.task ?? item.dataset.node,
                                       [...item.classList].find(name => name.startsWith('wb-is-')).slice(6)])"""
    )
    return dict(found)


def marked(view: Any, side: str) -> list[str]:
    """The marked lines of one side that are in sight."""
    return [
        text.strip("\u200b ")
        for text in view.locator(f"[aria-label='{side}'] .wb-marked").evaluate_all(
            """rows => rows.filter(row => { const [a, b] = [row.getBoundingClientRect(), row.parentElement.getBoundingClientRect()]
                                            return a.top >= b.top && a.bottom <= b.bottom }).map(row => row.textContent)"""
        )
    ]


def test_a_click_on_a_task_shows_both_sources_at_their_lines(graph: Any) -> None:
    graph.locator(".wb-task[data-task='start']").click()
    graph.locator(".wb-pane").wait_for()
    assert marked(graph, "Legacy")[:2] == ["def check():", 'return "<b>bold</b>"']
    assert marked(graph, "Generated")[:3] == ["@task", "def start() -> str:", 'return "<b>bold</b>"']
    assert graph.locator(".wb-file").all_inner_texts() == ["grouped.py", "flows/grouped.py"]
    graph.get_by_role("button", name="makes the task").click()
    assert marked(graph, "Legacy")[-1].startswith("start = PythonOperator(")
    assert graph.locator("td strong").all_inner_texts() == ["task_id", "python_callable", "doc_md"]
    graph.get_by_role("button", name="load.north", exact=True).click()
    graph.page.wait_for_function("document.querySelector('.wb-pane h3')?.textContent === 'load.north'")
    assert marked(graph, "Legacy")[0].startswith("north = BashOperator(")
    assert graph.locator(".wb-task[aria-pressed=true]").get_attribute("data-task") == "load.north"
    graph.get_by_label("close the details").click()
    assert graph.locator(".wb-pane").count() == 0


def test_text_of_the_workflow_never_becomes_markup(graph: Any) -> None:
    graph.locator(".wb-task[data-task='load.north']").click()
    graph.locator(".wb-pane").wait_for()
    assert graph.locator("img, script, b").count() == 0
    assert "<script>alert(1)</script>" in graph.locator(".wb-pane").inner_text()


def test_the_keyboard_reaches_chooses_and_closes(graph: Any) -> None:
    page = graph.page
    here = "document.activeElement.dataset.task ?? document.activeElement.getAttribute('aria-label')"
    graph.get_by_label("save the drawing as SVG").focus()
    page.keyboard.press("Tab")  # to the box that was visited last
    page.keyboard.press("Home")
    assert page.evaluate(here) == "start"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    first = page.evaluate(here)
    assert first in ("load.north", "load.south", "end")
    page.keyboard.press("Home")
    assert page.evaluate(here) == "start"
    page.keyboard.press("Enter")
    graph.locator(".wb-pane").wait_for()
    assert graph.locator(".wb-pane h3").inner_text() == "start"
    page.keyboard.press("Escape")
    graph.locator(".wb-pane").wait_for(state="detached")
    assert page.evaluate(here) == "start"
    assert page.locator(".jp-Notebook.jp-mod-commandMode .jp-Cell").count() == 3  # no key was taken for a command of the notebook


def test_search_finds_dims_and_goes_on(graph: Any) -> None:
    field = graph.get_by_label("search tasks")
    field.fill("Bash")
    assert graph.locator(".wb-count").inner_text() == "3 found"
    assert sorted(graph.locator(".wb-hit").evaluate_all("found => found.map(one => one.dataset.task)")) == [
        "end",
        "load.north",
        "load.south",
    ]
    field.press("Enter")
    field.press("Enter")
    assert graph.locator(".wb-count").inner_text() == "2 of 3"
    assert graph.locator(".wb-here").count() == 1
    execute(graph.page, "graph.collapsed = ['load']")
    graph.page.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '3'")
    field.fill("south")
    assert graph.locator(".wb-hit").evaluate_all("found => found.map(one => one.dataset.folds)") == ["load"]
    field.press("Escape")
    assert (graph.locator(".wb-count").inner_text(), graph.locator(".wb-searching").count()) == ("", 0)


def test_groups_collapse_and_expand(graph: Any) -> None:
    graph.get_by_label("collapse the group load").click()
    graph.page.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '3'")
    assert boxes(graph) == {"start": "converted", "load": "converted", "end": "converted"}
    graph.locator("[data-folds='load']").click()
    graph.page.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '4'")
    graph.get_by_label("collapse all groups").click()
    graph.page.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '3'")
    graph.get_by_label("expand all groups").click()
    graph.page.wait_for_function("document.querySelector('.wb-live').dataset.drawn === '4'")


def test_states_change_live_without_another_drawing(graph: Any) -> None:
    graph.locator(".wb-task[data-task='start']").evaluate("box => { box.before = true }")
    execute(graph.page, "graph.colours = {'start': 'success', 'load.north': 'running'}")
    graph.locator(".wb-stage .wb-is-running").wait_for()
    assert boxes(graph) == {"start": "success", "load.north": "running", "load.south": "plain", "end": "plain"}
    assert graph.locator(".wb-task[data-task='start']").evaluate("box => box.before") is True
    assert graph.locator(".wb-legend li").all_inner_texts() == ["running (1)", "success (1)", "task (2)"]
    assert graph.locator(".wb-task[data-task='start']").get_attribute("aria-label").startswith("start, PythonOperator, success,")
    graph.get_by_label("colour by").select_option("conversion")
    graph.locator(".wb-stage .wb-is-converted").first.wait_for()
    assert set(boxes(graph).values()) == {"converted"}


def test_an_edge_that_is_missing_is_marked(graph: Any) -> None:
    execute(graph.page, "graph.edges = {('start', 'load.north'): 'missing'}")
    graph.locator(".wb-edge-missing path").first.wait_for(state="attached")
    assert graph.locator(".wb-stage .wb-edge-missing").get_attribute("data-target") == "load.north"
    assert "missing: the legacy workflow has it, the flow does not" in graph.locator(".wb-legend").inner_text()


def place(graph: Any) -> list[float]:
    found: list[float] = graph.locator(".wb-world").evaluate(
        "world => { const m = new DOMMatrix(getComputedStyle(world).transform); return [m.a, m.e, m.f] }"
    )
    return found


def test_pan_zoom_and_fit(graph: Any) -> None:
    graph.get_by_label("show all (0)").click()
    fitted = place(graph)
    box = graph.locator(".wb-stage").bounding_box()
    mouse = graph.page.mouse
    mouse.move(box["x"] + 30, box["y"] + 30)
    mouse.down()
    mouse.move(box["x"] + 80, box["y"] + 50, steps=4)
    mouse.up()
    assert [round(after - before) for after, before in zip(place(graph), fitted, strict=True)] == [0, 50, 20]
    assert graph.locator(".wb-pane").count() == 0  # a drag is no click
    graph.page.keyboard.down("Control")
    mouse.wheel(0, -200)
    graph.page.keyboard.up("Control")
    assert place(graph)[0] > fitted[0] * 1.2
    graph.get_by_label("show all (0)").click()
    assert place(graph) == pytest.approx(fitted, abs=0.01)


def test_the_drawing_is_saved_as_svg(graph: Any) -> None:
    with graph.page.expect_download() as download:
        graph.get_by_label("save the drawing as SVG").click()
    assert download.value.suggested_filename == "grouped.svg"
    assert Path(download.value.path()).read_text().startswith("<svg ")


def test_an_error_is_shown_in_the_widget(graph: Any) -> None:
    execute(graph.page, "graph.selected = 'nothing'")
    graph.locator(".wb-alert-error").wait_for()
    assert graph.locator(".wb-alert").inner_text() == "✕ grouped has no task 'nothing'. Name one of: start, load.north, load.south, end."
    graph.locator(".wb-task[data-task='end']").click()
    graph.locator(".wb-pane").wait_for()
    assert graph.locator(".wb-alert").inner_text() == ""


def test_two_views_share_a_program(graph: Any) -> None:
    modules = "globalThis[Symbol.for('prefect-migration-workbook')].size"
    assert (graph.page.locator(".wb-live").count(), graph.page.evaluate(modules)) == (2, 1)


def test_a_page_that_is_loaded_again_shows_the_same(graph: Any, jupyter: Lab) -> None:
    page = graph.page
    graph.locator(".wb-task[data-task='end']").click()
    graph.locator(".wb-pane").wait_for()
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    assert (jupyter.folder / "graph.ipynb").stat().st_size < 100_000
    open_notebook(page, jupyter.address, "graph.ipynb")
    page.locator(".wb-pane h3").wait_for()
    assert page.locator(".wb-pane h3").inner_text() == "end"
    assert set(boxes(page.locator(".wb-live").first)) == {"start", "load.north", "load.south", "end"}
