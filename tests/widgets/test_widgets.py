from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from widgets_fake import FakeMigration

from workbook_lib.validation import Judgement, Verdict
from workbook_lib.validation._rows import Aspect, TaskVerdict
from workbook_lib.widgets import CodeEditor, PilotPanel, SourcePicker, VerdictView


def classes(svg: str) -> dict[str, str]:
    """Id -> class of all tasks and edges of a drawing."""
    return {name: look for look, name in re.findall(r'class="(wb-(?:task|edge)[^"]*)" id="wb-w-([^"]*)"', svg)}


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def alert(widget: object) -> str:
    return re.sub(r"<[^>]*>", "", widget._alert.value)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "status", "edges"),
    [
        ("a -> b, more", "Compiles, and has the same graph as the legacy workflow.", {}),
        ("broken", "Does not compile: invalid syntax (line 1).", {}),
        ("b -> a", "Compiles, but its graph differs: b no longer waits for a", {("a", "b"): "missing"}),
    ],
)
def test_code_editor_says_how_an_edit_stands(text: str, status: str, edges: dict[tuple[str, str], str]) -> None:
    editor = CodeEditor(FakeMigration(), wait=0)
    assert (editor.value, editor.saved) == ("a -> b", True)
    editor.value = text
    assert (editor.status, editor.graph.edges, editor.saved) == (status, edges, False)


def test_code_editor_waits_for_a_pause_and_checks_the_last_text() -> None:
    editor = CodeEditor(FakeMigration(), wait=0.1)
    for text in ("b", "br", "broken"):
        editor.value = text
    assert editor.status.startswith("Compiles, and has the same graph")
    assert until(lambda: editor.status.startswith("Does not compile"))


def test_code_editor_saves_what_does_not_compile_too() -> None:
    migration = FakeMigration()
    editor = CodeEditor(migration, wait=0)
    editor.value = "broken"
    editor._save.click()
    assert (migration.text, editor.saved) == ("broken", True)
    migration.text = "a -> b again"
    editor._reload.click()
    assert (editor.value, editor.saved, editor.check.same_graph) == ("a -> b again", True, True)


def test_code_editor_shows_an_error_of_its_callback() -> None:
    migration = FakeMigration()
    editor = CodeEditor(migration, wait=0)
    migration.fails = True
    editor._reload.click()
    assert alert(editor) == "✕ flows/w.py: the flow&#x27;s file is missing. Restore it."


def test_pilot_panel_runs_only_with_consent_and_asks_again_for_another_scenario() -> None:
    migration = FakeMigration()
    panel = PilotPanel(migration)
    assert "<code>real: &lt;b&gt;</code>" in panel._list.value
    assert panel._run.disabled
    panel.run()
    assert (migration.piloted, alert(panel)) == ([], "✕ nothing is executed without your consent. Tick the box below the list first.")
    panel.agreed = True
    assert not panel._run.disabled
    panel.scenario = "a fails"
    assert (panel.agreed, panel._run.disabled) == (False, True)


def test_pilot_panel_shows_states_while_it_runs_and_the_end() -> None:
    migration = FakeMigration()
    panel = PilotPanel(migration)
    panel._date.value, panel._params.value, panel.agreed = "2024-01-01", '{"x": 1}', True
    panel._run.click()
    assert until(lambda: panel.states == {"a": "running", "b": "pending"})
    assert (panel.running, panel._run.disabled, panel._halt.disabled) == (True, True, False)
    assert until(lambda: classes(panel.graph.svg)["task-a"] == "wb-task wb-is-running")
    migration.go_on.set()
    assert until(lambda: not panel.running)
    assert panel.states == {"a": "success", "b": "success"}
    assert panel.status == "The run ended as success: 2 success."
    assert panel.record.task("a") is not None
    assert migration.piloted == [("real", {"logical_date": "2024-01-01", "params": {"x": 1}})]


def test_pilot_panel_stops() -> None:
    panel = PilotPanel(FakeMigration())
    panel.agreed = True
    panel._run.click()
    panel._halt.click()
    assert until(lambda: not panel.running)
    assert (panel.status, panel.record) == ("the run was stopped", None)


def test_pilot_panel_shows_an_error_of_the_run() -> None:
    migration = FakeMigration()
    migration.fails = True
    migration.go_on.set()
    panel = PilotPanel(migration)
    panel.agreed = True
    panel.run(wait=True)
    assert alert(panel).startswith("✕ ValueError: no server &lt;here&gt;")
    assert not panel.running


def test_pilot_panel_refuses_parameters_that_are_not_json() -> None:
    migration = FakeMigration()
    panel = PilotPanel(migration)
    panel._params.value, panel.agreed = "x=1", True
    panel.run(wait=True)
    assert alert(panel).startswith("✕ the parameters are not JSON")
    assert migration.piloted == []


def row(task: str, aspect: Aspect, verdict: str, scenario: str = "", reason: str = "") -> TaskVerdict:
    return TaskVerdict(id=task, aspect=aspect, verdict=Judgement(verdict), legacy=1, pilot=2, reason=reason, scenario=scenario)


JUDGED = Verdict(
    workflow="w",
    verdict="different",
    headline="One task differs <here>.",
    tasks=(
        row("", "structure", "equal"),
        row("a", "states", "equal", "real"),
        row("a", "states", "different", "a fails", "<because>"),
        row("b", "results", "not comparable", "real"),
    ),
)


def cells(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<td class="wb-(v-[a-z_]+|none)" title="([^"]*)"', html)


def test_verdict_view_shows_the_worst_of_all_scenarios_or_one_of_them() -> None:
    migration = FakeMigration()
    migration.judged = JUDGED
    view = VerdictView(migration)
    none = ("none", "does not apply")
    different = ("v-different", "different in 1 of 2 scenarios\na fails: &lt;because&gt;")
    unclear = ("v-not_comparable", "not comparable\nreal: legacy 1, pilot 2")
    assert cells(view.html) == [none, different, none, none, none, unclear, ("v-equal", "equal"), none, none]
    view.scenario = "real"
    assert cells(view.html) == [none, ("v-equal", "equal"), none, none, none, unclear, ("v-equal", "equal"), none, none]


def test_verdict_view_says_what_to_do_when_there_is_none() -> None:
    view = VerdictView(FakeMigration())
    assert (view.html, alert(view)) == ("", "• w has no verdict yet: run migration.validate(&#x27;w&#x27;), as notebook 05 does.")


def test_source_picker_shows_why_a_source_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "examples" / "one").mkdir(parents=True)
    picker = SourcePicker(str(tmp_path / "root"), str(tmp_path / "missing"), examples=tmp_path / "examples")
    picker._button.click()
    assert picker.migration is None
    assert alert(picker).startswith("✕ ")
    picker._examples.label = "one"
    assert picker.source == (tmp_path / "examples" / "one").as_posix()
