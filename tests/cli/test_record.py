"""`workbook record`: the real Airflow's answer as a RunRecord, kept in the migration folder; without Airflow, how to install it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_contracts import PLAIN, answer, workbook

EXAMPLE = Path(__file__).parents[2] / "notebooks" / "examples" / "airflow" / "maintenance"


PLAIN3 = PLAIN.replace("from airflow import", "from airflow.sdk import")


@pytest.mark.parametrize("consent", [[], ["--yes"]])
@pytest.mark.parametrize(
    ("text", "version", "pointer"), [(PLAIN, "2.11.2", "WORKBOOK_AIRFLOW_PYTHON"), (PLAIN3, "3.3.2", "WORKBOOK_AIRFLOW3_PYTHON")]
)
def test_without_an_engine_one_line_says_which_command_installs_it(
    text: str, version: str, pointer: str, consent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(pointer, raising=False)
    source = tmp_path / "plain.py"
    source.write_text(text)
    code, stdout, stderr = workbook("record", source, "--workflow", "plain", *consent)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert f"Install it with `python -m workbook_lib.sources.airflow.engine.install {version}` (about 200 MB)" in stderr
    assert f"or let {pointer} name the Python of an existing one." in stderr


@pytest.mark.parametrize("command", [("record", "--workflow", "x"), ("assess",), ("convert", "--out", "root"), ("read",)])
def test_a_path_that_is_not_there_is_named_as_it_was_given(command: tuple[str, ...], tmp_path: Path) -> None:
    name, *more = command
    code, _, stderr = workbook(name, tmp_path / "no.py", *[str(tmp_path / part) if part == "root" else part for part in more])
    assert code == 2
    assert stderr.startswith(f"{tmp_path / 'no.py'}: ")
    assert "there is no such file or folder" in stderr


@pytest.mark.proof
def test_a_dag_of_airflow_3_is_recorded_by_airflow_3(tmp_path: Path) -> None:
    source = tmp_path / "plain.py"
    source.write_text(PLAIN3)
    code, found = answer("record", source, "--workflow", "plain", "--yes")
    assert (code, found["version"], found["state"]) == (0, "3.3.2", "success")
    assert [(task["id"], task["result"]) for task in found["tasks"]] == [("one", {"json": "1"}), ("two", {"json": "2"})]


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
