"""A placeholder, what the user makes of it, and what the workbook says then."""

from __future__ import annotations

from pathlib import Path

import pytest
from migration_build import migration, sales

from workbook_lib.migration import Migration
from workbook_lib.model.action import Opaque, Shell
from workbook_lib.model.expr import Constant
from workbook_lib.model.workflow import Edge, Task, Workflow

FAILS = 'raise NotImplementedError("tell: no rule for SlackOperator")'


def told(text: str = "hi", **more: object) -> Workflow:
    """sales >> tell, which no rule knows."""
    action = more.pop("action", Opaque(family="notify", missing="no rule for SlackOperator"))
    tell = Task(id="tell", operator="SlackOperator", action=action, arguments=(("text", Constant(value=text)),))  # type: ignore[arg-type]
    workflow = sales()
    tasks, edges = (*workflow.tasks, tell), (*workflow.edges, Edge(source="report", target="tell"))
    return workflow.model_copy(update={"tasks": tasks, "edges": edges})


@pytest.fixture
def made(tmp_path: Path) -> Migration:
    found = migration(tmp_path / "root", told())
    found.convert()
    return found


def edit(made: Migration, before: str, after: str) -> None:
    assert before in made.code()
    made.save("sales", made.code().replace(before, after))


def outcome(made: Migration) -> tuple[str, list[str]]:
    """The status of `tell` and the codes of all findings after converting again."""
    report = made.convert()
    status = next(task["status"] for task in report.statuses["sales"] if task["id"] == "tell")
    assert status == made.statuses("sales")["tell"].status == made.colours("sales")["tell"]
    return status, [finding.code for finding in report.findings if finding.severity.needs_human]


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (FAILS, "placeholder"),
        ("pass\n    " + FAILS, "placeholder"),
        ("if True:\n        " + FAILS, "placeholder"),
        ('raise NotImplementedError("later")', "placeholder"),
        ('print("hi")', "converted"),
        ('return {"sent": True}', "converted"),
    ],
)
def test_a_task_is_a_placeholder_while_its_function_is_one(made: Migration, after: str, status: str) -> None:
    edit(made, FAILS, after)
    assert outcome(made) == (status, ["writer.placeholder"] if status == "placeholder" else [])


def test_the_guide_counts_what_is_left(made: Migration) -> None:
    def line() -> str:
        return next(
            line
            for line in (made.root / "project" / "MIGRATION.md").read_text().splitlines()
            if line.startswith("| `sales`") or "sales" in line
        )

    assert "| 4 | 1 |" in line()
    edit(made, FAILS, 'print("hi")')
    made.convert()
    assert "| 4 | 0 |" in line()


def test_code_that_cannot_be_read_keeps_the_placeholders(made: Migration) -> None:
    edit(made, FAILS, "def (")
    assert made.statuses("sales")["tell"].status == "placeholder"


def test_a_body_whose_legacy_task_changed_may_be_stale_until_it_is_edited(made: Migration) -> None:
    edit(made, FAILS, 'print("hi")')
    assert outcome(made) == ("converted", [])
    made.store.save_read([told("hello")], ())
    report = made.convert()
    (stale,) = [finding for finding in report.findings if finding.code == "migration.by-hand-stale"]
    assert stale.message == "the legacy task 'tell' changed after you had written its placeholder by hand; your body may be stale"
    assert (stale.file, stale.workflow, stale.task) == (str(made.flow_file("sales")), "sales", "tell")
    for path in made.conflicts():
        made.resolve(path, made.code("sales"))
    assert outcome(made) == ("converted", ["migration.by-hand-stale"])
    edit(made, 'print("hi")', 'print("hello")')
    assert outcome(made) == ("converted", [])
    assert outcome(made) == ("converted", [])


def test_a_body_written_before_converting_again_may_be_stale_too(made: Migration) -> None:
    edit(made, FAILS, 'print("hi")')
    made.store.save_read([told("hello")], ())
    assert "migration.by-hand-stale" in outcome(made)[1]


def test_lines_that_move_make_nothing_stale(made: Migration) -> None:
    edit(made, FAILS, 'print("hi")')
    moved = told()
    made.store.save_read([moved.model_copy(update={"origin": moved.origin.model_copy(update={"line": 9})})], ())
    assert outcome(made) == ("converted", [])


def test_a_placeholder_that_waits_in_a_conflict_stays_one(made: Migration) -> None:
    edit(made, f"    {FAILS}", f"    # mine\n    {FAILS}")
    made.store.save_read([told(action=Shell(command=Constant(value="echo hi")))], ())
    assert outcome(made) == ("placeholder", ["migration.conflict"])
    assert made.statuses("sales")["tell"].finding.message == "'tell' is converted by now, but your flow still has its placeholder"  # type: ignore[union-attr]
