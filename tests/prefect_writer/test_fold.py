"""Operators made alike in a loop share one function; others do not."""

from __future__ import annotations

import ast

from writer_build import shell, workflow

from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer import write


def functions(made: Workflow) -> dict[str, list[str]]:
    """The functions of the generated flow, with their parameters."""
    text = write([made]).files["flows/example.py"]
    return {node.name: [arg.arg for arg in node.args.args] for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def at(line: int, task_id: str, command: str) -> Task:
    return shell(task_id, command, origin=Origin(file="dags/example.py", line=line))


def test_one_place_and_nothing_but_the_id_differs() -> None:
    made = workflow(at(3, "load_a", "echo load_a {x}"), at(3, "load_b", "echo load_b {x}"), at(5, "end", "echo end"))
    assert functions(made) == {"load": ["task_id"], "end": [], "example": []}


def test_another_place_is_another_function() -> None:
    made = workflow(at(3, "load_a", "echo load_a"), at(4, "load_b", "echo load_b"))
    assert functions(made) == {"load_a": [], "load_b": [], "example": []}


def test_an_id_that_is_part_of_a_word_stays() -> None:
    assert functions(workflow(at(3, "a", "echo apple"), at(3, "b", "echo bapple"))) == {"a": [], "b": [], "example": []}


def test_what_differs_otherwise_stays() -> None:
    assert functions(workflow(at(3, "a", "echo a 1"), at(3, "b", "echo b 2"))) == {"a": [], "b": [], "example": []}


def test_an_id_that_ends_within_an_escape_stays() -> None:
    made = workflow(*(at(3, name, f'{name}" + code() #') for name in ("x\\", "y\\")))
    assert functions(made) == {"x": [], "y": [], "example": []}
    escapes = workflow(at(3, "n", "a\nn"), at(3, "t", "a\tt"))
    assert functions(escapes) == {"n": [], "t": [], "example": []}


def test_many_that_differ_in_nothing_but_the_id_wherever_they_stand() -> None:
    ids = ("create", "read", "update", "delete")
    made = workflow(*(at(line, name, f"echo {name}") for line, name in enumerate(ids, 3)))
    assert functions(made) == {"step": ["task_id"], "example": []}
    fewer = workflow(*(at(line, name, f"echo {name}") for line, name in enumerate(ids[:3], 3)))
    assert functions(fewer) == {"create": [], "read": [], "update": [], "example": []}


def test_a_place_of_many_is_not_asked_for_twice() -> None:
    made = workflow(*(at(line, name, f"echo {name}") for line, name in ((3, "load_a"), (3, "load_b"), (4, "load_c"), (5, "load_d"))))
    assert functions(made) == {"load": ["task_id"], "example": []}


def test_the_task_that_a_shared_function_is_named_after_needs_no_run_name() -> None:
    text = write([workflow(shell("a", "echo x"), shell("b", "echo x"), edges="a >> b")]).files["flows/example.py"]
    flow = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "example")
    assert [ast.unparse(statement) for statement in flow.body] == ["a()", "a.with_options(task_run_name='b')()"]
