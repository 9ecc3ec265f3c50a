"""A real JupyterLab for a test, on a copy of the notebooks, and a page of a real Chromium in it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
_SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none", "autoStartDefaultKernel": true}',
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": '{"fetchNews": "false", "checkForUpdates": false}',
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: the address of its page (with a place for the notebook), and the folder that it serves."""

    address: str
    folder: Path

    def write(self, name: str, *cells: str) -> None:
        """Make a notebook of code cells."""
        import nbformat

        made = [nbformat.v4.new_markdown_cell(f"# {name}"), *(nbformat.v4.new_code_cell(cell) for cell in cells)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), self.folder / name)


class Heard:
    """What a page said and asked for: messages that are errors, and hosts of its requests."""

    def __init__(self, page: Any) -> None:
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or "page"))


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """A JupyterLab that serves a copy of the notebooks in `folder`; the address of its page, token included."""
    shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns("my_migration", ".ipynb_checkpoints"))
    for name, text in _SETTINGS.items():
        path = folder / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    own = {"HOME": folder / "home", "JUPYTER_CONFIG_DIR": folder / "config", "JUPYTER_DATA_DIR": folder / "data"}
    own |= {"JUPYTER_RUNTIME_DIR": folder / "runtime", "IPYTHONDIR": folder / "ipython", "JUPYTERLAB_SETTINGS_DIR": folder / "settings"}
    for path in own.values():
        path.mkdir(parents=True, exist_ok=True)
    port, token = _free_port(), "browser-test"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={folder / 'notebooks'}", "--LabApp.expose_app_in_browser=True", "--allow-root"]
    environment = os.environ | {name: str(path) for name, path in own.items()}
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(f"http://127.0.0.1:{port}/api?token={token}", server, folder / "lab.log")
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset"
        finally:
            server.send_signal(signal.SIGINT)
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextmanager
def page() -> Iterator[Any]:
    """A page that can reach nothing but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser.new_page(viewport={"width": 1400, "height": 1000})
        finally:
            browser.close()


def open_notebook(page: Any, address: str, name: str) -> None:
    """Open a notebook and wait until its kernel is idle."""
    page.goto(address.format(name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.wait_for_function(_IDLE, timeout=120_000)


_IDLE = """() => { const found = window.jupyterapp.shell.currentWidget?.sessionContext
                   return found?.session?.kernel?.connectionStatus === 'connected' && found.kernelDisplayStatus === 'idle' }"""
_CELLS = "window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.filter(cell => cell.cell_type === 'code')"
_FAILED = f"{_CELLS}.some(cell => cell.outputs.some(output => output.output_type === 'error'))"
_RAN = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(p => /[*\\d]/.test(p.textContent))"""
_DONE = f"() => {_FAILED} || {_CELLS}.every(cell => cell.execution_count !== null)"


def run_all(page: Any, seconds: float) -> None:
    """Run all cells and wait until every one has run, or one has failed."""
    from playwright.sync_api import TimeoutError as NotYet

    page.locator(".jp-Notebook .jp-MarkdownCell").first.click()
    for _ in range(10):  # a command given too early is dropped
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        try:
            page.wait_for_function(_RAN, timeout=10_000)
            break
        except NotYet:
            continue
    page.wait_for_function(_DONE, timeout=seconds * 1000)
    page.wait_for_timeout(800)


def errors(page: Any) -> list[str]:
    """The messages of all error outputs, and of widgets that report an error."""
    failed = page.evaluate(
        f"() => {_CELLS}.flatMap(cell => cell.outputs).filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue)"
    )
    return [*failed, *(text for text in page.locator(".wb-alert-error").all_inner_texts() if text.strip())]


def execute(page: Any, code: str) -> None:
    """Run code in the notebook's kernel, beside its cells; an error is raised here."""
    done = page.evaluate(
        """async (code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
            const { content } = await kernel.requestExecute({ code, stop_on_error: false }).done
            return content.status === 'ok' ? '' : `${content.ename}: ${content.evalue}`
        }""",
        code,
    )
    if done:
        raise RuntimeError(done)


def whole(page: Any, path: Path) -> None:
    """A picture of the whole notebook."""
    height = page.evaluate("Math.max(...[...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook')].map(e => e.scrollHeight))")
    page.set_viewport_size({"width": 1400, "height": min(int(height) + 160, 9000)})
    page.wait_for_timeout(600)
    page.screenshot(path=str(path))
    page.set_viewport_size({"width": 1400, "height": 1000})
