"""A batch on a Dask cluster: a local one with two workers, each a process of its own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_books import notebooks, repository

from workbook_lib.batch import Batch, Options, Row, _dask
from workbook_lib.batch._order import Order
from workbook_lib.errors import UsageError
from workbook_lib.migration import Migration, file_name
from workbook_lib.pilot import _settings

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers of one thread."""
    folder = tmp_path_factory.mktemp("dask")
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": "127.0.0.1:0",
        "local_directory": str(folder),
    }
    with distributed.LocalCluster(host="127.0.0.1", **options) as made:
        yield made.scheduler_address


@pytest.mark.notebook
def test_workflows_are_spread_over_the_workers(cluster: str, tmp_path: Path) -> None:
    steps = {"01_assess": 'assert workflow != "broken", "the notebook is broken"\nprint(workflow)'}
    names = ("a", "b", "broken", "c")
    source, said = repository(tmp_path / "dags", *names), []
    options = Options(dask=cluster, notebooks=str(notebooks(tmp_path / "books", steps)), limit=120)
    report = Batch(source, tmp_path / "root", options, said.append).run()
    assert {row.id: row.state for row in report.rows} == {"a": "done", "b": "done", "broken": "failed", "c": "done"}
    assert len({row.where for row in report.rows}) == 2
    assert "2 Dask workers with 2 threads" in said
    assert {row.id: row.reason for row in report.rows if row.reason} == {"broken": "01_assess: AssertionError: the notebook is broken"}
    assert [path for path in (tmp_path / "root/.workbook/batch").iterdir() if path.is_file() and path.name != "lock"] == []
    again = Batch(source, tmp_path / "root", options).run()
    assert {row.id: row.reused for row in again.rows} == {"a": True, "b": True, "broken": False, "c": True}


def test_a_worker_that_does_not_see_the_folder_is_told_of(cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dask, "about", lambda root, token: {"version": _dask.workbook_lib.__version__, "sees": False, "host": "node7"})
    source = repository(tmp_path / "dags", "a")
    with pytest.raises(
        UsageError, match=r"the worker tcp://\S+ on node7 does not see .*/root\. Put the migration folder on a disk that all"
    ):
        Batch(source, tmp_path / "root", Options(dask=cluster)).run()


def test_a_worker_of_another_version_is_told_of(cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dask, "about", lambda root, token: {"version": "0.0.1", "sees": True, "host": "node7"})
    source = repository(tmp_path / "dags", "a")
    with pytest.raises(UsageError, match=r"on node7 has version 0\.0\.1 of this library, not \d\S+\. Install the same version there\.$"):
        Batch(source, tmp_path / "root", Options(dask=cluster)).run()


def test_an_address_where_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dask, "_SECONDS_TO_CONNECT", 1)
    source = repository(tmp_path / "dags", "a")
    with pytest.raises(UsageError, match=r"^--dask tcp://127\.0\.0\.1:9: no scheduler answers there: "):
        Batch(source, tmp_path / "root", Options(dask="tcp://127.0.0.1:9")).run()


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    source = repository(tmp_path / "dags", "a")
    with pytest.raises(UsageError) as caught:
        Batch(source, tmp_path / "root", Options(dask="tcp://127.0.0.1:9")).run()
    message = "--dask needs the package `distributed`, which is not installed. Install it: pip install distributed"
    assert str(caught.value) == message


def test_a_worker_stops_as_soon_as_the_batch_is_not_wanted_any_more(tmp_path: Path) -> None:
    Migration.create(tmp_path / "root", repository(tmp_path / "dags", "good")).convert()
    (book,) = notebooks(tmp_path / "books", {"01_assess": "import time; time.sleep(1000)"}).iterdir()
    given = {"root": str(tmp_path / "root"), "source": "", "workflow": "good", "books": ((book.name, book.read_text()),), "key": "k"}
    order = Order.model_validate(given | {"token": "gone", "host": socket.gethostname()})
    assert Row.model_validate_json(_dask.on_worker(order.model_dump_json())).state == "stopped"


def test_a_worker_on_another_machine_uses_a_server_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_MACHINE", "")  # taken back afterwards
    order = Order(root=str(tmp_path), source="", workflow="good", books=(), key="k", token="gone", host="elsewhere")
    assert _settings.place(tmp_path).name == "server"
    _dask.on_worker(order.model_dump_json())
    assert _settings.place(tmp_path).name == f"server-{file_name(socket.gethostname())}"
