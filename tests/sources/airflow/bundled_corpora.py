"""The files that are read and compared: Airflow's own examples, fetched by package name, and the DAGs of `corpus/airflow/aspects`."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
WHEELS = ROOT / ".cache" / "wheels"
CORPUS = ROOT / "tests" / "corpus" / "airflow"
PINS = ROOT / "workbook_lib" / "sources" / "airflow" / "engine" / "pins"
RENEW = "renew with the command in workbook_lib/sources/airflow/README.md"


def fetch(requirement: str) -> Path:
    """The unpacked wheel of a package, downloaded once."""
    folder = WHEELS / requirement.replace("==", "-")
    if not folder.is_dir():
        WHEELS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=WHEELS) as own:  # two test processes may fetch at the same time
            download = [
                "download",
                "--no-deps",
                "--ignore-requires-python",
                "--only-binary",
                ":all:",
                "--quiet",
                "--dest",
                own,
                requirement,
            ]
            subprocess.run([sys.executable, "-m", *_pip(), *download], check=True)
            with zipfile.ZipFile(next(Path(own).glob("*.whl"))) as wheel:
                wheel.extractall(Path(own) / "unpacked")
            with contextlib.suppress(OSError):  # the other one was first
                (Path(own) / "unpacked").rename(folder)
    return folder


def _pip() -> list[str]:
    """pip, installed into this environment where it has none."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, capture_output=True)
    return ["pip"]


def pinned(version: str, package: str) -> str:
    """The requirement that the engine's environment has."""
    lines = (PINS / f"{version}-examples.txt").read_text().splitlines()
    return next(line for line in lines if line.partition("==")[0] == package)


EXAMPLES = ("airflow/example_dags", "airflow/providers/standard/example_dags")


def _bundled_2() -> list[Path]:
    return [fetch(pinned("2.11.2", "apache-airflow")) / EXAMPLES[0]]


def _bundled_3() -> list[Path]:
    core, standard = pinned("3.3.2", "apache-airflow-core"), pinned("3.3.2", "apache-airflow-providers-standard")
    return [fetch(core) / EXAMPLES[0], fetch(standard) / EXAMPLES[1]]


class Corpus(NamedTuple):
    """Files, what the DagBag of an Airflow made of them, and how many DAGs, tasks and files of them that are."""

    version: str
    recording: Path
    folders: Callable[[], list[Path]]
    size: tuple[int, int, int]
    options: tuple[str, ...] = ()

    @property
    def truth(self) -> dict[str, Any]:
        return _load(self.recording)


@functools.cache
def _load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


OWN = CORPUS / "aspects"
BUNDLED = {
    "2.11.2": Corpus("2.11.2", CORPUS / "bundled_2_11_2" / "dagbag.json", _bundled_2, (76, 360, 52)),
    "3.3.2": Corpus("3.3.2", CORPUS / "bundled_3_3_2" / "dagbag.json", _bundled_3, (115, 423, 67)),
}
CORPORA = {
    **{f"bundled {version}": corpus for version, corpus in BUNDLED.items()},
    "own 2.11.2": Corpus("2.11.2", OWN / "dagbag_2_11_2.json", lambda: [OWN / "both", OWN / "airflow_2"], (87, 198, 8)),
    "own 3.3.2": Corpus(
        "3.3.2", OWN / "dagbag_3_3_2.json", lambda: [OWN / "both", OWN / "airflow_3"], (88, 201, 8), ("--airflow", "3.3.2")
    ),
}


def document(folders: list[Path], *options: str) -> dict[str, Any]:
    """What `workbook read --full` prints; 1 says that there are findings."""
    command = [sys.executable, "-m", "workbook_lib.cli", "read", *map(str, folders), "--full", "--json", "--no-cache", *options]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
