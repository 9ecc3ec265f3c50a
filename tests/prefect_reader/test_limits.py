"""What is not followed is said, never guessed; what is no flow is a problem with a place."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_bodies import read_body, states

from workbook_lib.errors import ProjectError
from workbook_lib.prefect_reader import Problem, read_flow, read_source


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("while a():\n    b()", "a while loop is not followed"),
        ("if full:\n    a()", "what happens next depends on a value that only a run knows"),
        ("import random\nif random.random() > 0.5:\n    a()", "what happens next depends on a value that only a run knows"),
        ("globals()['a']()", "globals() reaches names in a way that is not followed"),
        ("import asyncio\nawait asyncio.gather(z(), z())", "the async task z is called without await"),
        ("x = a.submit()\nif x.state.is_failed():\n    b()", "the state of a is asked before the flow waited for it"),
        ("import elsewhere\nelsewhere.start(a)", "a task is handed to elsewhere.start, which is not followed"),
        ("import elsewhere\nelsewhere.work.submit()", "elsewhere.work.submit() starts something outside of the project"),
        ("for x in a():\n    e(x)", "the name of a run of e is known only to a run"),
        ("import elsewhere\nwith elsewhere.guard():\n    a()", "whether the context manager elsewhere.guard passes failures on"),
        ("def again():\n    a()\n    again()\nagain()", "the function again calls itself"),
        ("a(*full)", "arguments are unpacked from a value that only a run knows"),
        ("for x in range(10_000_000):\n    a()", "a range is too long, or its length is known only to a run"),
        ("submit(a, rule=full)", "a trigger rule is known only to a run"),
        ("a.delay()", "a.delay() is not followed"),
        ("a.map()", "a.map() is given nothing to map over"),
        ("b(x for x in [a.submit()])", "a generator of futures is handed to a task, which waits for none of them"),
        ("x = [a.submit()]\nb.submit(wait_for=(y for y in x))", "a generator of futures is handed to a task, which waits for none of them"),
        ("full and a()", "what happens next depends on a value that only a run knows"),
        ("x = a.submit()\nfull or x.result()", "what happens next depends on a value that only a run knows"),
        ("a() if full else b()", "what happens next depends on a value that only a run knows"),
    ],
)
def test_unfollowed(body: str, reason: str) -> None:
    program = read_body(body, parameters="full=False")
    assert reason in [item.reason for item in program.unfollowed]
    assert all(item.line is not None and item.line > 20 for item in program.unfollowed)


@pytest.mark.parametrize(
    ("body", "script", "reason"),
    [
        ("if a() > 3:\n    b()", "", "what happens next depends on the result of a"),
        ("c.map(a())", "", "the number of runs of c depends on a value that only a run knows"),
        (
            "try:\n    a()\nexcept ValueError:\n    b()",
            "a:fail",
            "whether this handler catches what a failed task raises is known only to a run",
        ),
        ("a()\nif full:\n    b()", "", "what happens next depends on a value that only a run knows"),
        ('submit(a, rule="sometimes")', "", "'sometimes' is no trigger rule"),
    ],
)
def test_a_scenario_that_cannot_be_followed(body: str, script: str, reason: str) -> None:
    assert states(read_body(body, parameters="full=False"), script) == f"? {reason}"


def test_a_harmless_decision_on_a_parameter_is_followed() -> None:
    program = read_body("day = day or 3\nif day is None:\n    day = 5\na(day)", parameters="day=None")
    assert (program.unfollowed, states(program)) == ((), "a+ | success")


def test_a_flow_that_is_tried_again_is_not_followed() -> None:
    assert [item.reason for item in read_body("a()", decorator="@flow(retries=2)").unfollowed] == [
        "the flow itself is tried again when it fails"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def f(:\n    pass\n", Problem("this is not valid Python: invalid syntax", 1, 7)),
        ("from prefect import flow\n\n@flow\ndef g():\n    pass\n", Problem("there is no @flow function called 'f'", 1, 1)),
        ("\ndef f():\n    pass\n", Problem("there is no @flow function called 'f'", 2, 1)),
        ("x = 1\0\n", Problem("this is not valid Python: source code string cannot contain null bytes", None, None)),
    ],
)
def test_problems(text: str, problem: Problem) -> None:
    program = read_source(text, flow_name="f", task_names={"a": "a"})
    found = program.problems[0]
    assert (len(program.problems), found.message, found.line, found.column)[: 2 if problem.line is None else 4] == (
        1,
        problem.message,
        problem.line,
        problem.column,
    )[: 2 if problem.line is None else 4]
    assert dict(program.tasks) == {}
    assert program.missing == ("a",)


TABLE = """
[tool.migration]
schema = 1
[tool.migration.workflows."my flow"]
entrypoint = "flows/main.py:main"
system = "airflow"
[tool.migration.workflows."my flow".tasks]
"Load it" = "load_it"
first = "first"
"""


def project(folder: Path) -> Path:
    for name, text in {
        "pyproject.toml": TABLE,
        "flows/main.py": "from prefect import flow\nfrom shared.steps import first, load\n\n@flow\ndef main():\n    load(first())\n",
        "shared/steps.py": (
            "from prefect import task\nfrom shared.names import LOAD\n\n@task\ndef first(): ...\n\n"
            "@task(task_run_name=LOAD)\ndef load(x): ...\n"
        ),
        "shared/names.py": "LOAD = '_'.join(['load', 'it'])\nraise SystemExit('never run')\n",
    }.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_a_project_is_read_by_its_table_and_its_imports(tmp_path: Path) -> None:
    program = read_flow(project(tmp_path), "my flow")
    assert [(t.id, t.function, t.run_name) for t in program.tasks.values()] == [("first", "first", "first"), ("Load it", "load", "load_it")]
    assert program.graph().after["Load it"] == {"first"}
    assert program.missing == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"my flow"', '"yours"', "[tool.migration.workflows] has no workflow 'my flow'. It has: yours."),
        ("flows/main.py:main", "flows/main.py", "the workflow 'my flow' has no usable entrypoint: 'flows/main.py'"),
        ("flows/main.py:main", "../main.py:main", "the entrypoint '../main.py:main' leads out of the project"),
        ("flows/main.py:main", "flows/gone.py:main", "the flow of 'my flow' cannot be read: No such file or directory"),
        ("schema = 1", "schema = ", "this is not valid TOML"),
    ],
)
def test_a_project_that_cannot_be_read(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = project(tmp_path)
    (folder / "pyproject.toml").write_text(TABLE.replace(old, new))
    with pytest.raises(ProjectError) as caught:
        read_flow(folder, "my flow")
    assert message in str(caught.value)


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no project here: pyproject.toml cannot be read. Write the project first."):
        read_flow(tmp_path, "x")
