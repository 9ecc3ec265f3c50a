"""What all tests share: proofs that are cached, and a continuous integration that accepts no skipped test."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "proof"
# What a proof depends on: the library, the tests, the examples, the pins.
CONTENT = ("workbook_lib", "tests", "notebooks/examples", "requirements.lock")
os.environ["XDG_CACHE_HOME"] = str(ROOT / ".cache" / "user")  # what is kept for a user stays out of the real user's home
ALLOWED_SKIP = "optional corpus"  # the reason of tests over shared corpora starts with it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proof-shard", default=None, metavar="I/N", help="run the I-th of N parts of the proofs, and none that passed before"
    )


@pytest.hookimpl(trylast=True)  # after -m has chosen the proofs
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    shard = config.getoption("--proof-shard")
    if shard is None:
        return
    part, _, parts = str(shard).partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise pytest.UsageError(f"--proof-shard {shard}: write it as 1/4")
    content = _content()
    kept, elsewhere, before = [], [], []
    for item in items:
        item.stash[_KEY] = hashlib.sha256(f"{content}\0{item.nodeid}".encode()).hexdigest()
        if int(hashlib.sha256(item.nodeid.encode()).hexdigest(), 16) % int(parts) != int(part) - 1:
            elsewhere.append(item)
        elif (CACHE / item.stash[_KEY]).exists():
            before.append(item)
        else:
            kept.append(item)
    items[:] = kept
    config.stash[_COUNTS] = (len(kept), len(before), len(elsewhere))
    config.hook.pytest_deselected(items=elsewhere + before)


_KEY = pytest.StashKey[str]()
_PASSED = pytest.StashKey[bool]()
_COUNTS = pytest.StashKey[tuple[int, int, int]]()  # proofs to run, passed before, of other shards


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Remember a proof as soon as it passed and cleaned up, so that an interrupted run goes on where it was."""
    report = (yield).get_result()
    if report.when == "call":
        item.stash[_PASSED] = report.passed and not hasattr(report, "wasxfail")
    elif report.when == "teardown" and report.passed and item.stash.get(_PASSED, False) and _KEY in item.stash:
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / item.stash[_KEY]).touch()


def _content() -> str:
    """A digest of all that a proof depends on, the interpreters included."""
    engines = "\0".join(os.environ.get(name, "") for name in ("WORKBOOK_AIRFLOW_PYTHON", "WORKBOOK_AIRFLOW3_PYTHON"))
    digest = hashlib.sha256(f"{sys.version}\0{engines}\0".encode())
    for name in CONTENT:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Count the proofs; in continuous integration a skipped test is a failure, unless it reads corpora that are not shipped."""
    if _COUNTS in config.stash:
        kept, before, elsewhere = config.stash[_COUNTS]
        terminalreporter.write_line(f"[proof] {kept} to run, {before} passed before with the same content, {elsewhere} of other shards")
    if os.environ.get("CI") != "true":
        return
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for reason in sorted({reason for reason in reasons if ALLOWED_SKIP not in reason}):
        terminalreporter.write_line(f"skipped, but nothing may be skipped here: {reason}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    kept, before, elsewhere = session.config.stash.get(_COUNTS, (1, 0, 0))
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and kept == 0 and before + elsewhere > 0:
        session.exitstatus = pytest.ExitCode.OK  # all proofs of this shard passed before
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or exitstatus != 0 or hasattr(session.config, "workerinput"):
        return
    if any(ALLOWED_SKIP not in str(report.longrepr) for report in reporter.stats.get("skipped", [])):
        session.exitstatus = 1
