"""A batch from its beginning to its index: read, convert, leave out what still holds, do the rest, and say how it went."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from workbook_lib.batch import _fresh, _local
from workbook_lib.batch._books import find
from workbook_lib.batch._html import to_html
from workbook_lib.batch._order import Order, folder, shown
from workbook_lib.batch._rows import Report, Row
from workbook_lib.errors import FolderError, ServerError, SourceError, UsageError
from workbook_lib.findings import Finding
from workbook_lib.migration import Masker, Migration, write

Progress = Callable[[str], None]
INDEX = "index.html"
_SECONDS_BETWEEN_PAGES = 2.0


@dataclass(frozen=True)
class Options:
    """`agreed`: what a real run executes may be executed. `record`: missing records may be made with the legacy engine.

    `limit`: seconds that one workflow may take. `dask`: the address of a scheduler, instead of processes on this machine; `jobs` is then
    the most workflows at a time, and None as many as there are threads in the cluster.
    """

    jobs: int | None = None
    workflows: tuple[str, ...] = ()
    notebooks: str | None = None
    inputs: str | None = None
    agreed: bool = False
    record: bool = False
    limit: float = 1800
    dask: str | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"--jobs {self.jobs}: at least one job is needed.", advice="Give a number from 1.")
        if not 0 < self.limit < 1e9:
            raise UsageError(f"--time-limit {self.limit:g}: not a time.", advice="Give the seconds that one workflow may take.")


class Stopped(Exception):
    """The batch was interrupted; `report` is how far it came."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__("stopped")


class Batch:
    """One batch: `Batch(source, root, options, progress).run()`. It is resumed by doing the same again."""

    def __init__(self, source: str | Path, root: str | Path, options: Options, progress: Progress = lambda line: None) -> None:
        self.source, self.root = Path(source).absolute(), Path(root).absolute()
        self.options, self._progress = options, progress
        self._rows: dict[str, Row] = {}
        self._findings: tuple[Finding, ...] = ()
        self._written = 0.0

    def run(self) -> Report:
        """Do what is not done. Stopped when it is interrupted; all that was done until then is kept and will not be done again."""
        books = find(self.options.notebooks)
        with _alone(self.root):
            self._prepare()
            orders = self._left(books)
            self._progress(f"{len(self._rows)} workflows: {len(self._rows) - len(orders)} done before and still fresh, {len(orders)} to do")
            try:
                self._all(orders)
            except KeyboardInterrupt:
                raise Stopped(self._report(stopped=True)) from None
            return self._report()

    def _prepare(self) -> None:
        """Read the sources and write the project, once for all workflows."""
        self._progress(f"reading {self.source}")
        options = {"inputs": self.options.inputs} if self.options.inputs else None
        self._migration = migration = Migration.create(self.root, self.source, options)
        found = [workflow.id for workflow in migration.workflows()]
        if not found:
            reason = next((finding.message for finding in migration.findings() if finding.severity.needs_human), "")
            raise SourceError("no workflow was found" + (f": {reason}" if reason else "."), file=str(self.source))
        wanted = {migration.workflow(name).id for name in self.options.workflows} or set(found)
        self._hide = migration.store.masker()
        self._converted = migration.convert()  # all, as the notebook does: what each run depends on holds a list of all
        self._findings = tuple(finding for finding in self._converted.findings if finding.workflow is None or finding.workflow in wanted)
        self._rows = {name: Row(id=name) for name in found if name in wanted}

    def _left(self, books: tuple[Path, ...]) -> list[Order]:
        """The orders for what has to be done; the rows of what has not are taken over."""
        options, about, orders = self.options, _fresh.digest(books), []
        common = {
            "root": str(self.root),
            "source": str(self.source),
            "books": tuple((book.name, book.read_text(encoding="utf-8")) for book in books),
            "agreed": options.agreed,
            "record": options.record,
            "limit": options.limit,
            "token": secrets.token_hex(8),
            "host": socket.gethostname(),
        }
        for name in self._rows:
            key = _fresh.key(self._migration, name, about)
            row = _fresh.stored(self.root, name)
            if row is not None and _fresh.holds(row, self._migration, key, options.agreed, options.record):
                self._rows[name] = self._known(row.model_copy(update={"reused": True}))
            else:
                self._rows[name] = self._known(Row(id=name, key=key))
                orders.append(Order.model_validate(common | {"workflow": name, "key": key}))
        return orders

    def _all(self, orders: list[Order]) -> None:
        if self.options.dask is not None:
            from workbook_lib.batch import _dask

            _dask.run(orders, self.options.dask, self.options.jobs, self._done, self._progress)
        elif orders:
            with _served(self.root, self.options.agreed):
                _local.run(orders, self.options.jobs or 1, self._done)

    def _known(self, row: Row) -> Row:
        """The row with what reading and converting said of the workflow."""
        workflow, tasks = self._migration.workflow(row.id), self._converted.statuses.get(row.id, ())
        file, legacy = Path(workflow.origin.file), self.root / "legacy"
        levels = [str(finding.severity) for finding in self._findings if finding.workflow == row.id]
        known = {
            "file": file.relative_to(legacy).as_posix() if file.is_relative_to(legacy) else str(file),
            "tasks": len(tasks),
            "converted": sum(task["status"] == "converted" for task in tasks),
            "notes": levels.count("note"),
            "warnings": levels.count("warning"),
            "errors": levels.count("error"),
        }
        return row.model_copy(update=known)

    def _done(self, row: Row) -> None:
        """Keep a row, and say so."""
        row = self._rows[row.id] = _hidden(self._known(row), self._hide)
        try:
            write(_fresh.place(self.root, row.id), row.model_dump_json(by_alias=True) + "\n")
        except FolderError as error:  # it is done again next time; the others go on
            self._progress(f"{row.id}: {error}")
        if time.monotonic() - self._written > _SECONDS_BETWEEN_PAGES:
            with contextlib.suppress(FolderError):  # told at the end, when the last page is written
                self._page(self._report_now(stopped=True))
        self._progress(self._line(row))

    def _line(self, row: Row) -> str:
        over = [one for one in self._rows.values() if one.where or one.reused]
        good, why = sum(one.good for one in over), row.reason or (row.headline if row.verdict and not row.good else "")
        counts = f"{len(over)}/{len(self._rows)}, {good} good"
        share = "" if row.percent is None else f", {row.percent}% converted"
        return f"[{counts}] {row.id}: {row.outcome}{share}, {row.seconds:.0f} s" + (f" ({why})" if why else "")

    def _report_now(self, stopped: bool = False) -> Report:
        index = shown(self.root) / INDEX
        return Report(
            source=str(self.source), root=str(self.root), index=str(index), rows=tuple(self._rows.values()),
            findings=self._findings, agreed=self.options.agreed, stopped=stopped,
        )  # fmt: skip

    def _report(self, stopped: bool = False) -> Report:
        report = self._report_now(stopped)
        self._page(report)
        return report

    def _page(self, report: Report) -> None:
        write(Path(report.index), self._hide.markup(to_html(report)))
        self._written = time.monotonic()


def _hidden(row: Row, hide: Masker) -> Row:
    """The row without secrets in what errors say."""
    books = tuple(book.model_copy(update={"message": hide.text(book.message)}) for book in row.notebooks)
    return row.model_copy(update={"reason": hide.text(row.reason), "notebooks": books})


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Only one batch at a time works on a migration folder; what a killed one left is cleared away."""
    place = folder(root) / "lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = open(place, "a")  # noqa: SIM115 - held until the batch is over
    except OSError as error:
        raise FolderError(f"cannot be used: {error.strerror}", file=str(root), advice="Choose another folder with --out.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(
                "another batch is at work on it", file=str(root), advice="Wait for its end, or choose another folder."
            ) from None
        shutil.rmtree(folder(root) / "work", ignore_errors=True)
        yield


@contextlib.contextmanager
def _served(root: Path, agreed: bool) -> Iterator[None]:
    """Have one server for the whole batch; whoever needs it says when it does not start."""
    with contextlib.ExitStack() as stack:
        if agreed:
            from workbook_lib.pilot import server

            with contextlib.suppress(ServerError):
                stack.enter_context(server(root))
        yield
