"""ruff and mypy find nothing in any generated project: of Airflow's bundled examples, and of the shipped ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bundled_project import TESTS, Bundle

from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

pytestmark = pytest.mark.corpus
EXAMPLES = TESTS.parent / "notebooks" / "examples" / "airflow"
VERSIONS = ("2.11.2", "3.3.2")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of projects, one a version and one an example."""
    root = tmp_path_factory.mktemp("clean")
    for version in VERSIONS:
        Bundle(root / version, version)
    for example in sorted(EXAMPLES.iterdir()):
        write(list(read([example], ReadOptions()).workflows)).save(root / example.name / "project")
    return root


def said(tool: str, *words: str, cwd: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", tool, *words], cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout[-3000:] + done.stderr[-1000:]


def test_ruff_finds_nothing(projects: Path) -> None:
    """By the rules that each project names itself."""
    assert said("ruff", "check", "--quiet", "--no-cache", ".", cwd=projects) == (0, "")


def test_the_excuses_are_few(projects: Path) -> None:
    """Only code that was brought along as it was may be excused from a rule."""
    flows = [text for file in projects.rglob("flows/*.py") if "# noqa" in (text := file.read_text(encoding="utf-8"))]
    assert len(flows) <= 15
    assert [file.name for file in projects.rglob("shared/*.py") if "# noqa" in file.read_text(encoding="utf-8")] == []


@pytest.mark.proof
@pytest.mark.parametrize("name", [*VERSIONS, *(example.name for example in sorted(EXAMPLES.iterdir()))])
def test_mypy_finds_nothing(projects: Path, tmp_path: Path, name: str) -> None:
    status, text = said("mypy", "--cache-dir", str(tmp_path), "--no-error-summary", ".", cwd=projects / name / "project")
    assert (status, text) == (0, "")
