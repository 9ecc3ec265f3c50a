"""Values unknown when reading stay expressions; where one decides something, a finding names what to supply."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

from typing import Any

import pytest
from read_helpers import built, ids, only, trace_text, values

HEAD = "import os, json, ast, yaml\nfrom airflow.hooks.base import BaseHook\nfrom airflow.configuration import conf\n"
VARIABLE = {"name": "x"}

ARGUMENTS: dict[str, Any] = {
    "Variable.get('x')": VARIABLE,
    "Variable.get('x', default_var='d')": {"name": "x", "default": {"value": "d"}},
    "Variable.get('x', deserialize_json=True)": {"name": "x", "json_value": True},
    "json.loads(Variable.get('x'))": {"name": "x", "json_value": True},
    "yaml.safe_load(Variable.get('x'))": {"name": "x", "json_value": True},
    "ast.literal_eval(os.environ['x'])": {"function": "json_loads", "args": ({"name": "x"},)},
    "Variable.get('x', deserialize_json=True)['k'][0]": {
        "base": {"base": {"name": "x", "json_value": True}, "key": {"value": "k"}},
        "key": {"value": 0},
    },
    "Variable.get('x', deserialize_json=True).get('k', 3)": {
        "function": "default",
        "args": ({"base": {"name": "x", "json_value": True}, "key": {"value": "k"}}, {"value": 3}),
    },
    "int(Variable.get('x'))": {"function": "int", "args": (VARIABLE,)},
    "int(Variable.get('x')) * 2": {"operator": "*", "operands": ({"function": "int", "args": (VARIABLE,)}, {"value": 2})},
    "f\"a-{Variable.get('x')}-b\"": {"parts": ({"value": "a-"}, VARIABLE, {"value": "-b"})},
    "'a-' + Variable.get('x')": {"parts": ({"value": "a-"}, VARIABLE)},
    "'a-%s' % Variable.get('x')": {"parts": ({"value": "a-"}, VARIABLE)},
    "'a-{}'.format(Variable.get('x'))": {"parts": ({"value": "a-"}, VARIABLE)},
    "'/'.join(['a', Variable.get('x')])": {"parts": ({"value": "a/"}, VARIABLE)},
    "os.path.join('a', Variable.get('x'))": {"parts": ({"value": "a/"}, VARIABLE)},
    "Variable.get('x').upper()": {"function": "upper", "args": (VARIABLE,)},
    "os.environ['x']": {"name": "x"},
    "os.environ.get('x', 'd')": {"name": "x", "default": {"value": "d"}},
    "os.getenv('x')": {"name": "x", "default": {}},
    "BaseHook.get_connection('c').host": {"id": "c", "field": "host"},
    "BaseHook.get_connection('c').extra_dejson['k']": {"id": "c", "field": "extra.k"},
    "f\"{BaseHook.get_connection('c').login}@\"": {"parts": ({"id": "c", "field": "login"}, {"value": "@"})},
    "['a', Variable.get('x')]": {"items": ({"value": "a"}, VARIABLE)},
    "{'k': Variable.get('x')}": {"items": (({"value": "k"}, VARIABLE),)},
}


@pytest.mark.parametrize("source", ARGUMENTS)
def test_symbols_survive(source: str) -> None:
    dag = built(f"{HEAD}with DAG('d', schedule=None):\n    PythonOperator(task_id='a', python_callable=print, op_args={source})")
    assert values(only(dag))["op_args"] == ARGUMENTS[source]


@pytest.mark.parametrize("source", ARGUMENTS)
def test_supplied_values_stay_expressions(source: str) -> None:
    dag = built(
        f"{HEAD}with DAG('d', schedule=None):\n    PythonOperator(task_id='a', python_callable=print, op_args={source})",
        variables={"x": '{"k": [5]}' if "'k'" in source else "7"},
        environment={"x": "7"},
        connections={"c": {"host": "h", "extra": '{"k": 1}'}},
    )
    assert values(only(dag))["op_args"] == ARGUMENTS[source]


DECIDING = {
    "for i in range(int(Variable.get('n', 2))): T(f't{i}')": ("t0 t1", "t0 t1 t2"),
    "for i in range(int(Variable.get('n'))): T(f't{i}')": ("t0", "t0 t1 t2"),
    "T('one' if Variable.get('n', '1') == '3' else 'other')": ("other", "one"),
    "T(f\"load_{Variable.get('n')}\")": ("load_n", "load_3"),
    "T({'3': 'three'}.get(Variable.get('n', 'zero'), 'none'))": ("none", "three"),
    "if Variable.get('n', '') : T('yes')\n    else: T('no')": ("no", "yes"),
}


@pytest.mark.parametrize("source", DECIDING)
def test_what_decides_is_assumed_and_told(source: str) -> None:
    text = f"{HEAD}with DAG('d', schedule=None):\n    {source}"
    raw, findings = trace_text(text)
    assert raw is not None
    assert ids(raw.dags[0]) == DECIDING[source][0]
    told = [finding for finding in findings if "the variable 'n'" in finding.message]
    assert told or source.startswith("T({")
    assert all(finding.severity == "warning" and finding.line for finding in told)
    raw, findings = trace_text(text, variables={"n": "3"})
    assert raw is not None
    assert (ids(raw.dags[0]), findings) == (DECIDING[source][1], [])


def test_loops_over_lists() -> None:
    source = "with DAG('d', schedule=None):\n    for name in Variable.get('names', 'a,b').split(','):\n        BashOperator(task_id=f'load_{name}', bash_command=name)"
    raw, findings = trace_text(source)
    assert raw is not None
    assert ids(raw.dags[0]) == "load_a load_b"
    assert {finding.code for finding in findings} == {"airflow.assumed_value"}
    dag = built(source, variables={"names": "x,y,z"})
    assert ids(dag) == "load_x load_y load_z"
    source = "with DAG('d', schedule=None):\n    for row in Variable.get('rows', deserialize_json=True):\n        T(row['name'])"
    assert ids(built(source, variables={"rows": {"value": '[{"name": "p"}, {"name": "q"}]'}})) == "p q"


def test_a_schedule_behind_a_condition_is_never_no_schedule() -> None:
    for source in (
        "import os\nwith DAG('d', schedule='@daily' if os.environ.get('ENV') == 'production' else None):\n    T('a')",
        "import os\nENV = os.getenv('ENV', 'dev')\nWHEN = '@daily' if ENV == 'production' else None\nwith DAG('d', schedule_interval=WHEN):\n    T('a')",
        "import os\nif os.environ['ENV'] == 'production':\n    WHEN = '@daily'\nelse:\n    WHEN = None\nwith DAG('d', schedule=WHEN):\n    T('a')",
        "with DAG('d', schedule=Variable.get('ENV', None)):\n    T('a')",
    ):
        raw, findings = trace_text(source)
        assert raw is not None
        assert raw.dags[0].schedule.kind == "unknown"
        told = [finding for finding in findings if finding.code == "airflow.schedule_unknown"]
        assert ["'ENV'" in finding.message for finding in told] == [True]
        raw, findings = trace_text(source, environment={"ENV": "production"}, variables={"ENV": "@daily"})
        assert raw is not None
        assert (raw.dags[0].schedule.cron, findings) == ("0 0 * * *", [])


def test_settings_are_assumed_with_a_finding() -> None:
    dag = built(
        "with DAG('d', schedule=None):\n    T('a', retries=int(Variable.get('n')), retry_delay=timedelta(minutes=int(Variable.get('m', 5))), pool=Variable.get('p'))",
        findings=("airflow.assumed_setting",) * 3,
    )
    task = only(dag)
    assert (task.retry.retries, task.retry.delay_seconds, task.pool) == (1, 300.0, "p")


def test_configuration() -> None:
    source = f"{HEAD}if conf.get('core', 'executor') == 'LocalExecutor':\n    raise ValueError\nwith DAG('d', schedule=None):\n    T('a', doc=conf.get('core', 'dags_folder') and 'x')"
    assert only(built(source, findings=("airflow.assumed_value",))).doc == "x"


def test_an_error_names_what_it_may_depend_on() -> None:
    _, findings = trace_text("if Variable.get('env') != 'prod':\n    raise ValueError('no')\nwith DAG('d'):\n    T('a')")
    assert findings[0].code == "tracing.raised"
    assert findings[0].advice is not None
    assert findings[0].advice.endswith("It may depend on the variable 'env': supply it.")


def test_environment_for_the_library_is_real() -> None:
    built(
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as f:\n    os.environ['MINE'] = f\n    assert os.environ['MINE'] == f\nwith DAG('d'):\n    T('a')"
    )
