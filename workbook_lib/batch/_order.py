"""What a process that does one workflow is told; plain data, so that it goes to other machines."""

from __future__ import annotations

from pathlib import Path

from workbook_lib.model._base import Frozen


class Order(Frozen):
    """The notebooks `books`, by their paths, for `workflow` in the migration folder `root`; no longer than `limit` seconds.

    `agreed`: what has to run may run. `record`: so may the legacy engine. `token` is a name that the folder holds while the batch runs.
    """

    root: str
    source: str
    workflow: str
    books: tuple[tuple[str, str], ...]  # file name and text: workers need not share the folder of the notebooks
    key: str
    agreed: bool = False
    record: bool = False
    limit: float = 1800
    token: str = ""
    host: str = ""  # of whoever gave the order; another machine starts a server of its own


def folder(root: Path) -> Path:
    """What a batch keeps for itself below the migration folder: rows, drafts, its lock."""
    return root / ".workbook" / "batch"


def shown(root: Path) -> Path:
    """What a batch makes for people: the index and the executed notebooks."""
    return root / "batch"
