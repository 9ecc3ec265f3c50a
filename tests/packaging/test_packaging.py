"""What can be checked offline about the ways to install the project: pins, conda, Binder, shell scripts, the built package."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.version import Version
from rattler import MatchSpec

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [Requirement(line) for line in (ROOT / "requirements.lock").read_text().splitlines()]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
TESTS = [Requirement(text) for text in PROJECT["optional-dependencies"]["test"]]
PYTHONS = ("3.11.9", "3.12.1", "3.13.0")


def pins(python: str) -> dict[str, str]:
    """Name -> version of what the lock installs under `python` on Linux."""
    environment = default_environment() | {"python_version": python.rpartition(".")[0], "python_full_version": python}
    environment |= {"sys_platform": "linux", "platform_system": "Linux"}
    chosen = [r for r in LOCK if r.marker is None or r.marker.evaluate(dict(environment))]
    return {r.name: str(r.specifier).removeprefix("==") for r in chosen}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", RUNTIME + TESTS, ids=lambda r: r.name)
def test_each_dependency_is_pinned_within_its_bounds(requirement: Requirement, python: str) -> None:
    assert requirement.specifier.contains(Version(pins(python)[requirement.name]))


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_gets_one_version_of_each_package(python: str) -> None:
    environment = default_environment() | {"python_version": python.rpartition(".")[0], "python_full_version": python}
    names = [r.name for r in LOCK if r.marker is None or r.marker.evaluate(dict(environment))]
    assert sorted(set(names)) == sorted(names)


def test_the_lock_names_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert [line for line in text.splitlines() if "://" in line or line.startswith("-") or " @ " in line] == []
    assert all(str(r.specifier).startswith("==") for r in LOCK)


def conda() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text())
    return document


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("anaconda", "org"))
    ]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    texts = {name: (ROOT / name).read_bytes() for name in listed if name and (ROOT / name).is_file()}
    assert len(texts) > 100
    assert [(name, host) for name, text in texts.items() for host in hosts if host.encode() in text] == []


def test_the_conda_environment_has_what_pip_cannot_install() -> None:
    specs = {str(spec.name.normalized if hasattr(spec.name, "normalized") else spec.name): spec for spec in map(MatchSpec, conda_specs())}
    assert sorted(specs) == ["graphviz", "pip", "python"]
    assert conda()["channels"] == ["conda-forge", "nodefaults"]


def conda_specs() -> list[str]:
    return [entry for entry in conda()["dependencies"] if isinstance(entry, str)]


def test_the_pip_part_of_the_conda_environment_is_the_lock_for_its_python() -> None:
    python = next(spec for spec in conda_specs() if spec.startswith("python")).partition("=")[2]
    parts = [Requirement(text) for entry in conda()["dependencies"] if isinstance(entry, dict) for text in entry["pip"]]
    wanted = [r.name for r in RUNTIME] + ["hatchling", "editables"]
    assert sorted(r.name for r in parts) == sorted(wanted)
    locked = pins(f"{python}.9")
    assert {r.name: str(r.specifier) for r in parts} == {r.name: f"=={locked[r.name]}" for r in parts}


def test_binder_uses_the_same_environment() -> None:
    link = ROOT / "binder" / "environment.yml"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "environment.yml"


def test_the_binder_start_script_hands_over_to_its_arguments() -> None:
    done = subprocess.run([ROOT / "binder" / "start", "echo", "a b"], check=True, capture_output=True, text=True)
    assert done.stdout == "a b\n"


def test_test_modules_have_names_of_their_own() -> None:
    """pytest imports them by their file name alone."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py" and "corpus" not in path.parts]
    assert sorted({name for name in names if names.count(name) > 1}) == []


SCRIPTS = ("binder/postBuild", "binder/start", ".ci/run")


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_executable_bash(script: str) -> None:
    path = ROOT / script
    assert path.read_text().startswith("#!/usr/bin/env bash\n")
    assert path.stat().st_mode & 0o111 == 0o111
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize("target", ["demo", "test", "proof", "lab", "bench"])
def test_the_makefile_knows_the_target(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", "--silent", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_make_refuses_a_machine_without_a_tried_python(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "make", "sed", "mkdir", "touch"):
        found = next(Path(p) / tool for p in ("/usr/bin", "/bin") if (Path(p) / tool).exists())
        (tools / tool).symlink_to(found)
    done = subprocess.run(["make", "demo"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True)
    assert done.returncode == 2
    expected = "No Python 3.11, 3.12 or 3.13 with venv found. Install one, or name it: make PYTHON=/path/to/python demo"
    assert expected in done.stderr.splitlines()


def test_the_licence_is_the_one_named() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert re.sub(r"\s+", " ", (ROOT / "LICENSE").read_text()).strip().startswith("Apache License Version 2.0, January 2004")
