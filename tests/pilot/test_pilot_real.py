"""Real runs: states, results, attempts, outputs, inputs, events."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilot_workflows import FUTURES, ODD, RULES, SEQUENCE

from workbook_lib import pilot
from workbook_lib.model.left_behind import outputs
from workbook_lib.model.run import RunRecord, State

pytestmark = pytest.mark.pilot


def shown(record: RunRecord) -> dict[str, object]:
    """Each task instance's state, attempts and result; `?` marks what nobody observed."""
    return {
        run.id + (f"[{run.map_index}]" if run.map_index >= 0 else "") + ("" if run.observed else "?"): (
            str(run.state), run.attempts, run.result.get("json"),
        )
        for run in record.tasks
    }  # fmt: skip


def test_a_sequence(session: pilot.Session) -> None:
    record = session.run(SEQUENCE, logical_date="2024-01-01T00:00:00+00:00")
    assert (record.engine, record.state, record.scenario, record.problem) == ("prefect", State.SUCCESS, "real", "")
    assert shown(record) == {
        "extract_north": ("success", 1, {"amount": 700, "day": "2024-01-01", "region": "north"}),
        "extract_south": ("success", 1, {"amount": 500, "day": "2024-01-01", "region": "south"}),
        "total": ("success", 1, 1200),
        "choose": ("success", 1, "publish"),
        "publish": ("success", 1, None),
        "hold?": ("skipped", 0, None),
        "cleanup": ("success", 1, ["clean"]),
    }
    assert [output.path for output in record.outputs] == ["published.txt", "region.txt"]
    total, choose = record.task("total"), record.task("choose")
    assert total is not None
    assert choose is not None
    assert (total.end or "") < (choose.start or "")
    assert total.log_tail.startswith("adding up\n")


def test_futures(session: pilot.Session) -> None:
    record = session.run(FUTURES)
    assert shown(record) == {
        "numbers": ("success", 1, [1, 2, 3]),
        "square[0]": ("success", 1, 1),
        "square[1]": ("success", 1, 4),
        "square[2]": ("success", 1, 9),
        "sum_up": ("success", 1, 14),
        "side.note": ("success", 1, "noted"),
    }


def test_gates_and_events(session: pilot.Session) -> None:
    events: list[pilot.Event] = []
    record = session.run(RULES, on_event=events.append)
    assert shown(record) == {
        "first": ("skipped", 1, None),
        "gate": ("success", 1, False),
        "after": ("skipped", 0, None),
        "last": ("success", 1, "last"),
    }
    assert [event.state for event in events if event.task == "after"] == ["pending", "running", "skipped"]
    assert events[-1].state == "success"


def test_inputs_and_surroundings(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTSIDE_SECRET", "must not be seen")
    record = pilot.run(root, ODD, params={"do": "see"})
    assert record.tasks[0].result == {
        "json": {
            "folder": ["region.txt"], "home": "home", "limits": {"rows": 3}, "path": "project", "secret": None, "supplied": "yes",
            "team": "sales",
        }
    }  # fmt: skip
    assert record.inputs == {"params": {"do": "see"}}


def test_what_a_run_leaves_behind(session: pilot.Session, root: Path, tmp_path: Path) -> None:
    record = session.run(ODD, params={"do": "leave"}, logical_date="2024-01-01")
    (tmp_path / "moment.txt").write_text("2024-01-01T00:00:00+00:00")
    (tmp_path / "region.txt").write_text("north")
    found = {output.path: output.digest for output in record.outputs}
    assert sorted(found) == ["moment.txt", "out/report.txt", "region.txt", "sales.db#sale"]
    assert {output.path: output.digest for output in outputs(tmp_path)}.items() <= found.items()
    assert list((root / ".workbook" / "runs").iterdir()) == []


def test_waiting_is_shortened_but_counts(session: pilot.Session) -> None:
    record = session.run(ODD, params={"do": "polls"}, time_limit=30)
    assert record.tasks[0].result == {"json": 10}
