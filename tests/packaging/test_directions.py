"""The directions between rooms, as ARCHITECTURE.md draws them, and how light reading is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


HEAVY = ("prefect", "networkx", "typer", "ipywidgets", "IPython", "nbclient", "libcst", "numpy")


def test_reading_loads_nothing_heavy() -> None:
    code = f"import sys, workbook_lib.cli._read, workbook_lib.sources; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_opening_a_migration_loads_nothing_heavy() -> None:
    code = f"import sys, workbook_lib.migration; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
