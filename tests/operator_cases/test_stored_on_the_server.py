"""What is told of connections and variables: how connections are kept before the first run, and what none of them shows.

That they give what they gave in Airflow: `tests/corpus/airflow/functions/dags/stored.py`.
"""

from __future__ import annotations

import ast

import pytest

from workbook_lib.model.action import Shell
from workbook_lib.model.expr import Connection, Constant, Format, Variable
from workbook_lib.model.function import Origin
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer import block_name, variable_name, write
from workbook_lib.prefect_writer.emitted import connections, variables


def asks(*connection_ids: str) -> Workflow:
    parts = tuple(part for name in connection_ids for part in (Constant(value=" "), Connection(id=name, field="host")))
    command = Format(parts=(Constant(value="echo"), *parts))
    return echoes(command)


def echoes(command: Format) -> Workflow:
    task = Task(id="t", operator="BashOperator", action=Shell(command=command))
    return Workflow(id="w", system="airflow", version="2.11", origin=Origin(file="w.py", line=1), tasks=(task,))


def test_the_guide_says_how_connections_are_kept() -> None:
    guide = write([asks("shop_db", "Files.in")]).files["MIGRATION.md"]
    section = guide.partition("## Before the first run\n\n")[2].partition("\n\n##")[0]
    assert section.splitlines() == [
        "A connection is a Secret block of Prefect: `files-in`, `shop-db`. Its value is a URI, or JSON with `conn_type`, `host`, `login`,",
        "`password`, `schema`, `port` and `extra`. All connections of a JSON file become blocks by one command:",
        "",
        "```bash",
        "airflow connections export connections.json",
        "python -c \"from shared.connections import keep_connections; keep_connections('connections.json')\"",
        "```",
    ]


def test_connections_that_would_become_one_block_are_told() -> None:
    told = [(found.code, found.message) for found in write([asks("a_b", "A-b")]).findings]
    assert told == [("writer.connection_clash", "the connections 'A-b', 'a_b' would all become the Secret block 'a-b'")]


def test_a_connection_shows_as_its_name() -> None:
    shown = connections._connection("shop_db", "postgres://user:hidden@host/db?token=hidden")
    assert (repr(shown), str(shown), f"{shown}") == ("shop_db",) * 3
    assert shown.password == "hidden"


NAMES = ["plain", "Last day", "a.b-c", "é", "9lives", "class", "match", "__x__", "Class", "ключ"]


@pytest.mark.parametrize("name", NAMES)
def test_the_helpers_ask_for_the_names_that_the_writer_and_the_pilot_give(name: str) -> None:
    assert variables._name(name) == variable_name(name)
    assert connections._block(name) == block_name(name)


def test_a_variable_is_asked_for_as_what_its_reader_takes() -> None:
    values = (Variable(name="V"), Variable(name="V", json_value=True), Variable(name="V", json_value=True, default=Constant(value={})))
    parts = tuple(part for value in values for part in (Constant(value=" "), value))
    flow = write([echoes(Format(parts=(Constant(value="echo"), *parts)))]).files["flows/w.py"]
    task_function = next(node for node in ast.parse(flow).body if isinstance(node, ast.FunctionDef) and node.name == "t")
    asked = {ast.unparse(node) for node in ast.walk(task_function) if isinstance(node, ast.Call) and "variable" in ast.unparse(node.func)}
    assert asked == {"variable('v')", "json_variable('v')", "json_variable('v', {})"}
