"""Runs the code cells of notebooks in this process, one IPython shell each: a kernel for each of them would take minutes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from notebooks_rules import code_cells, load, tags
from traitlets.config import Config


class Run:
    """One notebook's shell; `values` are its variables."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.values: dict[str, Any] = shell.user_ns

    def cell(self, source: str) -> Any:
        """Run a cell; what its last line gives. An error in it is raised."""
        with capture_output() as said:
            done = self.shell.run_cell(source)
        error = done.error_before_exec or done.error_in_exec
        if error is not None:
            raise RuntimeError(f"a cell failed: {type(error).__name__}: {error}\n{source}\n{said.stdout[-2000:]}") from error
        return done.result


@contextmanager
def shell(folder: Path) -> Iterator[Run]:
    """A fresh shell that works in `folder`, and leaves nothing behind in this process."""
    before, config = Path.cwd(), Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    os.chdir(folder)
    try:
        yield Run(InteractiveShell.instance(config=config))
    finally:
        InteractiveShell.clear_instance()
        os.chdir(before)


def run_book(path: Path, folder: Path, **parameters: Any) -> dict[str, Any]:
    """Run a notebook in `folder` with other parameters; what each of its cells gave, by id."""
    with shell(folder) as run:
        return dict(_cells(run, code_cells(load(path)), parameters))


def _cells(run: Run, cells: Iterable[Any], parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for cell in cells:
        yield cell.id, run.cell(cell.source)
        if "parameters" in tags(cell):
            run.values.update(parameters)
