"""Finding Airflow's interpreter, and saying what to do when there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workbook_lib.errors import EngineError
from workbook_lib.model.function import Origin
from workbook_lib.model.run import REAL
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources.airflow.engine import _environment, environment, environment_for, install, run_legacy
from workbook_lib.sources.airflow.engine._environment import PINS, POINTERS, VERSIONS, EngineEnvironment, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path))
    for pointer in POINTERS.values():
        monkeypatch.delenv(pointer, raising=False)
    return tmp_path / "engines"


def message(version: str = "2.11.2") -> str:
    with pytest.raises(EngineError) as caught:
        environment(version)
    return str(caught.value)


def test_a_missing_environment_names_the_command_and_installs_nothing(cache: Path) -> None:
    assert message() == (
        f"Airflow 2.11.2 is not installed in {cache}/airflow-2.11.2. "
        "Install it with `python -m workbook_lib.sources.airflow.engine.install 2.11.2` (about 200 MB), "
        "or let WORKBOOK_AIRFLOW_PYTHON name the Python of an existing one."
    )
    assert not cache.exists()


def test_each_major_version_has_an_environment_and_a_pointer_of_its_own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert message("3.3.2") == (
        f"Airflow 3.3.2 is not installed in {cache}/airflow-3.3.2. "
        "Install it with `python -m workbook_lib.sources.airflow.engine.install 3.3.2` (about 200 MB), "
        "or let WORKBOOK_AIRFLOW3_PYTHON name the Python of an existing one."
    )
    monkeypatch.setenv("WORKBOOK_AIRFLOW_PYTHON", "/nowhere/python")
    monkeypatch.setenv("WORKBOOK_AIRFLOW3_PYTHON", sys.executable)
    assert environment("3.3.2") == EngineEnvironment("3.3.2", Path(sys.executable), cache)


@pytest.mark.parametrize(
    ("version", "by"), [("2.11", "2.11.2"), ("2", "2.11.2"), ("2.3.4", "2.11.2"), ("1.10", "2.11.2"), ("3", "3.3.2"), ("3.0", "3.3.2")]
)
def test_a_dag_is_run_by_the_airflow_of_its_major_version(version: str, by: str) -> None:
    assert serving(version) == by


@pytest.mark.parametrize(("version", "missing"), [("2.11", "2.11.2"), ("3.0", "3.3.2")])
def test_a_workflow_asks_for_the_engine_that_serves_it(cache: Path, tmp_path: Path, version: str, missing: str) -> None:
    workflow = Workflow(id="w", system="airflow", version=version, origin=Origin(file="w.py", line=1))
    with pytest.raises(EngineError) as caught:
        run_legacy(workflow, [REAL], legacy=tmp_path, work=tmp_path / "work", logical_date="2024-01-01")
    assert str(caught.value) == message(missing)
    with pytest.raises(EngineError) as caught:
        environment_for(version)
    assert str(caught.value) == message(missing)


def test_an_unknown_version_lists_the_known_ones(cache: Path) -> None:
    assert message("1.10.15") == "Airflow 1.10.15 cannot be run here; valid: 2.11.2, 3.3.2."


def test_the_pointer_wins(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_AIRFLOW_PYTHON", sys.executable)
    assert environment() == EngineEnvironment("2.11.2", Path(sys.executable), cache)


def test_a_wrong_pointer_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBOOK_AIRFLOW_PYTHON", "/nowhere/python")
    assert message() == "WORKBOOK_AIRFLOW_PYTHON names '/nowhere/python', which is not an interpreter. Correct it or unset it."


def test_an_environment_that_is_there_is_found(cache: Path) -> None:
    python = cache / "airflow-2.11.2" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    with pytest.raises(EngineError, match=r"Airflow 2.11.2 is not installed in .*"):
        environment()  # an installation that did not come to its end
    (cache / "airflow-2.11.2" / "complete").touch()
    assert environment().python == python


@pytest.mark.parametrize("extras", [False, True])
def test_installing_runs_the_installer_once_with_the_pins(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, extras: bool
) -> None:
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    (tools / "uv").write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setitem(VERSIONS, "2.11.2", ("{}.{}".format(*sys.version_info[:2]),))
    told: list[str] = []
    (cache / "airflow-2.11.2").mkdir(parents=True)
    for _ in range(2):
        install("2.11.2", told.append, extras=extras)
    assert told[1:] == ["Installing with uv (a few seconds)", "Airflow 2.11.2 is ready"]
    pins = PINS / ("2.11.2-examples.txt" if extras else "2.11.2.txt")
    folder = cache / "airflow-2.11.2"
    assert calls.read_text().splitlines() == [
        f"venv --quiet --allow-existing --python {sys.executable} {folder}",
        f"pip install --quiet --no-deps --python {folder}/bin/python -r {pins}",
    ]


def tool(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return path


FAILS = "echo one >&2\necho no space left >&2\nexit 1\n"


def test_pip_installs_where_uv_cannot(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool(tmp_path / "uv", FAILS)
    calls, folder = tmp_path / "calls", cache / "airflow-2.11.2"
    tool(folder / "bin" / "python", f'echo "$@" >> {calls}\n')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(_environment, "_interpreter", lambda version: str(folder / "bin" / "python"))
    told: list[str] = []
    install("2.11.2", told.append)
    assert told[1:] == [
        "Installing with uv (a few seconds)",
        "uv could not, so pip does it",
        "Installing with pip (a few minutes)",
        "Airflow 2.11.2 is ready",
    ]
    assert calls.read_text().splitlines() == [f"-m venv {folder}", f"-m pip install --quiet --no-deps -r {PINS / '2.11.2.txt'}"]


def test_installers_that_fail_are_told_in_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool(tmp_path / "uv", FAILS)
    python = tool(tmp_path / "python", FAILS)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(_environment, "_interpreter", lambda version: str(python))
    with pytest.raises(EngineError) as caught:
        install()
    assert str(caught.value) == f"`{python} -m venv {cache / 'airflow-2.11.2'} ...` failed: no space left"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("extras", ["", "-examples"])
def test_pins_are_exact_and_name_no_index(version: str, extras: str) -> None:
    lines = (PINS / f"{version}{extras}.txt").read_text().splitlines()
    assert f"apache-airflow=={version}" in lines
    assert [line for line in lines if line.count("==") != 1 or "/" in line] == []


def test_an_interpreter_without_airflow_is_told(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "legacy").mkdir()
    without = EngineEnvironment("2.11.2", Path(sys.executable), cache)
    with pytest.raises(EngineError) as caught:
        run_legacy("any", [REAL], legacy=tmp_path / "legacy", work=tmp_path / "work", logical_date="2024-01-01", engine=without)
    assert str(caught.value) == "Airflow failed: ModuleNotFoundError: No module named 'airflow'"
    assert list((tmp_path / "work").iterdir()) == []


def test_an_interpreter_that_does_not_start_is_told(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "legacy").mkdir()
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho cannot load >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(EngineError) as caught:
        run_legacy(
            "any",
            [REAL],
            legacy=tmp_path / "legacy",
            work=tmp_path / "work",
            logical_date="2024-01-01",
            engine=EngineEnvironment("2.11.2", broken, cache),
        )
    assert str(caught.value) == "Airflow ended before the scenario 'real' of 'any'. Its last line: cannot load"
