"""How long a page takes for a large graph: the real program of the widget in a real Chromium, without a Jupyter around it."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import random
import shutil
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import workbook_lib.widgets
from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Edge, Group, Task, Workflow
from workbook_lib.view import CLASSES, EDGE_KEY, draw_live, look_key

STATIC = Path(workbook_lib.widgets.__file__).parent / "static"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


def workflow(count: int, *, groups: bool) -> Workflow:
    """Tasks that each wait for one of the 60 before them, a quarter for a second; ten groups hold them, one after the other."""
    chance = random.Random(2)
    names = [f"g{i * 10 // count}.load_{i:04d}" for i in range(count)]
    tasks = tuple(Task(id=name, operator="PythonOperator", action=Nothing(), group=name[:2] if groups else None) for name in names)
    pairs = {(names[chance.randrange(max(0, i - 60), i)], names[i]) for i in range(1, count)}
    pairs |= {(names[chance.randrange(max(0, i - 60), i)], names[i]) for i in range(1, count, 4)}
    boxes = tuple(Group(id=f"g{i}") for i in range(10)) if groups else ()
    edges = tuple(Edge(source=one, target=other) for one, other in sorted(pairs))
    return Workflow(
        id="large", system="airflow", version="2.11", origin=Origin(file="l.py", line=1), tasks=tasks, groups=boxes, edges=edges
    )


def measure(folder: Path, count: int, *, groups: bool) -> dict[str, float]:
    """Seconds and milliseconds for one graph."""
    drawn = workflow(count, groups=groups)
    started = time.perf_counter()
    svg = zlib.compress(draw_live(drawn).encode())
    made = time.perf_counter() - started
    looks = {task.id: "pending" for task in drawn.tasks}
    state = {
        "workflow": "large",
        "colour_by": "state",
        "collapsed": [],
        "selected": "",
        "_detail": {},
        "_said": {"kind": "note", "text": ""},
    }
    state |= {"_drawing": base64.b64encode(svg).decode(), "_looks": looks, "_key": look_key(CLASSES), "_edge_key": EDGE_KEY}
    state |= {"_groups": [group.id for group in drawn.groups]}
    (folder / "state.json").write_text(json.dumps(state))
    with _page(folder) as page:
        page.wait_for_function("window.ready")
        shown = page.evaluate("show()")
        some = {name: "running" if i % 40 == 0 else "pending" for i, name in enumerate(looks)}
        recoloured = page.evaluate("(looks) => put('_looks', looks)", some)
        page.screenshot(path=str(folder / f"{count}{'-groups' if groups else ''}-fit.png"))
        panned = page.evaluate("frames()")
        for _ in range(6):
            page.evaluate("document.querySelector('[aria-label^=\"zoom in\"]').click()")
        page.wait_for_timeout(300)
        close = page.evaluate("frames()")
        page.screenshot(path=str(folder / f"{count}{'-groups' if groups else ''}.png"))
    found = {"python": made, "kilobytes": len(svg) / 1024, "browser": shown / 1000, "recolour": recoloured}
    for name, frames in (("pan", panned), ("close", close)):
        found |= {name: frames[len(frames) // 2], f"{name}95": frames[int(len(frames) * 0.95)]}
    return found


def lines(folder: Path, counts: tuple[int, ...] = (500, 2000), runs: int = 3) -> None:
    """Print the median of some runs for each graph."""
    if CHROMIUM is None:
        print("  left out, Chromium is not there")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for count in counts:
        for groups in (False, True):
            taken = [measure(folder, count, groups=groups) for _ in range(runs)]
            found = {name: sorted(one[name] for one in taken)[runs // 2] for name in taken[0]}
            print(f"  {count} tasks, {'ten groups' if groups else 'no groups'}:")
            print(f"    laid out and drawn {found['python']:.2f} s, {found['kilobytes']:.0f} KB for the page")
            aim = f"aim: below {1 if count <= 500 else 3}"
            print(f"    in the page {found['browser']:.2f} s ({aim}); one in 40 recoloured {found['recolour']:.0f} ms")
            frames = [f"{found[name]:.0f} ms (95 %: {found[f'{name}95']:.0f})" for name in ("pan", "close")]
            print(f"    a frame while panning: all of it {frames[0]}, zoomed in {frames[1]}")


class _page:
    """A page of the folder in Chromium, on this machine alone."""

    def __init__(self, folder: Path) -> None:
        shutil.copy(Path(__file__).with_name("_graph.html"), folder / "index.html")
        shutil.copy(STATIC / "graph.js", folder / "graph.js")
        handler = functools.partial(_Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Any:
        from playwright.sync_api import sync_playwright

        self.play = sync_playwright().start()
        self.browser = self.play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = self.browser.new_page(viewport={"width": 1000, "height": 700})
        page.goto(f"http://127.0.0.1:{self.server.server_port}/index.html")
        return page

    def __exit__(self, *_: object) -> None:
        self.browser.close()
        self.play.stop()
        self.server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""
