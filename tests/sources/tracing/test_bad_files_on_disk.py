"""Files and folders in a state that nobody meant: each gives a finding at most, and the files beside it are read as without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.tracing import Tracer

GOOD = "from airflow import DAG\nwith DAG('good'):\n    pass\n"
LINK = "airflow.link_repeated"
HEAD = "from airflow import DAG  # dag\n"
SHARED = Tracer("airflow")


@pytest.fixture(scope="module", autouse=True)
def _close() -> Iterator[None]:
    yield
    SHARED.close()


def found_beside(folder: Path) -> list[tuple[str, str | None, int | None]]:
    """Code, file name and line of all findings; the good file must come through."""
    (folder / "z_good.py").write_text(GOOD)
    raws, findings, _ = _read.trace([folder], ReadOptions(seconds=40.0), SHARED)
    assert [dag.id for raw in raws for dag in raw.dags if raw.file == str(folder / "z_good.py")] == ["good"]
    return [(finding.code, finding.file and Path(finding.file).name, finding.line) for finding in findings]


def _text(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "bad.py").write_text(text)


def _circle(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "again").symlink_to(folder)
    (folder / "bad.py").symlink_to(folder / "other.py")
    (folder / "other.py").symlink_to(folder / "bad.py")


def _outside(folder: Path) -> None:
    private = folder.parent / "private.py"
    private.write_text(HEAD)
    (folder / "bad.py").symlink_to(private)


LAID: dict[str, tuple[Callable[[Path], object], list[tuple[str, str, int]]]] = {
    "brackets": (_text(HEAD + "x = " + "[" * 50_000 + "]" * 50_000), [("tracing.syntax", "bad.py", 2)]),
    "signs": (_text(HEAD + "x = " + "-" * 200_000 + "1"), [("tracing.syntax", "bad.py", 2)]),
    "terms": (_text(HEAD + "x = " + "+".join(["1"] * 60_000)), [("tracing.syntax", "bad.py", 2)]),
    "blocks": (_text(HEAD + "".join(" " * n + "if 1:\n" for n in range(120)) + " " * 120 + "pass\n"), [("tracing.syntax", "bad.py", 102)]),
    "100,000 lines": (_text(HEAD + "x = 1\n" * 100_000 + "raise ValueError\n"), [("tracing.raised", "bad.py", 100_002)]),
    "one long line": (_text(HEAD + "x = '" + "x" * 20_000_000 + "'\n1/0\n"), [("tracing.raised", "bad.py", 3)]),
    "pipe": (lambda folder: os.mkfifo(folder / "bad.py"), []),
    "folder": (lambda folder: (folder / "bad.py").mkdir(), []),
    "broken link": (lambda folder: (folder / "bad.py").symlink_to(folder / "nothing.py"), []),
    "circle": (_circle, [(LINK, "bad.py", 1), (LINK, "other.py", 1), (LINK, "again", 1)]),
    "link to the outside": (_outside, [("airflow.link_outside", "bad.py", 1)]),
    "name that is no text": (
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/b\xff.py")).write_text(HEAD + "1/0"),
        [("tracing.raised", "b\\udcff.py", 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAID)
def test_what_lies_on_disk(name: str, tmp_path: Path) -> None:
    lay, expected = LAID[name]
    folder = tmp_path / "dags"
    folder.mkdir()
    lay(folder)
    assert found_beside(folder) == expected


# Root reads files whatever their mode, by two capabilities of Linux: here a root without these, as a user is.
AS_A_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    prctl, drop = ctypes.CDLL(None, use_errno=True).prctl, 24  # PR_CAPBSET_DROP, by linux/prctl.h
    assert [prctl(drop, capability, 0, 0, 0) for capability in (1, 2)] == [0, 0]  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
os.execv(sys.executable, [sys.executable, "-m", "workbook_lib.cli", "read", sys.argv[1], "--json", "--no-cache"])
"""


def test_a_file_without_permissions(tmp_path: Path) -> None:
    (tmp_path / "z_good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(HEAD)
    (tmp_path / "bad.py").chmod(0)
    done = subprocess.run([sys.executable, "-c", AS_A_USER, str(tmp_path)], capture_output=True, text=True)
    document = json.loads(done.stdout)
    assert [workflow["id"] for workflow in document["workflows"]] == ["good"]
    found = [(finding["code"], Path(finding["file"]).name, finding["line"]) for finding in document["findings"]]
    assert [one for one in found if one[1] == "bad.py"] == [("tracing.unreadable", "bad.py", 1)]
