"""A pilot supplies variables under the names by which written flows ask for them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Variable
from workbook_lib.model.function import Argument, Function, Origin
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.pilot import _project
from workbook_lib.prefect_writer import write

SHOW = Function(name="show", source="def show(word):\n    print(word)\n", header_end=15, parameters=(Argument(name="word"),))


def asking(name: str) -> Workflow:
    """A workflow with one task that takes a variable."""
    action = PythonCall(function=SHOW, arguments=(("word", Variable(name=name)),))
    task = Task(id="show", operator="PythonOperator", action=action)
    return Workflow(id="asking", system="airflow", version="2.11", origin=Origin(file="asking.py", line=1), tasks=(task,))


def asked(flow: str) -> list[str]:
    """The names in `variable(name)` and `Variable.get(name)`."""
    found = [node for node in ast.walk(ast.parse(flow)) if isinstance(node, ast.Call)]
    calls = [call for call in found if ast.unparse(call.func) in ("variable", "Variable.get")]
    return [ast.literal_eval(call.args[0]) for call in calls]


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("name", ["region", "Team Name", "api-key", "-x-", "class", "1st", "Größe", "a.b.c"])
def test_one_name_in_flow_and_pilot(tmp_path: Path, name: str, table: bool) -> None:
    project = write([asking(name)])
    settings = project.files["pyproject.toml"]
    kept = settings if table else settings.replace("[tool.migration.variables]", "[tool.other]")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").write_text(kept, encoding="utf-8")
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "variables.json").write_text(json.dumps({name: "value"}), encoding="utf-8")
    assert list(_project.variables(tmp_path)) == asked(project.files["flows/asking.py"])
