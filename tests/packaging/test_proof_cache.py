"""`make proof` in parts: each proof runs in one shard, what passed is not run again, until the content changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
PROOFS = """
import pytest
from pathlib import Path

@pytest.mark.proof
@pytest.mark.parametrize("number", range(6))
def test_good(number):
    with Path("ran").open("a") as stream:
        stream.write(f"{number}\\n")

def test_no_proof():
    assert False

@pytest.mark.proof
def test_bad():
    assert Path("repaired").exists()

@pytest.fixture
def left_over():
    yield
    assert Path("repaired").exists()

@pytest.mark.proof
def test_bad_at_its_end(left_over):
    pass
"""


class Checkout:
    """A project of its own with these proofs and the real conftest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tests").mkdir()
        shutil.copy(CONFTEST, folder / "tests" / "conftest.py")
        (folder / "tests" / "test_proofs.py").write_text(PROOFS)
        (folder / "pytest.ini").write_text("[pytest]\nmarkers = proof: a proof\n")
        for name in ("workbook_lib", "notebooks/examples"):
            (folder / name).mkdir(parents=True)
        (folder / "requirements.lock").write_text("")

    def proof(self, shard: str = "1/1") -> tuple[int, str]:
        """Exit status, and the counts that are told: to run, passed before, of other shards."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "proof", "--proof-shard", shard, "tests"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins take longer to load than the proofs to run
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        found = re.search(r"\[proof\] (\d+) to run, (\d+) passed before with the same content, (\d+) of other shards", done.stdout)
        return done.returncode, " ".join(found.groups()) if found else done.stdout + done.stderr

    def ran(self) -> list[int]:
        path = self.folder / "ran"
        numbers = [int(line) for line in path.read_text().split()] if path.exists() else []
        path.unlink(missing_ok=True)
        return sorted(numbers)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_what_passed_is_not_run_again_until_the_content_changes(checkout: Checkout) -> None:
    assert (checkout.proof(), checkout.ran()) == ((1, "8 0 0"), [0, 1, 2, 3, 4, 5])
    assert (checkout.proof(), checkout.ran()) == ((1, "2 6 0"), [])  # what failed, also while cleaning up, is tried again
    (checkout.folder / "repaired").touch()
    assert (checkout.proof(), checkout.ran()) == ((0, "2 6 0"), [])
    assert (checkout.proof(), checkout.ran()) == ((0, "0 8 0"), [])
    (checkout.folder / "workbook_lib" / "changed.py").write_text("x = 1\n")
    assert (checkout.proof(), checkout.ran()) == ((0, "8 0 0"), [0, 1, 2, 3, 4, 5])


def test_each_proof_runs_in_one_shard(checkout: Checkout) -> None:
    (checkout.folder / "repaired").touch()
    found = [checkout.proof(shard) for shard in ("1/3", "2/3", "3/3")]
    assert [code for code, _ in found] == [0, 0, 0]
    assert sum(int(counts.split()[0]) for _, counts in found) == 8
    assert checkout.ran() == [0, 1, 2, 3, 4, 5]
    assert checkout.proof() == (0, "0 8 0")


@pytest.mark.parametrize("shard", ["3/2", "x"])
def test_a_wrong_shard_is_refused(checkout: Checkout, shard: str) -> None:
    code, text = checkout.proof(shard)
    assert (code, f"--proof-shard {shard}: write it as 1/4" in text) == (4, True)
