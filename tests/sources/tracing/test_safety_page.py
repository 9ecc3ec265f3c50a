"""The page on safety says of every threat what the tests of threats show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from threats import THREATS

from workbook_lib.findings import Severity
from workbook_lib.sources.tracing import missing_findings
from workbook_lib.sources.tracing._layers import LAYERS
from workbook_lib.sources.tracing._seccomp import OWN_ONLY, PRETENDED, REFUSED, available

PAGE = Path(__file__).parents[3] / "docs" / "safety.md"
START, END = "<!-- threats -->\n", "<!-- /threats -->"


def table() -> str:
    """The rows as the page has them: the threat, and each layer that stops it alone."""
    layers = LAYERS
    rows = ["| | " + " | ".join(name.replace("_", "-") for name in layers) + " |", "|---|" + ":-:|" * len(layers)]
    group = ""
    for threat in THREATS:
        if threat.group != group:
            group = threat.group
            rows.append(f"| **{group}** |" + " |" * len(layers))
        rows.append(f"| {threat.name} | " + " | ".join("x" if layer in threat.layers else "" for layer in layers) + " |")
    return "\n".join(rows) + "\n"


def test_the_table_is_that_of_the_tests() -> None:
    text = PAGE.read_text("utf-8")
    written = text[text.index(START) + len(START) : text.index(END)]
    assert written == table(), f"the table should read:\n{table()}"


def test_the_numbers_are_right() -> None:
    text = PAGE.read_text("utf-8")
    assert f"{len(THREATS)} threats" in text
    assert f"{len(REFUSED) + len(PRETENDED) + len(OWN_ONLY)} system calls" in text
    assert len({threat.name for threat in THREATS}) == len(THREATS) >= 30


def test_what_is_told_is_counted() -> None:
    text = PAGE.read_text("utf-8")
    silent = [threat for threat in THREATS if threat.finding is None]
    assert [threat.name for threat in silent if len(threat.silent) < 40] == []
    assert f"{len(THREATS) - len(silent)} of them give a finding" in text
    assert len(silent) == 3


TRY = """
import ctypes, errno, json, platform
from workbook_lib.sources.tracing import _seccomp
libc = ctypes.CDLL(None, use_errno=True)
column = _seccomp._ARCHITECTURES[platform.machine()][1]
_seccomp.restrict()
allowed = []
for name, numbers in _seccomp.REFUSED.items():
    if numbers[column] is not None and (libc.syscall(numbers[column], -1, -1, -1, -1, -1, -1), ctypes.get_errno()) != (-1, errno.EPERM):
        allowed.append(name)
print(json.dumps(allowed))
"""


def test_the_filter_refuses_every_call_of_its_table() -> None:
    """In a process of its own that has no other layer; with arguments that are wrong for each of the calls."""
    if not available():
        pytest.skip("this machine has no seccomp")
    done = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout) == ("", "[]\n")
    hard = {"io_uring_setup", "keyctl", "add_key", "process_vm_readv", "process_vm_writev", "bpf", "userfaultfd", "perf_event_open"}
    assert hard - REFUSED.keys() == set()


def test_a_layer_that_is_missing_is_told() -> None:
    notes = missing_findings(("landlock", "seccomp"))
    assert [(note.code, note.severity) for note in notes] == [("tracing.no_landlock", Severity.NOTE), ("tracing.no_seccomp", Severity.NOTE)]
    text = PAGE.read_text("utf-8")
    assert [note.code for note in notes if f"`{note.code}`" not in text] == []
    assert missing_findings(()) == []
