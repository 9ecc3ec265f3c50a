"""Whether the tests that a generated project carries fail for a mutant: pytest in forks of one process that has Prefect loaded.

    python mutation_own_tests.py < orders > answers

One order a line, `{"project", "test", "file", "source"}`: `source` stands in `file` while the tests run, the real run first, up to the
first that fails. One answer a line, `{"status", "told"}`: pytest's exit status (1: a test failed, 2: the flow does not import), or -1
when the time was over, which fails too.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TIME_LIMIT = 240


class OwnTests:
    """The process that runs the tests; `fails` asks it."""

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

    def run(self, project: Path, test: str, file: Path, source: str) -> tuple[int, str]:
        """pytest's exit status for the project with another text in `file`, and which test failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"project": str(project), "test": test, "file": str(file), "source": source}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["status"], answer["told"]


@contextlib.contextmanager
def _placed(file: Path, source: str) -> Iterator[None]:
    kept = file.read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(kept, encoding="utf-8")


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    with _placed(Path(order["file"]), order["source"]):
        child = os.fork()
        if child == 0:
            status, told = 3, ""
            try:
                os.close(read)
                signal.alarm(TIME_LIMIT)
                status, told = _tested(order)
            finally:
                os.write(write, json.dumps({"status": int(status), "told": told}).encode())
                os._exit(0)
        os.close(write)
        with open(read, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
    return json.loads(said) if said else {"status": -1, "told": "the time was over"}


def _tested(order: dict[str, Any]) -> tuple[int, str]:
    import pytest

    os.setsid()
    os.chdir(order["project"])
    sys.path.insert(0, order["project"])
    test, told = order["test"], io.StringIO()
    names = [name for name in ("test_real_run", "test_rehearsal") if f"def {name}(" in Path(order["project"], test).read_text()]
    arguments = [f"{test}::{name}" for name in names] or [test]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        status = pytest.main(["-q", "-x", "--real", "--tb=no", "-p", "no:cacheprovider", "--rootdir", order["project"], *arguments])
    failed = [line for line in told.getvalue().splitlines() if line.startswith(("FAILED", "ERROR"))]
    return int(status), failed[0][:200] if failed else ""


def main() -> None:
    """Answer orders until there are no more."""
    out, sys.stdout = sys.stdout, sys.stderr
    import prefect.flow_engine
    import prefect.task_engine  # noqa: F401
    from prefect import settings
    from prefect.server.api.server import SubprocessASGIServer

    database = "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false"
    own = {
        settings.PREFECT_API_DATABASE_CONNECTION_URL: database,
        settings.PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 300,
        settings.PREFECT_SERVER_ANALYTICS_ENABLED: False,
    }
    with settings.temporary_settings(own):
        server = SubprocessASGIServer()
        server.start()
        stop, SubprocessASGIServer.stop = SubprocessASGIServer.stop, lambda self: None  # the forks leave it running
        try:
            for line in sys.stdin:
                out.write(json.dumps(_answer(json.loads(line))) + "\n")
                out.flush()
        finally:
            stop(server)


if __name__ == "__main__":
    main()
