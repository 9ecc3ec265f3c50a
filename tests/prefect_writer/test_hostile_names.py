"""Ids and texts of legacy workflows are anybody's: whatever they hold, every file is whole and every name leads to its flow."""

from __future__ import annotations

import ast
import re
import tomllib
from typing import Any

import pytest
import yaml
from writer_build import function, nothing, python, shell, workflow

from workbook_lib.model.action import StartWorkflow
from workbook_lib.model.expr import Constant, TaskOutput
from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import Edge, Schedule, Task, Workflow
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.prefect_writer.project._emitted import MODULES
from workbook_lib.validation import compare_structure

HOSTILE = [
    "../../x", "..", "/etc/passwd", 'a"b', "a'b", '"""', "'''", "a\nb", "a\r\nb", "a\x00b", "a\x7fb", "a\x85b", "a\u2028b", "a\\",
    "\\N{DASH}", "{a}", "{{ x }}", "${X}", "`a`", "a|b", "a: b", "#a", "- a", "<script>alert(1)</script>", "-->", "[a](javascript:b)",
    "class", "flow", "print", "__init__", "__main__", "é", "日本", "x" * 300,
]  # fmt: skip


def whole(project: Project) -> dict[str, Any]:
    """`prefect.yaml`, once every file of the project was found to lie below it and to parse."""
    for path, text in project.files.items():
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)?", path, re.ASCII), path
        assert ".." not in path.split("/")
        assert len(path.rpartition("/")[2]) <= 120
        if path.endswith(".py"):
            compile(text, path, "exec")
    tomllib.loads(project.files["pyproject.toml"])
    assert not re.search(r"<script|(?<!\\)\[a\]", re.sub(r"(`+).*?(?<!`)\1(?!`)", "", project.files["MIGRATION.md"]))
    found: dict[str, Any] = yaml.safe_load(project.files["prefect.yaml"])
    assert len(found["deployments"]) == len(project.flows)
    return found


def lay(project: Project, root: Any) -> None:
    project.save(root)


@pytest.mark.parametrize("text", HOSTILE)
def test_as_the_ids_of_tasks(text, tmp_path):
    take = function("def take(v):\n    return v\n")
    made = workflow(shell(text, "echo"), nothing(f"{text}n"), python(f"{text}p", take, arguments={"v": TaskOutput(task=text)}))
    made = made.model_copy(update={"edges": (Edge(source=text, target=f"{text}n"), Edge(source=text, target=f"{text}p"))})
    project = write([made])
    whole(project)
    lay(project, tmp_path)
    rows = compare_structure(made, read_flow(tmp_path, made.id))
    assert {row.id for row in rows} >= {task.id for task in made.tasks}
    assert [row for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_as_texts(text):
    made = workflow(
        shell("a", f"echo {text}", doc=text), doc=text, description=text, tags=(text,),
        schedule=Schedule(kind="custom", text=text, timezone=text),
    )  # fmt: skip
    entry = whole(write([made]))["deployments"][0]
    told = text.replace("{{", "{ {").replace("}}", "} }")
    assert (entry["description"], entry["tags"], entry["schedules"]) == (told, [told], [])


@pytest.mark.parametrize("text", HOSTILE)
def test_as_the_id_of_a_workflow(text):
    assert names(made := workflow(shell("a", "echo"), id=text)) == names_asked_for(made.id)


@pytest.mark.parametrize("name", ["daily_sales", "daily-sales", "run_shell", "wait_until", "date", "Sales", "load_data"])
def test_a_flow_is_found_by_the_name_that_others_ask_for(name):
    own = Definition(name="load_data", form="function", source="def load_data():\n    return 1\n")
    load = function("def load():\n    return load_data()\n", uses=("load_data",))
    assert names(workflow(python("load", load), id=name, definitions=(own,))) == names_asked_for(name)


def names(made: Workflow) -> str:
    """`flow/deployment`, as Prefect will know them."""
    project = write([made])
    info = project.flows[made.id]
    tree = ast.parse(project.files[info.path])
    flow = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == info.entrypoint.rpartition(":")[2])
    decorator = flow.decorator_list[0]
    given = [ast.literal_eval(word.value) for word in decorator.keywords if word.arg == "name"] if isinstance(decorator, ast.Call) else []
    name = given[0] if given else flow.name.replace("_", "-")
    assert not set(name) & set("/%&<>"), "Prefect refuses these"
    return f"{name}/{whole(project)['deployments'][0]['name']}"


def names_asked_for(workflow_id: str) -> str:
    """`flow/deployment`, as another flow that starts this one writes it."""
    start = Task(id="start", operator="TriggerDagRunOperator", action=StartWorkflow(workflow=Constant(value=workflow_id)))
    calls = [node for node in ast.walk(ast.parse(write([workflow(start)]).files["flows/example.py"])) if isinstance(node, ast.Call)]
    return str(next(ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "run_deployment"))


def test_files_differ_where_a_file_system_ignores_case():
    project = write([workflow(shell("a", "echo"), id=name) for name in ("Sales", "sales", "SALES", "sales_2")])
    assert [info.path for info in project.flows.values()] == [
        "flows/Sales.py",
        "flows/sales_2.py",
        "flows/SALES_3.py",
        "flows/sales_2_2.py",
    ]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_repository_does_not_replace_a_helper(name):
    own = Definition(name="load_data", module=name, form="function", source="def load_data():\n    return 1\n")
    load = function("def load():\n    return load_data()\n", uses=("load_data",))
    project = write([workflow(python("load", load), shell("a", "echo"), definitions=(own,))])
    assert sorted(path for path in project.files if path.startswith("shared/")) == sorted(["shared/shell.py", f"shared/{name}_legacy.py"])
    assert f"from shared.{name}_legacy import load_data" in project.files["flows/example.py"].splitlines()
