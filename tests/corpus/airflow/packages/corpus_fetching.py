"""Fetches the packages of `packages.toml` by their names, and finds the DAG files in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
STANDINS = HERE / "standins"  # what the system tests need besides Airflow, for both readings


def cache() -> Path:
    """Where packages and answers lie between two runs."""
    return Path(os.environ.get("WORKBOOK_CACHE") or ROOT / ".cache") / "corpus"


@dataclass(frozen=True)
class Package:
    """One version of a package; `inside` are the folders that hold DAG files."""

    name: str
    version: str
    form: str
    inside: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def home(self) -> Path:
        return cache() / "packages" / self.key

    def folders(self) -> list[Path]:
        """The folders with DAG files, once it was fetched."""
        return [self.home / part for part in self.inside if (self.home / part).is_dir()]

    def path(self) -> list[Path]:
        """What lies on `sys.path` when these files are run: archives carry helpers beside their tests."""
        return [self.home / "tests"] if self.form == "sdist" else []


def packages() -> list[Package]:
    """All that is listed, in its order."""
    rows = tomllib.loads((HERE / "packages.toml").read_text())["package"]
    return [Package(row["name"], version, row["form"], tuple(row["inside"])) for row in rows for version in row["versions"]]


def fetch(package: Package) -> Path:
    """The unpacked package, downloaded once with pip; nothing of it is run."""
    if not package.home.is_dir():
        package.home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.home.parent) as own:
            only = "--only-binary" if package.form == "wheel" else "--no-binary"
            wanted = ["download", "--no-deps", "--ignore-requires-python", only, ":all:", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*_pip(), *wanted, "--dest", own, f"{package.name}=={package.version}"], check=True, capture_output=True)
            file = next(file for file in Path(own).iterdir() if file.name.endswith((".whl", ".tar.gz")))
            unpacked = Path(own) / "unpacked"
            _unpack(file, unpacked)
            if package.form == "sdist":
                shutil.copytree(STANDINS, unpacked / "tests", dirs_exist_ok=True, copy_function=_copy_new)
            with contextlib.suppress(OSError):  # another process was first
                unpacked.rename(package.home)
    return package.home


def _copy_new(source: str, to: str) -> None:
    if not Path(to).exists():
        shutil.copy2(source, to)


def _pip() -> list[str]:
    command = [sys.executable, "-m", "pip"]
    if subprocess.run([*command, "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, capture_output=True)
    return command


def _unpack(file: Path, to: Path) -> None:
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            wheel.extractall(to)
        return
    with tempfile.TemporaryDirectory(dir=to.parent) as apart, tarfile.open(file) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        archive.extractall(apart)
        next(Path(apart).iterdir()).rename(to)


def is_example(file: Path) -> bool:
    """Whether Airflow would import a file as a DAG file, and it is no part of a provider's code."""
    parts = file.parts
    if "example_dags" not in parts and "system" not in parts:
        return False
    content = file.read_bytes().lower()
    return b"airflow" in content and b"dag" in content


def _is_ours(package: Package, file: Path) -> bool:
    tests = package.home / "tests"
    return file.is_relative_to(tests) and (STANDINS / file.relative_to(tests)).is_file()


def dag_files(package: Package) -> Iterator[tuple[str, Path]]:
    """Every DAG file: its path in the package, and where it lies."""
    for folder in package.folders():
        for file in sorted(folder.rglob("*.py")):
            if is_example(file) and not _is_ours(package, file):
                yield file.relative_to(package.home).as_posix(), file


def unique(listed: list[Package]) -> dict[str, dict[str, Path]]:
    """The DAG files of each package whose content no package before it has."""
    seen: set[str] = set()
    found: dict[str, dict[str, Path]] = {}
    for package in listed:
        own = found.setdefault(package.key, {})
        for name, file in dag_files(package):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            if digest not in seen:
                seen.add(digest)
                own[name] = file
    return found
