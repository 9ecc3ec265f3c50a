"""A secret occurs in results, logs, templates, errors: none of it is kept or shown, and comparing stays as sharp as before."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migration_build import migration, sales

from workbook_lib.errors import EngineError
from workbook_lib.findings import Finding, Severity
from workbook_lib.migration import Masker, Migration, known
from workbook_lib.migration._secrets import masker
from workbook_lib.model.action import Shell
from workbook_lib.model.expr import Constant
from workbook_lib.model.run import Output, RunRecord, State, TaskRun
from workbook_lib.model.workflow import Task
from workbook_lib.sources import read

PASSWORD = 'k"7/p&ss wörd'
KEY = b"0" * 32


def hidden(value: Any, *values: str) -> Any:
    """`value` masked, the digests left out."""
    masked = Masker(values or (PASSWORD,), KEY).value(value)
    return json.loads(re.sub(r"\*\*\*[0-9a-f]{8}", "***", json.dumps(masked)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"login with {PASSWORD}!", "login with ***!"),
        ({"rows": [PASSWORD, 1], PASSWORD: True}, {"rows": ["***", 1], "***": True}),
        (f"uri=postgres://me:{'k%227%2Fp%26ss%20w%C3%B6rd'}@db", "uri=postgres://me:***@db"),
        ("q=k%227%2Fp%26ss+w%C3%B6rd", "q=***"),
        (json.dumps({"p": PASSWORD}), '{"p": "***"}'),
        (repr(PASSWORD + "'"), "'***\\''"),
        ("Basic " + base64.b64encode(PASSWORD.encode()).decode(), "Basic ***"),
        ("nothing here", "nothing here"),
    ],
)
def test_a_secret_is_hidden_in_the_forms_in_which_it_stands(before: Any, after: Any) -> None:
    assert hidden(before) == after


def test_a_number_and_a_short_secret_are_hidden_where_they_are_the_whole_value() -> None:
    assert hidden({"pin": 4711, "n": 47110, "on": True, "x": "a", "word": "a banana"}, "4711", "a") == {
        "pin": "***",
        "n": 47110,
        "on": True,
        "x": "***",
        "word": "a banana",
    }


def test_a_private_key_is_hidden_also_in_part() -> None:
    lines = ["-----BEGIN KEY-----", "MIIEvQIBADANBgkqhkiG9w0", "AQEFAASCBKcwggSjAgEAAoI", "-----END KEY-----"]
    assert hidden(f"... {lines[1]}\n {lines[2]}", "\n".join(lines)) == "... ***\n ***"


@given(st.text(max_size=12), st.text(max_size=12))
def test_masked_texts_are_equal_only_if_they_were_equal(one: str, other: str) -> None:
    mask = Masker(["abc", "ab", "a%20b", "a b", "1234"], KEY)
    assert (mask.text(one) == mask.text(other)) == (one == other)


def test_a_number_is_not_its_text_and_a_quoted_form_is_not_the_plain_one() -> None:
    mask = Masker(["1234", "a b c"], KEY)
    assert len({json.dumps(mask.value(value)) for value in (1234, "1234", "a b c", "a%20b%20c", "a+b+c")}) == 5


def test_markup_keeps_its_tags() -> None:
    before = '<style>.table{x}</style><table title="a table"><td>the table &amp; <b>table</b></td></table>'
    after = '<style>.table{x}</style><table title="a ***"><td>the *** &amp; <b>***</b></td></table>'
    assert Masker(["table"]).markup(before) == after


EXTRA = {"region_name": "eu-1", "api_key": "k-2", "deep": {"t": "long-enough"}}
CONNECTIONS = {
    "parts": {
        "login": "me",
        "password": "pw-1",
        "host": "db",
        "extra": json.dumps(EXTRA),
    },
    "uri": "http://me:pw%2D3@host/?token=t-4&timeout=30",
    "json": '{"password": "pw-5"}',
    "listed": {"host": "secret-host"},
}


def test_what_is_a_secret() -> None:
    inputs = {
        "connections": CONNECTIONS,
        "variables": {"region": "north", "api_key": "k-6", "settings": '{"smtp": {"password": "pw-7", "port": 25}}', "quiet": "q-8"},
        "env": {"SLACK_TOKEN": "t-9", "HOME_TOWN": "Lyon", "USE_TOKEN": "true"},
        "params": {"db_password": "pw-10", "day": "2024-01-01"},
    }
    assert known(inputs, ["quiet", "listed"]) == {
        *("pw-1", "k-2", "long-enough", "pw-3", "t-4", "pw-5", "k-6", "pw-7", "q-8", "t-9", "pw-10", "secret-host"),
        CONNECTIONS["uri"],
    }


def made_record(value: Any, log: str = "") -> RunRecord:
    run = TaskRun(id="extract", state=State.SUCCESS, attempts=1, result={"json": value}, log_tail=log)
    return RunRecord(
        engine="airflow",
        version="2.11.2",
        workflow="sales",
        logical_date="2024-01-01",
        inputs={"params": {"who": value}},
        state=State.SUCCESS,
        tasks=(run,),
        outputs=(Output(path=f"out/{PASSWORD.replace('/', '')}", digest="sha256:1"),),
        problem=f"no answer to {value}",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Migration:
    command = Shell(command=Constant(value=f"psql --password '{PASSWORD}'"))
    finding = Finding(code="x.y", severity=Severity.NOTE, message=f"read {PASSWORD}", advice=PASSWORD)
    task = Task(id="extract", operator="BashOperator", action=command, doc=PASSWORD)
    found = migration(tmp_path / "root", sales(tasks=(task,), edges=()))
    found.store.save_read(found.workflows(), [finding])
    return found


def leaks(found: Migration) -> list[str]:
    """Files that hold the password, but for the inputs, the definition and what is made of it."""
    forms = [PASSWORD.encode(), json.dumps(PASSWORD)[1:-1].encode(), json.dumps(PASSWORD, ensure_ascii=False)[1:-1].encode()]
    files = (path for path in found.root.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms))
    names = sorted(path.relative_to(found.root).as_posix() for path in files)
    return [name for name in names if not name.startswith(("inputs/", "legacy/", ".workbook/model/")) and not name.endswith(".py")]


def test_records_findings_and_pictures_hold_no_password(folder: Migration) -> None:
    folder.write_inputs(connections={"warehouse": {"conn_type": "postgres", "password": PASSWORD}})
    folder.store.save_record("legacy", made_record(PASSWORD, f"psql: {PASSWORD} refused"), "today")
    folder.convert()
    found = folder.store.record("legacy", "sales", "real")
    assert found is not None
    assert re.fullmatch(r"psql: \*\*\*[0-9a-f]{8} refused", found.tasks[0].log_tail)
    assert PASSWORD not in repr(found) + repr(folder.findings()) + folder.svg()
    assert leaks(folder) == []
    assert (folder.root / ".workbook" / "mask.key").stat().st_mode & 0o777 == 0o600


def test_what_was_kept_before_the_secret_was_known_is_hidden_too(folder: Migration) -> None:
    folder.store.save_record("legacy", made_record(PASSWORD), "today")
    assert leaks(folder) != []
    folder.write_inputs(variables={"plain_name": PASSWORD})
    assert leaks(folder) != []
    folder.decisions.set("secrets", ["plain_name"])
    assert PASSWORD not in repr(folder.store.record("legacy", "sales", "real"))
    folder.store.hide_again()
    assert leaks(folder) == []


def test_both_engines_masks_can_be_compared(folder: Migration) -> None:
    folder.write_inputs(connections={"a": {"password": PASSWORD}, "b": {"password": "another one"}})
    results = []
    for value in (PASSWORD, PASSWORD, "another one"):
        folder.store.save_record("pilot", made_record(value), "today")
        results.append(folder.store.record("pilot", "sales", "real").tasks[0].result)  # type: ignore[union-attr]
    assert (results[0] == results[1], results[0] == results[2]) == (True, False)


def test_an_error_is_told_without_the_password(folder: Migration) -> None:
    folder.write_inputs(env={"DB_PASSWORD": PASSWORD})
    with pytest.raises(EngineError) as caught, masker(folder.root).errors():
        raise EngineError(f"refused {PASSWORD}", advice="Try again.")
    assert re.fullmatch(r"refused \*\*\*[0-9a-f]{8}\. Try again\.", str(caught.value))
    assert PASSWORD not in repr(caught.value)


def test_without_secrets_nothing_changes_and_no_key_is_made(folder: Migration) -> None:
    record = made_record("value")
    folder.store.save_record("pilot", record, "today")
    assert folder.store.record("pilot", "sales", "real") == record
    assert not (folder.root / ".workbook" / "mask.key").exists()


SOURCE = """
from datetime import datetime
from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

def tell():
    password = Variable.get("db_password")
    print("the password is", password)
    return {"login": "me", "dsn": f"me:{password}@db"}

def fail():
    raise ValueError("refused " + Variable.get("db_password"))

with DAG("leaky", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):
    PythonOperator(task_id="tell", python_callable=tell)
    PythonOperator(task_id="fail", python_callable=fail)
    BashOperator(task_id="template", bash_command="echo {{ var.value.db_password }}")
"""


@pytest.mark.pilot
def test_a_pilot_leaves_no_password_behind(tmp_path: Path) -> None:
    word = "hunter-2-hunter"
    source = tmp_path / "leaky.py"
    source.write_text(SOURCE)
    assert [workflow.id for workflow in read([source]).workflows] == ["leaky"]
    found = Migration.create(tmp_path / "root", source)
    found.write_inputs(variables={"db_password": word})
    found.convert()
    record = found.pilot()
    tag = re.escape("***") + "[0-9a-f]{8}"
    results = {run.id: run.result for run in record.tasks}
    assert re.fullmatch(f"me:{tag}@db", results["tell"]["json"]["dsn"])  # type: ignore[index,call-overload,arg-type]
    assert re.fullmatch(tag, results["template"]["json"])  # type: ignore[arg-type]
    logs = {run.id: run.log_tail for run in record.tasks}
    assert re.search(f"refused {tag}", logs["fail"])
    verdict = found.validate()
    page = found.report()
    assert word not in repr(verdict) + page.read_text()
    holding = [path for path in found.root.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
    assert [path.relative_to(found.root).as_posix() for path in holding] == ["inputs/variables.json"]
