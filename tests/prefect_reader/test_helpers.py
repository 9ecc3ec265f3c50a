"""The helpers in `shared/` are known to the reader as the writer makes them: what was changed there and is used is said, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_bodies import scenario
from golden_projects import edited, verdict, written

from workbook_lib.prefect_reader import read_flow, read_source

RULES, TABLE, UPSTREAM, SHELL = (f"shared/{name}.py" for name in ("trigger_rules", "rule_table", "upstream", "shell"))
UNDO = "; undo that, or write the project again"
CHANGED = "was changed, so that it is not known what it does" + UNDO


def line(name: str, file: str, start: str) -> int:
    """The number of the first line of a file as written that starts with `start`."""
    return next(n for n, text in enumerate(written(name)[2][file].splitlines(), 1) if text.startswith(start))


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "what"),
    [
        (TABLE, '"skipped" in states else None', '"skipped" in states else ""', '    "all_success": lambda', "RULES has another"),
        (TABLE, 'BAD = ("failed", "upstream_failed")', 'BAD = ("failed",)', "BAD =", f"BAD {CHANGED}"),
        (RULES, "closed = gate.closed()", "closed = None", "def start(", f"start {CHANGED}"),
        (RULES, "rule: str = \"all_success\"", "rule: str = \"none_failed\"", "def submit(", f"submit {CHANGED}"),
        (RULES, "        future.wait()\n", "        pass\n", "def finish(", f"finish {CHANGED}"),
        (RULES, "states import Completed", "states import Cancelled as Completed", "from prefect.states", f"Completed {CHANGED}"),
        (UPSTREAM, "if state.is_completed()", "if True", "def outcome(", f"outcome {CHANGED}"),
        (SHELL, "    done.check_returncode()\n", "", "def run_shell(", f"run_shell {CHANGED}"),
    ],
)  # fmt: skip
def test_a_changed_definition(file: str, old: str, new: str, at: str, what: str, tmp_path: Path) -> None:
    made, program = edited("skips", tmp_path, (old, new), file=file)
    place = f"{file}, line {line('skips', file, at)}: {what}"
    assert [item.reason[: len(place)] for item in program.unfollowed if item.reason.startswith(place)] == [place]
    assert {item.line for item in program.unfollowed} <= {7, 8}  # where the flow imports it
    assert (verdict(made, program), program.simulate(scenario("")).unfollowed) == ("not comparable", program.unfollowed)


def test_a_table_that_the_writer_does_not_know(tmp_path: Path) -> None:
    """As in a project of an older version."""
    last = written("skips")[2][RULES]
    asks = ("closed = gate.closed()", "closed = EARLY['x'] or gate.closed()")
    made, program = edited("skips", tmp_path, (last, last + "\n\nEARLY = {'x': lambda: None}\n"), asks, file=RULES)
    assert [item.reason.partition(": ")[2] for item in program.unfollowed if "EARLY" in item.reason] == [
        "EARLY is not a helper that the reader knows" + UNDO,
        "EARLY has another entry for 'x' than the reader knows" + UNDO,
    ]
    assert verdict(made, program) == "not comparable"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("\nRULES['all_success'] = RULES['none_failed']\n", "a statement that defines nothing may change what the helpers do"),
        ("\nfor rule in RULES:\n    print(rule)\n", "a statement that defines nothing may change what the helpers do"),
        ("\nsubmit = finish\n", f"submit {CHANGED}"),
        ("\n\ndef min(values, default):\n    return default\n", "min is not a helper that the reader knows"),
        ("\n\ndef finish(last):\n    return None\n", f"finish {CHANGED}"),
    ],
)
def test_what_is_added_to_the_helpers(more: str, what: str, tmp_path: Path) -> None:
    last = written("skips")[2][RULES]
    made, program = edited("skips", tmp_path, (last, last + more), file=RULES)
    assert [what in item.reason for item in program.unfollowed] == [True]
    assert verdict(made, program) == "not comparable"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (RULES, '"""Start `work` when', '"""Begin `work` when'),
        (RULES, "\n\n\n", "\n\n\n\n# a remark\n\n"),
        (TABLE, 'BAD = ("failed", "upstream_failed")', "BAD = (\n    'failed',\n    'upstream_failed',\n)"),
        (RULES, "from prefect.states import ", "from prefect.states import Cancelled, "),
        (RULES, "\nclass Skip(", "\ndef added(x):\n    return x\n\n\nclass Skip("),
    ],
)
def test_formatting_docstrings_and_what_nothing_uses_do_not_matter(file: str, old: str, new: str, tmp_path: Path) -> None:
    made, program = edited("skips", tmp_path, (old, new), file=file)
    assert (program.unfollowed, verdict(made, program)) == ((), "equal")


@pytest.mark.parametrize("table", ["RULES", "EARLY"])
def test_a_rule_in_use_needs_its_entries(table: str, tmp_path: Path) -> None:
    text = written("skips")[2][TABLE]
    start = text.index('    "none_failed"', text.index(f"{table} = "))
    entry = text[start : text.index("\n", start) + 1]
    made, program = edited("skips", tmp_path, (entry, ""), file=TABLE)
    assert [item.reason for item in program.unfollowed] == [
        f"{TABLE}: {table} has no entry for the rule 'none_failed', which the flow uses; "
        "add it as the workbook's own helpers have it, or do without"
    ]
    assert verdict(made, program) == "not comparable"


@pytest.mark.parametrize(
    ("imports", "use", "reason"),
    [
        ("from shared.rule_table import RULES", "RULES.clear()", "RULES reaches into the helpers of shared/"),
        ("import shared.rule_table as rules", "rules.RULES.clear()", "rules.RULES reaches into the helpers of shared/"),
        ("import shared.trigger_rules", "shared.trigger_rules.pick = 1", "shared.trigger_rules.pick reaches into the helpers of shared/"),
        ("from shared import trigger_rules", "trigger_rules._end = len", "trigger_rules._end reaches into the helpers of shared/"),
        ("from shared.trigger_rules import _end", "start = _end", "_end reaches into the helpers of shared/"),
    ],
)  # fmt: skip
def test_a_flow_that_reaches_into_the_helpers(imports: str, use: str, reason: str, tmp_path: Path) -> None:
    made, program = edited("skips", tmp_path, ("\n\n@task\ndef maybe", f"\n{imports}\n\n{use}\n\n@task\ndef maybe"))
    assert reason in [item.reason for item in program.unfollowed]
    assert verdict(made, program) == "not comparable"


def test_missing_helpers_are_said(tmp_path: Path) -> None:
    made, _ = edited("skips", tmp_path)
    (tmp_path / RULES).unlink()
    _, flow, _ = written("skips")
    assert read_flow(tmp_path, made.id).unfollowed[0].reason == f"{RULES} is used but cannot be read{UNDO}"
    names = {task.id: task.id for task in made.tasks}
    alone = read_source((tmp_path / flow).read_text(), flow_name="example", task_names=names)
    assert alone.unfollowed == ()  # a text without a project: the helpers are taken to be the writer's


def test_helpers_used_by_another_module_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/steps.py").write_text("from shared.waiting import wait_for_good\n")
    (tmp_path / "shared/waiting.py").write_text("def wait_for_good(): ...\n")
    _, program = edited("skips", tmp_path, ("from shared.shell", "from shared.steps import wait_for_good\nfrom shared.shell"))
    assert [(item.reason, item.line) for item in program.unfollowed] == [
        (f"shared/waiting.py, line 1: wait_for_good is not a helper that the reader knows{UNDO}", None)
    ]
