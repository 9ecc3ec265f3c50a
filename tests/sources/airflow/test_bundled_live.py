"""The real DagBag of both Airflows, now: it says what is recorded, and `workbook read --full` says the same of the same files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aspects import ASPECTS, DUMP, differences, exceptions, values
from bundled_corpora import CORPORA, EXAMPLES, RENEW, document

from workbook_lib.sources.airflow.engine import environment

SECONDS = 300


def live(version: str, folders: list[Path], work: Path) -> dict[str, Any]:
    """What the DagBag of this version holds: in its own interpreter, with an empty home, from an empty folder."""
    home, out = work / "home", work / "dagbag.json"
    home.mkdir()
    python = str(environment(version).python)
    clean = {"HOME": str(home), "AIRFLOW_HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}
    for command in (
        [python, "-m", "airflow", "db", "migrate"],  # the DagBag looks up aliases and pools
        [python, str(DUMP), str(out), *map(str, folders)],
    ):
        done = subprocess.run(command, env=clean, cwd=home, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def installed(version: str) -> list[Path]:
    """The examples that this engine itself comes with."""
    python = str(environment(version).python)
    told = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    )
    site = Path(told.stdout.strip())
    return [site / part for part in (EXAMPLES if version.startswith("3") else EXAMPLES[:1])]


@pytest.mark.proof
@pytest.mark.parametrize("name", CORPORA)
def test_airflow_says_what_is_recorded_and_what_is_read(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = CORPORA[name]
    folders = installed(corpus.version) if name.startswith("bundled") else corpus.folders()
    truth = live(corpus.version, folders, tmp_path)
    assert truth == corpus.truth, RENEW
    flows = document(folders, *corpus.options)
    left = exceptions(corpus.version)
    found = [difference for difference in differences(truth, flows) if (difference.dag, difference.aspect) not in left]
    with capsys.disabled():
        print(report(name, corpus.version, truth, found))
    assert found == []


def report(name: str, version: str, truth: dict[str, Any], found: list[Any]) -> str:
    """The table that `make proof` prints: for each aspect how many DAGs are equal, and how many values there are to compare."""
    dags, differing = truth["dags"], {difference.dag for difference in found}
    lines = [f"\n{name} of Airflow {version}: {len(dags) - len(differing)} of {len(dags)} equal in every aspect"]
    for aspect in ASPECTS:
        seen = set().union(*(values(aspect.truth(dag)) for dag in dags))
        equal = len(dags) - len({difference.dag for difference in found if difference.aspect == aspect.name})
        lines.append(f"  {aspect.name:<22} {equal:>4} of {len(dags)} equal, {len(seen)} different values")
    return "\n".join(lines)
