"""`workbook record`: the real Airflow's answer as a RunRecord, kept in the migration folder; without Airflow, how to install it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_contracts import PLAIN, answer, workbook

EXAMPLE = Path(__file__).parents[2] / "notebooks" / "examples" / "airflow" / "maintenance"


@pytest.mark.parametrize("consent", [[], ["--yes"]])
def test_without_an_engine_one_line_says_which_command_installs_it(
    consent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("WORKBOOK_AIRFLOW_PYTHON", raising=False)
    source = tmp_path / "plain.py"
    source.write_text(PLAIN)
    code, stdout, stderr = workbook("record", source, "--workflow", "plain", *consent)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert "Install it with `python -m workbook_lib.sources.airflow.engine.install 2.11.2` (about 200 MB)" in stderr


@pytest.mark.parametrize("command", [("record", "--workflow", "x"), ("assess",), ("convert", "--out", "root"), ("read",)])
def test_a_path_that_is_not_there_is_named_as_it_was_given(command: tuple[str, ...], tmp_path: Path) -> None:
    name, *more = command
    code, _, stderr = workbook(name, tmp_path / "no.py", *[str(tmp_path / part) if part == "root" else part for part in more])
    assert code == 2
    assert stderr.startswith(f"{tmp_path / 'no.py'}: ")
    assert "there is no such file or folder" in stderr


@pytest.mark.proof
def test_a_record_is_printed_and_kept(tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert workbook("convert", EXAMPLE, "--out", root)[0] == 0
    kept = root / ".workbook" / "records" / "legacy" / "log_maintenance"
    for name, file, state in [("real", "real.json", "success"), ("verify fails", "verify%20fails.json", "failed")]:
        (kept / file).unlink()
        code, found = answer("record", root, "--workflow", "log_maintenance", "--scenario", name, "--yes")
        assert (code, found["schema"], found["engine"], found["version"]) == (int(state == "failed"), 1, "airflow", "2.11.2")
        assert (found["scenario"], found["state"]) == (name, state)
        assert {task["id"] for task in found["tasks"]} >= {"wait_for_export", "verify", "finished"}
        assert (kept / file).is_file()
    code, found = answer("record", root, "--workflow", "log_maintenance", "--scenario", "nonsense", "--yes")
    assert code == 2
    assert found["error"].startswith("there is no scenario 'nonsense'. Name one of: real, all succeed, ")
