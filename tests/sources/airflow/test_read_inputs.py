"""With the file of inputs filled in, a DAG is read as the real Airflow reads it with the same values set, and nothing is left to supply.

Cases: `corpus/airflow/inputs/<case>/`, written for this project; `expected.json` is what DagBag of 2.11.2 said (`record_inputs.py`).
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aspects import differences

from workbook_lib.cli import main
from workbook_lib.errors import InputError
from workbook_lib.model.expr import walk
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources import UNSET, load_inputs

CASES = Path(__file__).parents[2] / "corpus" / "airflow" / "inputs"
NAMES = sorted(path.parent.name for path in CASES.glob("*/dag.py"))
ASSUMING = {"airflow.assumed_value", "airflow.assumed_setting", "airflow.schedule_unknown", "tracing.raised"}


def read(*arguments: object) -> dict[str, Any]:
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        main(["read", *map(str, arguments), "--full", "--json", "--no-cache"])
    found: dict[str, Any] = json.loads(stdout.getvalue())
    return found


def named(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(kind, name) for kind in ("variables", "connections", "env") for name in document[kind]}


def supplied(document: dict[str, Any]) -> set[tuple[str, str]]:
    return named({"variables": {}, "connections": {}, "env": {}} | document) | {
        (kind, name) for kind, names in document.get("unset", {}).items() for name in names
    }


def test_there_are_a_dozen() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_filled_in_it_is_what_airflow_reads(name: str) -> None:
    case = CASES / name
    found = read(case / "dag.py", "--inputs", case / "inputs.json")
    assert {finding["code"] for finding in found["findings"]} & ASSUMING == set()
    truth = json.loads((case / "expected.json").read_text())
    assert truth["airflow"] == "2.11.2"
    assert list(differences(truth, found)) == []


@pytest.mark.parametrize("name", NAMES)
def test_before_that_the_reading_tells_what_to_fill_in(name: str, tmp_path: Path) -> None:
    case, missing = CASES / name, tmp_path / "inputs.json"
    found = read(case / "dag.py", "--missing-inputs", missing)
    assert {finding["code"] for finding in found["findings"]} & ASSUMING
    asked = json.loads(missing.read_text())
    assert named(asked) == supplied(json.loads((case / "inputs.json").read_text()))
    to_read = {(kind, name) for kind, name in named(asked) if asked["_about"][kind][name]["needed"] == "to read"}
    assert to_read
    assert read(case / "dag.py", "--inputs", missing)["findings"] == found["findings"]  # nothing is filled in yet


def test_what_was_supplied_is_no_longer_asked_for(tmp_path: Path) -> None:
    for name in NAMES:
        read(CASES / name / "dag.py", "--inputs", CASES / name / "inputs.json", "--missing-inputs", tmp_path / "rest.json")
        assert named(json.loads((tmp_path / "rest.json").read_text())) == set()


def expressions(workflow: Workflow) -> Iterator[str]:
    for task in workflow.tasks:
        for _, value in task.arguments:
            yield from (part.kind for part in walk(value))


def test_arguments_stay_expressions() -> None:
    kinds = {}
    for name in ("connection_decides", "tables_from_json"):
        found = read(CASES / name / "dag.py", "--inputs", CASES / name / "inputs.json")
        kinds[name] = {kind for item in found["workflows"] for kind in expressions(Workflow.from_json(json.dumps(item["model"])))}
    assert ("connection" in kinds["connection_decides"], "variable" in kinds["tables_from_json"]) == (True, True)


ASKING = """
import os
from airflow import DAG
from airflow.models import Variable
from airflow.hooks.base import BaseHook
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

TABLES = Variable.get("tables", deserialize_json=True)
STORE = BaseHook.get_connection("store")
PASSWORD = Variable.get("db_password", "in the source")

def body():
    Variable.get("inside")

with DAG("asking", schedule="@daily" if os.environ.get("STAGE", "test") == "prod" else None) as dag:
    for name in TABLES["names"]:
        BashOperator(
            task_id=name, bash_command=f"load {STORE.host} {PASSWORD} {{{{ var.value.template }}}}", retries=int(Variable.get("retries", 2))
        )
    PythonOperator(task_id="p", python_callable=body)
"""


def test_the_file_says_what_each_value_is_for(tmp_path: Path) -> None:
    source, missing = tmp_path / "asking.py", tmp_path / "inputs.json"
    source.write_text(ASKING)
    read(source, "--missing-inputs", missing)
    found = json.loads(missing.read_text())
    assert found["variables"] == dict.fromkeys(["retries", "tables", "db_password", "inside", "template"])
    assert (found["connections"], found["env"]) == ({"store": None}, {"STAGE": None})
    about = found["_about"]
    assert about["variables"]["tables"] == {
        "needed": "to read",
        "decides": [f"a loop ({source}:17)", f"a task id ({source}:18)"],
        "asked for at": [f"{source}:9"],
        "workflows": ["asking"],
        "expected": "JSON with the keys names",
    }
    assert about["variables"]["retries"] | {"decides": []} == {
        "needed": "to read",
        "decides": [],
        "asked for at": [f"{source}:19"],
        "workflows": ["asking"],
        "default in the source": "2",
        "expected": "a whole number",
    }
    assert about["variables"]["inside"] == {"needed": "to run", "workflows": ["asking"]}
    assert about["connections"]["store"]["expected"] == "the fields host"
    assert about["env"]["STAGE"]["decides"] == [f"the schedule of 'asking' ({source}:16)"]
    assert about["env"]["STAGE"]["expected"] == "compared with 'prod'"
    assert "in the source" not in json.dumps(about["variables"]["db_password"])


def test_one_kind_in_a_file_of_its_own_goes_first(tmp_path: Path) -> None:
    case = CASES / "list_in_a_text"
    (tmp_path / "variables.json").write_text(json.dumps({"names": "one"}))
    found = read(case / "dag.py", "--inputs", case / "inputs.json", "--variables", tmp_path / "variables.json")
    assert [task["id"] for task in found["workflows"][0]["tasks"]] == ["one"]


def test_null_is_not_filled_in_and_unset_is(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({"variables": {"a": None, "b": 1}, "env": {"N": 3}, "unset": {"connections": ["c"]}, "_about": {}}))
    assert load_inputs(file) == {"variables": {"b": 1}, "connections": {"c": UNSET}, "env": {"N": "3"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not a file of inputs."),
        ('{"names": 1}', "not a file of inputs."),
        ('{"variables": []}', "not a file of inputs."),
        ('{"unset": {"env": "A"}}', "`unset` holds no list of names for env."),
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
    ],
)
def test_other_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_inputs(file)
    assert caught.value.message == message
