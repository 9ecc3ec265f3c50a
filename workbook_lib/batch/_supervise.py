"""One workflow in a process of its own, ended when it takes too long or is not wanted any more; the same here and on a Dask worker."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from workbook_lib.batch import _tree
from workbook_lib.batch._execute import last_words
from workbook_lib.batch._fresh import look
from workbook_lib.batch._order import Order, folder
from workbook_lib.batch._rows import Row, State
from workbook_lib.batch._work import DRAFT, ORDER, ROW, keep
from workbook_lib.errors import ServerError, WorkbookError
from workbook_lib.migration import Migration, has_room

_POLL = 0.1
STRICT = "WORKBOOK_STRICT_CHECKS"  # of `teaching.check`


def supervise(order: Order, stopped: Callable[[], bool]) -> Row:
    """The row of the order's workflow, whatever happens to the process that makes it."""
    root, began = Path(order.root), time.monotonic()
    where = f"{socket.gethostname()}:{os.getpid()}"
    row = Row(id=order.workflow, key=order.key)
    try:
        has_room(root)
        with _workspace(root) as work, _server(root, order):
            (work / ORDER).write_text(order.model_dump_json(), encoding="utf-8")
            state, reason = _watched(order, work, stopped)
            row = _concluded(row, order, work, state, reason)
    except WorkbookError as error:
        row = row.model_copy(update={"state": "failed", "reason": str(error)})
    except Exception as error:
        row = row.model_copy(update={"state": "failed", "reason": f"{type(error).__name__}: {last_words(error)}"})
    return row.model_copy(update={"seconds": time.monotonic() - began, "where": where})


@contextlib.contextmanager
def _workspace(root: Path) -> Iterator[Path]:
    """A folder for drafts, which may hold secrets: only the owner can look into it."""
    (folder(root) / "work").mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder(root) / "work"))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _server(root: Path, order: Order) -> Iterator[None]:
    """Hold the root's server for the whole workflow: it is started once, and not by a process that may be ended."""
    with contextlib.ExitStack() as stack:
        if order.agreed:
            from workbook_lib.pilot import server

            with contextlib.suppress(ServerError):  # the notebook that needs it says so
                stack.enter_context(server(root))
        yield


def _watched(order: Order, work: Path, stopped: Callable[[], bool]) -> tuple[State, str]:
    """Run the process to its end, or end it: how it went, and why it did not go well."""
    own = {STRICT: "0", "IPYTHONDIR": str(work / "ipython"), "JUPYTER_RUNTIME_DIR": str(work / "runtime")}
    command = [sys.executable, "-P", "-m", "workbook_lib.batch._work", str(work)]
    with open(work / "log", "wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=work, env=os.environ | own, start_new_session=True
        )
    deadline = time.monotonic() + order.limit
    try:
        while process.poll() is None:
            if stopped():
                return "stopped", "the batch was stopped"
            if time.monotonic() > deadline:
                return "timed out", f"it took longer than the time limit of {order.limit:g} s"
            time.sleep(_POLL)
    finally:
        if process.poll() is None:
            _tree.end(process.pid, _tree.servers(Path(order.root)))
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
    if process.returncode == 0:
        return "done", ""
    return "failed", f"its process ended with status {process.returncode}; its last words: {_tail(work / 'log')}"


def _tail(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace")[-4000:].splitlines() if line.strip()]
    return " | ".join(lines[-2:]) or "none"


def _concluded(row: Row, order: Order, work: Path, state: State, reason: str) -> Row:
    """The row that the process left; of one that was ended also the notebook as far as it came."""
    with contextlib.suppress(OSError, ValueError):
        row = Row.model_validate_json((work / ROW).read_text(encoding="utf-8"))
    if state == "done":
        return row
    migration, books = Migration(order.root), list(row.notebooks)
    reason = migration.store.masker().text(reason)
    current = next((number for number, book in enumerate(books) if book.state == "not reached"), None)
    if current is not None and (work / DRAFT).is_file():
        books[current] = keep(books[current].name, order, migration, work, reason, 0)
        reason = f"{reason}, in {books[current].name}" if state == "timed out" else reason
    return row.model_copy(update={"state": state, "reason": reason, "notebooks": tuple(books)} | look(migration, order.workflow))
