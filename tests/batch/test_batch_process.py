"""The process of one workflow: however it ends, its row says so, and nothing of it goes on."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
from batch_books import gone, notebooks, repository

from workbook_lib.batch import Batch, Options, _supervise
from workbook_lib.batch._order import Order
from workbook_lib.migration import Migration
from workbook_lib.pilot import server

PILOT = "from workbook_lib import Migration\nMigration(root).pilot(workflow)"


def order(tmp_path: Path, steps: dict[str, str], **more: object) -> Order:
    """The order for the workflow `good` of a repository that was read and converted."""
    books = notebooks(tmp_path / "books", steps)
    texts = tuple((path.name, path.read_text()) for path in sorted(books.iterdir()))
    return Order.model_validate({"root": str(tmp_path / "root"), "source": "", "workflow": "good", "books": texts, "key": "k"} | more)


@pytest.mark.notebook
@pytest.mark.pilot
def test_a_pilot_that_hangs_is_ended_with_all_its_processes_but_the_server(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    command = f"echo $$ > {marker}; sleep 1000"
    Migration.create(tmp_path / "root", repository(tmp_path / "dags", "good", command=command)).convert()
    with server(tmp_path / "root") as before:
        row = _supervise.supervise(order(tmp_path, {"04_pilot": PILOT}, agreed=True, limit=300), marker.is_file)
        assert (row.state, row.reason) == ("stopped", "the batch was stopped")
        assert [one.state for one in row.notebooks] == ["failed"]
        assert gone(int(marker.read_text()))
        left = [one for one in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(one.info["cmdline"] or [])]
        assert [one.pid for one in left if one.pid != before.pid and one.status() != psutil.STATUS_ZOMBIE] == []
        with server(tmp_path / "root") as after:
            assert after.pid == before.pid


def test_a_process_that_dies_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Migration.create(tmp_path / "root", repository(tmp_path / "dags", "good")).convert()
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\necho first\necho out of luck\nexit 7\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    row = _supervise.supervise(order(tmp_path, {"01_assess": "1"}), lambda: False)
    assert (row.state, row.reason) == ("failed", "its process ended with status 7; its last words: first | out of luck")


def test_a_full_disk_is_said_per_workflow_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    books = notebooks(tmp_path / "books", {"01_assess": "1"})
    source = repository(tmp_path / "dags", "a", "b")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**6))
    report = Batch(source, tmp_path / "root", Options(notebooks=str(books)), said.append).run()
    message = f"{tmp_path}/root: the disk is full: 1 MB are free, and a run needs about 16 MB; nothing was run. Make room, then try again."
    assert [(row.id, row.state, row.reason) for row in report.rows] == [("a", "failed", message), ("b", "failed", message)]
    assert Path(report.index).is_file()


def test_a_row_that_cannot_be_kept_is_told_of_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    books = notebooks(tmp_path / "books", {"01_assess": "1"})
    rows = tmp_path / "root" / ".workbook" / "batch" / "rows"
    rows.parent.mkdir(parents=True)
    rows.write_text("in the way")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**6))
    report = Batch(repository(tmp_path / "dags", "a"), tmp_path / "root", Options(notebooks=str(books)), said.append).run()
    assert [row.state for row in report.rows] == ["failed"]
    assert [line.partition(": ")[0] for line in said if "writing the migration folder failed" in line] == ["a"]
