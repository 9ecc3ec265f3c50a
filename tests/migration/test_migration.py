"""The migration folder from one end to the other, without running an engine."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from migration_build import migration, sales

from workbook_lib.errors import FolderError, ProjectError, UsageError
from workbook_lib.migration import Migration, Need
from workbook_lib.model.action import Shell
from workbook_lib.model.expr import Constant
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Edge, Task


@pytest.fixture
def made(tmp_path: Path) -> Migration:
    found = migration(tmp_path / "root")
    found.convert()
    return found


def test_what_was_read_is_there_in_a_fresh_process(made: Migration) -> None:
    again = Migration(made.root)
    assert again.workflows() == (sales(),)
    assert again.workflow().id == "sales"


def test_a_folder_that_is_none_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(FolderError) as caught:
        Migration(tmp_path)
    advice = "Make one with Migration.create(root, source) or `workbook convert`."
    assert str(caught.value) == f"{tmp_path}: not a migration folder. {advice}"


def test_an_unknown_workflow_lists_those_there_are(tmp_path: Path) -> None:
    found = migration(tmp_path / "root", sales(id="a"), sales(id="b"))
    with pytest.raises(UsageError, match=r"^there is no workflow 'x'\. Name one of: a, b\.$"):
        found.workflow("x")
    with pytest.raises(UsageError, match=r"^several workflows are here\. Name one of: a, b\.$"):
        found.workflow()


def test_converting_reports_every_task(made: Migration) -> None:
    report = made.convert()
    assert report.document() == {
        "schema": 1,
        "project": str(made.root / "project"),
        "workflows": [
            {
                "id": "sales",
                "path": "flows/sales.py",
                "tasks": [{"id": task, "status": "converted", "finding": None} for task in ("extract", "total", "report")],
            }
        ],
        "findings": [],
    }
    assert {change.what for change in report.files} == {"unchanged"}


def test_converting_one_more_workflow_keeps_the_first(tmp_path: Path) -> None:
    found = migration(tmp_path / "root", sales(id="a"), sales(id="b"), sales(id="c"))
    found.convert(["b"])
    assert list(found.convert(["a"]).paths) == ["a", "b"]
    assert sorted(path.name for path in (found.root / "project" / "flows").glob("*.py")) == ["a.py", "b.py"]


def test_an_edit_survives_a_changed_legacy_source(made: Migration) -> None:
    edited = made.code().replace("return sum(rows)", "return sum(rows)  # checked by me")
    made.save("sales", edited)
    made.store.save_read([sales(doc="Sales, twice a day.")], ())
    made.convert()
    assert "# checked by me" in made.code()
    assert "Sales, twice a day." in made.code()


def test_the_untouched_code_has_the_legacy_graph_fast(made: Migration) -> None:
    made.check()
    start = time.perf_counter()
    check = made.check()
    assert time.perf_counter() - start < 0.3
    assert (check.compiles, check.verdict, check.differences) == (True, "equal", ())
    assert str(check) == "Compiles, and has the same graph as the legacy workflow."


def test_code_that_does_not_compile_is_saved_and_said(made: Migration) -> None:
    check = made.save("sales", "def broken(:\n")
    assert made.code() == "def broken(:\n"
    assert (check.compiles, check.verdict, check.line) == (False, None, 1)
    assert str(check).startswith("Does not compile: ")


def test_a_conflict_marker_is_named(made: Migration) -> None:
    check = made.check("sales", "x = 1\n<<<<<<< yours\n")
    assert str(check) == "Does not compile: a conflict marker is left; keep one side and delete the markers (line 2)."


def test_a_task_that_is_gone_is_a_difference(made: Migration) -> None:
    lines = [line for line in made.code().splitlines() if not line.strip().startswith(("report(", "return report("))]
    check = made.check("sales", "\n".join(lines) + "\n")
    assert check.verdict == "different"
    assert "report: the flow has no such task" in check.differences


def test_a_flow_that_is_gone_is_not_comparable(made: Migration) -> None:
    check = made.check("sales", "x = 1\n")
    assert (check.compiles, check.verdict) == (True, "not comparable")
    assert check.differences == ("there is no @flow function called 'sales'",)


def test_needs_say_what_is_given(made: Migration) -> None:
    made.write_inputs(variables={"region": "north"})
    assert made.needs() == [
        Need("connection", "warehouse", False),
        Need("variable", "region", True),
        Need("pool", "small"),
        Need("schedule", "0 6 * * *"),
    ]
    assert (made.root / "inputs" / "variables.json").stat().st_mode & 0o777 == 0o600
    made.write_inputs(variables={"region": None})
    assert made.needs()[1] == Need("variable", "region", False)


def test_consent_lists_what_is_executed(made: Migration) -> None:
    assert made.consent() == [
        "the definition sales.py, imported as a program",
        "extract: the Python function extract",
        "total: the Python function total",
        "report: the shell command echo done",
    ]
    command = "set -e\n\techo {{ ds }}  '" + "x" * 300 + "'"
    written = Task(
        id="long",
        operator="BashOperator",
        action=Shell(command=Constant(value="?")),
        arguments=(("bash_command", Constant(value=command)),),
    )
    many = tuple(written.model_copy(update={"id": f"t{n}"}) for n in range(20))
    made.store.save_read([sales(tasks=many, edges=(), origin=Origin(file=str(made.root / "legacy" / "dags" / "d.py"), line=1))], ())
    assert made.consent() == [
        "the definition dags/d.py, imported as a program",
        *(f"t{n}: the shell command {command}" for n in range(20)),
    ]
    made.store.save_read([sales()], ())
    assert made.consent(scenario=made.scenario("sales", "all succeed")) == ["the definition sales.py, imported as a program"]


def test_an_unknown_scenario_lists_some(made: Migration) -> None:
    with pytest.raises(UsageError, match=r"^there is no scenario 'x'\. Name one of: real, all succeed, extract fails,"):
        made.scenario("sales", "x")


def test_the_deployment_is_that_of_the_project(made: Migration) -> None:
    found = yaml.safe_load(made.deployment())
    assert [(one["entrypoint"], one["schedules"][0]["cron"]) for one in found] == [("flows/sales.py:sales", "0 6 * * *")]
    (made.root / "project" / "prefect.yaml").write_text("deployments: [")
    with pytest.raises(ProjectError, match=r"prefect\.yaml: not a prefect\.yaml: .* Correct the file\.$"):
        made.deployment()


def test_the_graph_is_coloured_by_status(made: Migration) -> None:
    assert made.colours("sales") == dict.fromkeys(("extract", "total", "report"), "converted")
    assert made.svg().startswith("<svg")
    assert made.colours("sales", "state") == {}
    assert made.colours("sales", "verdict") == {}


def test_there_is_no_verdict_before_validating(made: Migration) -> None:
    assert (made.verdict(), made.stale()) == (None, True)
    with pytest.raises(UsageError, match=r"^'sales' was not validated yet\. Call validate first\.$"):
        made.report()


def test_before_converting_the_project_is_missed_clearly(tmp_path: Path) -> None:
    found = migration(tmp_path / "root")
    with pytest.raises(ProjectError, match=r"there is no project yet\. Convert the workflows first\.$"):
        found.code()


def test_a_hostile_id_stays_inside_the_folder(tmp_path: Path) -> None:
    found = migration(tmp_path / "root", sales(id="../../out"))
    found.convert()
    assert Migration(found.root).workflow().id == "../../out"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_a_new_edge_in_the_legacy_source_makes_the_old_code_differ(made: Migration) -> None:
    more = Task(id="audit", operator="BashOperator", action=Shell(command=Constant(value="ls")))
    workflow = sales()
    edges = (*workflow.edges, Edge(source="report", target="audit"))
    made.store.save_read([workflow.model_copy(update={"tasks": (*workflow.tasks, more), "edges": edges})], ())
    assert made.check().differences[0] == "audit: the flow has no such task"
