"""The notebooks come along in the wheel, so that `workbook batch` works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIND = "from workbook_lib.batch import find; print(*find(), sep='\\n')"


def test_an_installed_package_finds_the_notebooks_of_its_wheel(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run([sys.executable, "-c", FIND], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    found = [Path(line) for line in done.stdout.splitlines()]
    assert [path.relative_to(tmp_path / "installed" / "workbook_lib" / "batch" / "notebooks").name for path in found] == [
        "01_assess.ipynb", "02_rewrite.ipynb", "03_integrate.ipynb", "04_pilot.ipynb", "05_validate.ipynb",
    ]  # fmt: skip
    assert [path.read_bytes() for path in found] == [(ROOT / "notebooks" / path.name).read_bytes() for path in found]


def test_a_checkout_uses_its_own() -> None:
    from workbook_lib.batch import CHECKOUT, find

    assert {path.parent for path in find()} == {CHECKOUT} == {ROOT / "notebooks"}
