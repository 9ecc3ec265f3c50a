"""Whether the tests that a generated project carries fail for a mutant: pytest again and again in one process that has Prefect loaded.

    python mutation_own_tests.py < orders > answers

One order a line, `{"project", "test", "file", "source", "ids"}`: `source` stands in `file` while the tests `ids` run, up to the first that
fails. One answer a line, `{"status", "told"}`: pytest's exit status (1: a test failed, 2: the flow does not import), or -1 when the time
was over, which fails too.

What makes it quick, and why none of it changes an answer. The process goes on from mutant to mutant, but forgets every module that lies
in the project, and puts `os.environ` and `sys.path` back; after a mutant that took too long, and for another flow, a fresh fork begins.
The server is one for all, as it is one for all tests of a project: each run of a flow is one of its own there. No events are sent to it:
they tell of states that were decided in this process before. Garbage is collected when Python wants to, not three times a mutant.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mutation_mutants import Mutant
    from mutation_subjects import Subject

TIME_LIMIT = 90
# Plugins that no generated test uses; the last two collect garbage for seconds after each run, only to warn.
NEEDLESS = ("cacheprovider", "hypothesispytest", "anyio", "threadexception", "unraisableexception")
READING = ("test_failures_show",)
REHEARSING = ("test_settings", "test_rehearsal", "test_order", "test_defaults")


class OwnTests:
    """The process that runs the tests; `run` asks it."""

    def __enter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory()
        quiet = {"HOME": self._home.name, "PREFECT_HOME": self._home.name, "DO_NOT_TRACK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PYTEST_"))}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=kept | quiet, cwd=self._home.name
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._home.cleanup()

    def run(self, subject: Subject, file: Path, source: str, ids: Sequence[str] = ()) -> tuple[int, str]:
        """pytest's exit status with another text in `file`, and which test failed; `ids` are the functions to run, all by default."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        there = (subject.root / "project" / subject.test).read_text(encoding="utf-8")
        known = [name for name in ids if f"def {name}(" in there]
        if ids and not known:
            return 0, ""
        order = {"project": str(subject.root / "project"), "test": subject.test, "file": str(file), "source": source, "ids": known}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["status"], answer["told"]

    def passing(self, subject: Subject) -> tuple[str, ...]:
        """The tests that pass for the flow as it was written: of them alone a failure tells something of a mutant.

        Only the real run may fail: of a flow that asks for the time of day it tells of the clock.
        """
        source = subject.file.read_text(encoding="utf-8")
        status, told = self.run(subject, subject.file, source, (*READING, *REHEARSING))
        assert status == 0, f"{subject.name}: its tests fail for the flow as it was written: {told}"
        real = self.run(subject, subject.file, source, ("test_real_run",))[0] == 0
        return (*READING, *REHEARSING, "test_deployment", *(("test_real_run",) if real else ()))

    def notices(self, subject: Subject, mutant: Mutant, passing: Collection[str]) -> tuple[bool, bool]:
        """Whether the tests fail for a mutant with `--real`, and whether they do without.

        Only the tests that can tell are run: of a mutant in a body a look at its handlers and the real run, because a rehearsal replaces
        the bodies; of a schedule the look at `prefect.yaml`, because no run reads it; of all else what runs the flow, the real run last.
        """
        rehearsing = () if mutant.in_body else REHEARSING
        telling = ("test_deployment",) if mutant.schedule else (*READING, *rehearsing, "test_real_run")
        file = subject.deployments if mutant.schedule else subject.file
        ids = [name for name in telling if name in passing]
        status, told = self.run(subject, file, mutant.source, ids) if ids else (0, "")
        return status != 0, status != 0 and "::test_real_run" not in told


@contextlib.contextmanager
def _placed(file: Path, source: str) -> Iterator[None]:
    kept = file.read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(kept, encoding="utf-8")


class _Worker:
    """A fork that runs the tests of one flow's mutants, one mutant after another."""

    def __init__(self, test: str) -> None:
        self.test = test
        ours, theirs = os.pipe(), os.pipe()
        self.child = os.fork()
        if self.child == 0:
            try:
                os.setsid()
                os.close(ours[1])
                os.close(theirs[0])
                _serve(ours[0], theirs[1])
            finally:
                os._exit(0)
        os.close(ours[0])
        os.close(theirs[1])
        self.orders, self.answers = os.fdopen(ours[1], "w"), os.fdopen(theirs[0])

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        with _placed(Path(order["file"]), order["source"]):
            self.orders.write(json.dumps(order) + "\n")
            self.orders.flush()
            ready, _, _ = select.select([self.answers], [], [], TIME_LIMIT)
            said = self.answers.readline() if ready else ""
            if not said:
                self.stop()
        return json.loads(said) if said else {"status": -1, "told": "the time was over"}

    def stop(self) -> None:
        """End the fork and what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.child, 0)
        self.test = ""


def _serve(orders: int, answers: int) -> None:
    with os.fdopen(orders) as asked, os.fdopen(answers, "w") as said:
        for line in asked:
            order = json.loads(line)
            environment, path = dict(os.environ), [*sys.path]
            status, told = _tested(order)
            os.environ.clear()
            os.environ.update(environment)
            sys.path[:] = path
            for name, module in [*sys.modules.items()]:
                if str(getattr(module, "__file__", None) or "").startswith(order["project"]):
                    del sys.modules[name]
            said.write(json.dumps({"status": status, "told": told}) + "\n")
            said.flush()


def _tested(order: dict[str, Any]) -> tuple[int, str]:
    import pytest

    os.chdir(order["project"])
    sys.path.insert(0, order["project"])
    test, told = order["test"], io.StringIO()
    arguments = [f"{test}::{name}" for name in order["ids"]] or [test]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        quick = ["-q", "-x", "--tb=no", *(f"-pno:{name}" for name in NEEDLESS)]
        status = pytest.main([*quick, "--real", "--rootdir", order["project"], *arguments])
    failed = [line for line in told.getvalue().splitlines() if line.startswith(("FAILED", "ERROR"))]
    return int(status), failed[0][:200] if failed else ""


def main() -> None:
    """Answer orders until there are no more."""
    out, sys.stdout = sys.stdout, sys.stderr
    import prefect.events.utilities
    import prefect.flow_engine
    import prefect.task_engine
    import pytest  # noqa: F401
    from prefect import settings
    from prefect.server.api.server import SubprocessASGIServer

    database = "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false"
    own = {
        settings.PREFECT_API_DATABASE_CONNECTION_URL: database,
        settings.PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 300,
        settings.PREFECT_SERVER_ANALYTICS_ENABLED: False,
    }
    prefect.events.utilities.should_emit_events = lambda: False
    worker: _Worker | None = None
    with settings.temporary_settings(own):
        server = SubprocessASGIServer()
        server.start()
        stop, SubprocessASGIServer.stop = SubprocessASGIServer.stop, lambda self: None  # type: ignore[method-assign]
        try:
            for line in sys.stdin:
                order = json.loads(line)
                if worker is None or worker.test != order["test"]:
                    if worker is not None:
                        worker.stop()
                    worker = _Worker(order["test"])
                out.write(json.dumps(worker.ask(order)) + "\n")
                out.flush()
        finally:
            if worker is not None:
                worker.stop()
            stop(server)


if __name__ == "__main__":
    main()
