"""One migration folder and one server for all pilots of a session."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbook_lib import pilot

PROJECT = Path(__file__).parent / "project"


def make_root(root: Path) -> Path:
    """A migration folder with the fixture project, fixtures and inputs."""
    shutil.copytree(PROJECT, root / "project", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "legacy" / "fixtures").mkdir(parents=True)
    (root / "legacy" / "fixtures" / "region.txt").write_text("north")
    (root / "inputs").mkdir()
    (root / "inputs" / "variables.json").write_text(json.dumps({"Team Name": "sales", "LIMITS": {"rows": 3}}))
    (root / "inputs" / "env.json").write_text(json.dumps({"SUPPLIED": "yes", "NOTE": str(root / "note.txt")}))
    return root


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = make_root(tmp_path_factory.mktemp("pilot") / "migration")
    with pilot.server(made):
        yield made
    pilot.release(made)


@pytest.fixture(scope="session")
def session(root: Path) -> Iterator[pilot.Session]:
    """One process for all runs that need none of their own, because importing Prefect takes seconds."""
    with pilot.Session(root) as shared:
        yield shared
