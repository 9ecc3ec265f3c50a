"""The date of a run that is given none is the one that the legacy engine would give a run scheduled then."""

from __future__ import annotations

import ast
import importlib.util
import tomllib
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from writer_build import DS, shell, workflow

from workbook_lib.model.workflow import Schedule
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.validation import compare_structure


def dated(cron: str, timezone: str = "UTC"):
    schedule = Schedule(kind="cron", cron=cron, text=cron, timezone=timezone)
    return workflow(shell("show", "echo ", DS), schedule=schedule)


def default(project: Project) -> str:
    """What the flow takes when no date is given."""
    flow = next(node for node in ast.parse(project.files["flows/example.py"]).body if getattr(node, "name", "") == "example")
    return next(ast.unparse(node.value.values[1]) for node in ast.walk(flow) if isinstance(node, ast.Assign))


@pytest.mark.parametrize(
    ("cron", "timezone", "due", "date"),
    [  # as CronDataIntervalTimetable of Airflow 2.11.2 says: the interval that has ended at `due`
        ("0 6 * * 1-5", "UTC", "2024-01-09T06:00:00+00:00", "2024-01-08"),
        ("0 6 * * 1-5", "UTC", "2024-01-08T06:00:00+00:00", "2024-01-05"),
        ("0 6 * * 1-5", "UTC", "2024-01-09T10:30:12.5+00:00", "2024-01-08"),
        ("0 0 1 * *", "UTC", "2024-03-01T00:00:00+00:00", "2024-02-01"),
        ("0 0 1 * *", "Europe/Berlin", "2024-02-29T23:00:00+00:00", "2024-01-31"),
        ("0 0 1 * *", "Europe/Berlin", "2024-04-30T22:00:00+00:00", "2024-03-31"),
    ],
)
def test_intervals_of_varying_length(cron: str, timezone: str, due: str, date: str) -> None:
    project = write([dated(cron, timezone)])
    names: dict[str, object] = {}
    exec(compile(project.files["shared/dates.py"], "shared/dates.py", "exec"), names)
    names["runtime"] = SimpleNamespace(flow_run=SimpleNamespace(scheduled_start_time=datetime.fromisoformat(due)))
    assert str(eval(default(project), names)) == date


def test_such_a_project_has_all_it_imports(tmp_path: Path) -> None:
    made = dated("0 6 * * 1-5")
    project = write([made])
    for path, text in project.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if path.endswith(".py") else ():
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("shared."):
                assert f"{node.module.replace('.', '/')}.py" in project.files
            elif isinstance(node, ast.ImportFrom) and node.module:
                assert importlib.util.find_spec(node.module.partition(".")[0]), node.module
    assert tomllib.loads(project.files["pyproject.toml"])["project"]["dependencies"] == ["prefect>=3.8,<3.10", "cronsim>=2"]
    rows = compare_structure(made, read_flow(tmp_path, made.id))
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []
    assert rows


def test_a_fixed_interval_needs_no_helper() -> None:
    project = write([dated("0 6 * * *")])
    assert default(project) == "runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)"
    assert "shared/dates.py" not in project.files
    assert tomllib.loads(project.files["pyproject.toml"])["project"]["dependencies"] == ["prefect>=3.8,<3.10"]


@pytest.mark.parametrize(("cron", "days"), [("@daily", 1), ("@midnight", 1), ("@weekly", 7), ("0  0 * * *", 1)])
def test_a_name_for_a_fixed_interval(cron: str, days: int) -> None:
    assert default(write([dated(cron)])) == f"runtime.flow_run.scheduled_start_time.date() - timedelta(days={days})"


def test_a_name_for_a_varying_interval() -> None:
    assert default(write([dated("@monthly")])) == "interval_start('0 0 1 * *').date()"


TRIGGERS = [  # as the timetables of Airflow 2.11.2 and 3.3.2 say: `trigger`, `back_seconds`, and the version where neither is known
    ("2.11", {"kind": "cron", "cron": "0 6 * * *", "trigger": True}, ""),
    ("2.11", {"kind": "cron", "cron": "0 6 * * *", "trigger": True, "back_seconds": 86400.0}, " - timedelta(days=1)"),
    ("2.11", {"kind": "interval", "interval_seconds": 172800.0, "trigger": True}, ""),
    ("2.11", {"kind": "interval", "interval_seconds": 172800.0, "trigger": False}, " - timedelta(days=2)"),
    ("2.11", {"kind": "interval", "interval_seconds": 172800.0}, " - timedelta(days=2)"),
    ("3", {"kind": "cron", "cron": "0 6 * * *", "trigger": False}, " - timedelta(days=1)"),
    ("3", {"kind": "cron", "cron": "0 6 * * *"}, ""),
    ("3", {"kind": "interval", "interval_seconds": 172800.0, "trigger": True}, ""),
    ("3", {"kind": "interval", "interval_seconds": 172800.0}, ""),
]


@pytest.mark.parametrize(("version", "schedule", "back"), TRIGGERS)
def test_triggers_stand_for_their_moment_and_intervals_for_what_has_ended(version: str, schedule: dict, back: str) -> None:
    made = workflow(shell("show", "echo ", DS), schedule=Schedule(text="text", **schedule), version=version)
    assert default(write([made])) == f"runtime.flow_run.scheduled_start_time.date(){back}"


@pytest.mark.parametrize(
    ("cron", "seconds"),
    [("* * * * *", 60), ("*/5 * * * *", 300), ("*/7 * * * *", None), ("*/0 * * * *", None), ("0 * * * *", 3600), ("0 6 * * 1", 604800)],
)
def test_the_length_of_an_interval(cron: str, seconds: float | None) -> None:
    assert interval_seconds(dated(cron)) == seconds
