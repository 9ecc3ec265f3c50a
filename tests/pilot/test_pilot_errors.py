"""What cannot be run gives one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import make_root
from pilot_workflows import ODD, named

from workbook_lib import pilot
from workbook_lib.errors import PilotError, ProjectError, ServerError, UsageError
from workbook_lib.pilot import _server


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        pilot.run(tmp_path, ODD)
    assert str(caught.value) == f"{tmp_path}/project: there is no generated project here. Convert a workflow into this folder first."


@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        ("unknown", "[tool.migration.workflows] has no workflow 'unknown'; it has: broken, computes, futures, missing, no_entrypoint"),
        ("missing", "the entrypoint of workflow 'missing' names 'flows/missing.py', which does not exist"),
        ("no_entrypoint", "workflow 'no_entrypoint' has no entrypoint of the form \"flows/x.py:flow\"; it says None"),
    ],
)
def test_the_table(tmp_path: Path, workflow: str, message: str) -> None:
    with pytest.raises(ProjectError) as caught:
        pilot.run(make_root(tmp_path / "migration"), named(workflow))
    assert caught.value.message == message


def test_unreadable_settings_and_inputs(tmp_path: Path) -> None:
    root = make_root(tmp_path / "migration")
    (root / "inputs" / "variables.json").write_text("[1]")
    with pytest.raises(ProjectError, match="must hold one JSON object"):
        pilot.run(root, ODD)
    (root / "project" / "pyproject.toml").write_text("not toml")
    with pytest.raises(ProjectError, match="the project's settings cannot be read"):
        pilot.run(root, ODD)


@pytest.mark.pilot
def test_a_flow_that_does_not_import(session: pilot.Session, root: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        session.run(named("broken"))
    assert (caught.value.file, caught.value.line) == (str(root / "project" / "flows" / "broken.py"), 3)
    reason = "ImportError: cannot import name 'nothing_of_this_name' from 'shared' (unknown location)"
    assert caught.value.message == f"the flow of workflow 'broken' does not import: {reason}"


@pytest.mark.pilot
def test_an_entrypoint_without_its_flow(session: pilot.Session) -> None:
    with pytest.raises(ProjectError) as caught:
        session.run(named("renamed"))
    assert caught.value.message == (
        "the flow of workflow 'renamed' does not import: LookupError: flows/sequence.py has no flow named 'gone'; its flows: sequence"
    )


@pytest.mark.pilot
def test_a_missing_parameter(session: pilot.Session) -> None:
    with pytest.raises(UsageError, match="^the flow of workflow 'odd' needs a value for: do"):
        session.run(ODD)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    root = make_root(tmp_path / "migration")
    (root / ".workbook").write_text("a file where the folder should be")
    with pytest.raises(PilotError, match="the run's folder cannot be made: "):
        pilot.run(root, ODD, params={"do": "see"})


def test_a_server_that_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_root(tmp_path / "migration")
    monkeypatch.setattr(_server._settings, "SERVER", {"PREFECT_LOGGING_LEVEL": "NO_SUCH_LEVEL"})
    with pytest.raises(ServerError) as caught:
        pilot.run(root, ODD, params={"do": "see"})
    assert caught.value.message.startswith("the local Prefect server on 127.0.0.1:")
    assert "did not start: it ended with status 1; its last words: " in caught.value.message
    assert caught.value.file == str(root / ".workbook" / "server" / "server.log")
