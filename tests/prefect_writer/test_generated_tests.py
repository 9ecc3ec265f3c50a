"""The tests that a project carries pass for the flow as written, and fail for a broken one."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_forms import mapped_results, stops_in_a_chain
from writer_build import function, python, shell, workflow

from workbook_lib.model.evaluate import simulate
from workbook_lib.model.expr import Context, Expr
from workbook_lib.model.function import Function
from workbook_lib.model.run import REAL, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Limits, RetryPolicy, Workflow
from workbook_lib.prefect_writer import write
from workbook_lib.validation import scenarios


def mapped() -> Workflow:
    """`double` over what `numbers` returns, tried twice."""
    made = mapped_results()
    return made.model_copy(update={"tasks": tuple(task.model_copy(update={"retry": RetryPolicy(retries=1)}) for task in made.tasks)})


def recorded(made: Workflow) -> list[tuple[Scenario, RunRecord]]:
    """The rehearsals as the rules of the model say that they end."""
    records = []
    for scenario in scenarios(made):
        if scenario.kind == "rehearsal":
            tasks, state = simulate(made, scenario)
            record = RunRecord(
                engine="airflow", version="2.11.2", workflow=made.id, logical_date="", scenario=scenario.name, state=state, tasks=tasks
            )
            records.append((scenario, record))
    return records


def ran(root: Path) -> str:
    """The last line of the project's own tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[-1].rpartition(" in ")[0]


@pytest.mark.pilot
def test_one_instance_of_a_mapped_task_fails(tmp_path: Path) -> None:
    made = mapped()
    records = [
        (scenario, record) for scenario, record in recorded(made) if scenario.name in ("double fails in its first instance", "double fails")
    ]
    assert len(records) == 2
    write([made], records={made.id: records}).save(tmp_path)
    assert ran(tmp_path) == f"{len(records) + 4} passed"  # and those on settings, order, failures and deployment
    flow = tmp_path / "flows" / "example.py"
    flow.write_text(flow.read_text(encoding="utf-8").replace("retries=1", "retries=0"), encoding="utf-8")
    assert "failed" in ran(tmp_path)


def stops_around_a_teardown() -> Workflow:
    """A chain between a setup and its teardown, with a task behind."""
    return workflow(
        shell("start", "echo start", setup=True), shell("work", "echo work"),
        shell("stop", "echo stop", teardown=True, join_rule="all_done_setup_success"), shell("report", "echo report"),
        edges="start >> work, work >> stop, start >> stop, stop >> report", limits=Limits(fail_fast=True),
    )  # fmt: skip


@pytest.mark.pilot
@pytest.mark.parametrize(("made", "asked"), [(stops_in_a_chain(), 3), (stops_around_a_teardown(), 5)])
def test_how_a_task_side_by_side_with_the_failure_that_stops_a_run_ends_is_not_asked(tmp_path: Path, made: Workflow, asked: int) -> None:
    assert len(recorded(made)) == 5  # all succeed, and each of four tasks fails
    write([made], records={made.id: recorded(made)}).save(tmp_path)
    assert ran(tmp_path) == f"{asked + 4} passed"


@pytest.mark.parametrize("name", ['"""', "a\nb", "\\N{DASH}", "x\\"])
def test_any_id_and_any_name(name: str) -> None:
    made = workflow(shell(name, "echo"), id=name)
    project = write([made], records={made.id: recorded(made)})
    for path in (path for path in project.files if path.startswith("tests/test_")):
        compile(project.files[path], path, "exec")


NOW = function("def evening():\n    from datetime import datetime\n\n    return datetime.now().hour >= 18\n")
PASSED = function("def newest(moment):\n    from datetime import UTC, datetime\n\n    return datetime.now(UTC) <= moment\n")


@pytest.mark.parametrize(
    ("asks", "given", "answer", "repeatable"),
    [
        (NOW, {}, True, False),
        (NOW, {}, False, False),
        (PASSED, {"moment": Context(name="logical_date")}, True, False),
        (PASSED, {"moment": Context(name="logical_date")}, False, True),  # what has passed stays so
    ],
)
def test_a_real_run_that_the_clock_decides_is_no_test(asks: Function, given: dict[str, Expr], answer: bool, repeatable: bool) -> None:
    made = workflow(python("ask", asks, arguments=given, steers="short_circuit"))
    run = TaskRun(id="ask", state=State.SUCCESS, attempts=1, result={"json": answer})
    record = RunRecord(
        engine="airflow", version="2.11.2", workflow=made.id, logical_date="2024-01-01T00:00:00+00:00", state=State.SUCCESS, tasks=(run,)
    )
    text = write([made], records={made.id: [(REAL, record)]}).files["tests/test_example.py"]
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert ("test_real_run" in names) is repeatable
