"""Airflow's own example DAGs: every task has the line that makes it, every argument and edge the place where it was written."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from pathlib import Path

import pytest
from bundled_corpora import fetch

from workbook_lib.model.function import ArgumentSource
from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._raw import RawFile, RawTask

pytestmark = pytest.mark.corpus
FOLDERS = {
    "2.11.2": ("apache-airflow==2.11.2", "airflow/example_dags"),
    "3.3.2": ("apache-airflow-core==3.3.2", "airflow/example_dags"),
    "standard": ("apache-airflow-providers-standard==1.19.0", "airflow/providers/standard/example_dags"),
}
# files read: (tasks, arguments, edges), all of them with their place but for `MADE_BY_AIRFLOW`
COUNTS = {"2.11.2": (360, 413, 332), "3.3.2": (237, 289, 185), "standard": (186, 259, 178)}
# Arguments that nobody wrote: (operator, argument) -> how many; what `@asset` derives from the function and its name, and
# `multiple_outputs` where the annotation of what a function returns says so.
MADE_BY_AIRFLOW = {
    "2.11.2": {},
    "3.3.2": {
        ("_AssetMainOperator", "inlets"): 8,
        ("_AssetMainOperator", "outlets"): 8,
        ("_PythonDecoratedOperator", "multiple_outputs"): 2,
    },
    "standard": {},
}


@functools.cache
def read(name: str) -> tuple[list[RawFile], Path]:
    """What is read of a folder of examples."""
    package, inside = FOLDERS[name]
    folder = fetch(package) / inside
    return _read.trace([folder], ReadOptions())[0], folder


@functools.cache
def tree(file: str) -> ast.Module:
    """A parsed example."""
    return ast.parse(Path(file).read_text())


def shows(task: RawTask) -> bool:
    """Whether the expression at the task's line and column really makes it: it holds its `task_id`, or calls the decorated function."""
    found = tree(task.origin.file)
    calls = [node for node in ast.walk(found) if isinstance(node, ast.Call)]
    here = [node for node in calls if (node.lineno, node.col_offset) == (task.origin.line, task.origin.column)]
    given = {source.name: source for source in task.argument_sources}
    if "task_id" in given:
        ids = [word.value for node in here for word in node.keywords if word.arg == "task_id"]
        return any((one.lineno, one.col_offset) == (given["task_id"].line, given["task_id"].column) for one in ids) or (
            bool(here) and _decorates(found, task, given["task_id"].line)
        )
    if task.operator == "_AssetMainOperator":
        return any(function.name == task.id and any(one in here for one in function.decorator_list) for function in _functions(found))
    return any(isinstance(name, ast.Name) and name.id == given["python_callable"].text for node in here for name in ast.walk(node.func))


def _functions(found: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(found) if isinstance(node, ast.FunctionDef)]


def _decorates(found: ast.Module, task: RawTask, line: int) -> bool:
    """Whether the `task_id` on a line stands in the decorator of the task's function."""
    decorators = [one for function in _functions(found) for one in function.decorator_list]
    return bool(task.decorator) and any(one.lineno <= line <= (one.end_lineno or one.lineno) for one in decorators)


def given(task: RawTask) -> list[str]:
    """Names of what a task was given; the arguments of a decorated function go by their own names."""
    names = [name for name, _ in task.arguments if not (task.decorator and name in ("op_args", "op_kwargs"))]
    return names + [name for name, _ in (task.mapping.over if task.mapping else ()) if name]


@pytest.mark.parametrize("name", FOLDERS)
def test_tasks_arguments_and_edges_have_their_place(name: str) -> None:
    raws, _ = read(name)
    tasks = [task for raw in raws for dag in raw.dags for task in dag.tasks]
    edges = [edge for raw in raws for dag in raw.dags for edge in dag.edges]
    arguments = [(task, argument) for task in tasks for argument in given(task)]
    assert (len(tasks), len(arguments), len(edges)) == COUNTS[name]
    assert [(task.id, task.origin.file, task.origin.line) for task in tasks if not shows(task)] == []
    without = [(task.operator, argument) for task, argument in arguments if argument not in {one.name for one in task.argument_sources}]
    assert Counter(without) == MADE_BY_AIRFLOW[name]
    assert [(edge.source, edge.target) for edge in edges if edge.origin is None] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_source_texts_are_what_stands_there(name: str) -> None:
    raws, folder = read(name)
    found = [one for raw in raws for dag in raw.dags for thing in (dag, *dag.tasks) for one in thing.argument_sources]
    lines = {one.file: Path(one.file).read_text().split("\n") for one in found}
    assert {Path(file).is_relative_to(folder) for file in lines} == {True}
    assert [one for one in found if one.name != "python_callable" and not _from(lines[one.file], one).startswith(one.text)] == []


def _from(lines: list[str], one: ArgumentSource) -> str:
    """The text of a file from a place on."""
    return "\n".join([lines[one.line - 1].encode()[one.column :].decode(), *lines[one.line :]])
