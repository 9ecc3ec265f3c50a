"""What a DAG file computes from values that nobody knows: source -> the expression, or the structure, and what is told."""

from __future__ import annotations

import re

import pytest
from read_helpers import built, ids, only, trace_text

from workbook_lib.sources.tracing._shown import shown

HEAD = """import os, json, ast, yaml, re, base64, pathlib, shlex, string
from pathlib import Path
from urllib.parse import urlparse
import pendulum
from airflow.hooks.base import BaseHook
from airflow.configuration import conf
from airflow.models import Connection
V = Variable.get
X = V("x")
J = V("j", deserialize_json=True)
E = os.environ.get("E")
C = BaseHook.get_connection("c")
"""

# An argument, and the expression that is read of it, as text.
ARGUMENTS = {
    "X.split(',')[0]": "split(Variable.get('x'), ',')[0]",
    "X.split('-')[-1].upper()": "upper(split(Variable.get('x'), '-')[-1])",
    "X.replace('-', '_').lower()": "lower(replace(Variable.get('x'), '-', '_'))",
    "X[1:3]": "Variable.get('x')[1:3]",
    "X.title()": "Variable.get('x').title()",
    "X.encode().decode()": "Variable.get('x').encode().decode()",
    "base64.b64encode(X.encode())": "base64.b64encode(Variable.get('x').encode())",
    "re.sub('a', 'b', X)": "re.sub('a', 'b', Variable.get('x'))",
    "re.match('(a)b', X).group(1)": "re.match('(a)b', Variable.get('x')).group(1)",
    "X == 'prod'": "Variable.get('x') == 'prod'",
    "not X": "not Variable.get('x')",
    "E is None": "os.environ.get('E', None) == None",
    "E or 'dev'": "os.environ.get('E', None) or 'dev'",
    "'a' if X == 'prod' else 'b'": "'a' if Variable.get('x') == 'prod' else 'b'",
    "('a' if X == 'prod' else 'b').upper()": "upper('a' if Variable.get('x') == 'prod' else 'b')",
    "{'prod': 1, 'dev': 2}[X]": "{'prod': 1, 'dev': 2}[Variable.get('x')]",
    "{'prod': 1}.get(X, 3)": "{'prod': 1}[Variable.get('x')] if Variable.get('x') in {'prod': 1} else 3",
    "['a', 'b'][int(X)]": "['a', 'b'][int(Variable.get('x'))]",
    "X in ('a', 'b')": "Variable.get('x') in ['a', 'b']",
    "'a' in X": "'a' in Variable.get('x')",
    "len(J)": "len(Variable.get('j'))",
    "bool(X)": "bool(Variable.get('x'))",
    "float(X) / 2": "float(Variable.get('x')) / 2",
    "-int(X)": "- int(Variable.get('x'))",
    "int(X) % 2 == 0": "int(Variable.get('x')) % 2 == 0",
    "max(1, int(X))": "max(1, int(Variable.get('x')))",
    "f'{int(X):03d}'": "format(int(Variable.get('x')), '03d')",
    "'%05d' % int(X)": "'%05d' % int(Variable.get('x'))",
    "'%(a)s-%(b)s' % {'a': X, 'b': 1}": "Variable.get('x') + '-1'",
    "'{a}!'.format(a=X)": "Variable.get('x') + '!'",
    "'-'.join(X.split(','))": "join('-', split(Variable.get('x'), ','))",
    "','.join([X, 'b'])": "Variable.get('x') + ',b'",
    "J['a']['b']": "Variable.get('j')['a']['b']",
    "J.get('a', {}).get('b', 1)": "default(default(Variable.get('j')['a'], {})['b'], 1)",
    "list(J)": "list(Variable.get('j'))",
    "json.dumps({'a': X})": "json_dumps({'a': Variable.get('x')})",
    "json.loads(C.extra)['k']": "json_loads(connection 'c'.extra)['k']",
    "C.extra_dejson.get('k', 'd')": "dict_get(connection 'c'.extra_dejson, 'k', 'd')",
    "f'{C.host}:{C.port}'": "connection 'c'.host + ':' + connection 'c'.port",
    "Connection.get('c').host": "connection 'c'.host",
    "Path('/a') / X / 'b'": "'/a' + '/' + Variable.get('x') + '/' + 'b'",
    "Path(X).name": "Path(Variable.get('x')).name",
    "os.path.join('/a', X, 'b')": "'/a/' + Variable.get('x') + '/b'",
    "os.path.basename(X)": "os.path.basename(Variable.get('x'))",
    "os.path.expandvars('$A/${E}')": "os.environ.get('A', '$A') + '/' + os.environ.get('E', '${E}')",
    "urlparse(X).netloc": "urllib.parse.urlparse(Variable.get('x')).netloc",
    "timedelta(minutes=V('m', deserialize_json=True)['x'])": "timedelta(minutes=Variable.get('m')['x'])",
    "datetime.strptime(X, '%Y')": "datetime.strptime(Variable.get('x'), '%Y')",
    "conf.getint('core', 'parallelism')": "conf.get('core', 'parallelism')",
    "'E' in os.environ": "os.environ.get('E', None) != None",
    "os.getenv('E', X)": "os.environ.get('E', Variable.get('x'))",
    "V('a', V('b', 'c'))": "Variable.get('a', Variable.get('b', 'c'))",
    "{X: 1}": "{Variable.get('x'): 1}",
    "X + 'a' + X": "Variable.get('x') + 'a' + Variable.get('x')",
    "repr(X)": "repr(Variable.get('x'))",
}


@pytest.mark.parametrize("source", ARGUMENTS)
def test_arguments_stay_expressions(source: str) -> None:
    text = f"{HEAD}with DAG('d', schedule=None):\n    PythonOperator(task_id='a', python_callable=print, op_args={source})"
    assert shown(dict(only(built(text)).arguments)["op_args"].model_dump()) == ARGUMENTS[source]


def test_what_is_changed_is_no_longer_the_variable() -> None:
    changed = "J['x'] = 1\nJ.update(y=2)\n"
    source = f"{HEAD}{changed}with DAG('d', schedule=None):\n    PythonOperator(task_id='a', python_callable=print, op_kwargs=J)"
    found = dict(only(built(source)).arguments)["op_kwargs"].model_dump()
    assert (found["kind"], found["source"]) == ("unknown", "Variable.get('j'), changed by ['x'] = ..., changed by update()")


# Statements; the tasks that are read, those with the values below, and what is told to decide. `n`: x is "3", j {"a": 1, "b": 2}, E "e".
STRUCTURE = {
    "for name in X.split(','): T(name)": ("x", "3", "a loop"),
    "for n in map(int, X.split(',')): T(f't{n}')": ("t1", "t3", "a loop"),
    "for i in range(int(X)): T(f't{i}')": ("t0", "t0 t1 t2", "a number"),
    "for i in range(len(J)): T(f't{i}')": ("t0", "t0 t1", "a number"),
    "for k, v in J.items(): T(f'{k}{v}')": ("jj", "a1 b2", "a loop"),
    "for k, v in V('n', deserialize_json=True)['a'].items(): T(k)": ("n", "p q", "a loop"),
    "for v in V('n', deserialize_json=True)['a'].values(): T(v['id'])": ("id", "x y", "a loop"),
    "for k in J: T(k)": ("j", "a b", "a loop"),
    "for k in sorted(J): T(k)": ("j", "a b", "a loop"),
    "T('yes' if X == '3' else 'no')": ("no", "yes", "a task id"),
    "if X in {'3', '4'}: T('yes')\n    else: T('no')": ("no", "yes", "a condition"),
    "if '%s-%s' % ('a', X) == 'a-3': T('yes')\n    else: T('no')": ("no", "yes", "a condition"),
    "if (E is None) is (X is None): T('same')\n    else: T('other')": ("other", "same", "a condition"),
    "if E is None: T('none')\n    else: T('some')": ("none", "some", "a condition"),
    "if 'E' in os.environ: T('some')\n    else: T('none')": ("none", "some", "a condition"),
    "if re.match('[0-9]', X): T('digit')\n    else: T('text')": ("text", "digit", "a condition"),
    "if isinstance(J, dict): T('dict')\n    else: T('list')": ("list", "dict", "the type of a value"),
    "match X:\n        case '3': T('three')\n        case _: T('other')": ("other", "three", "a condition"),
    "match E:\n        case None: T('none')\n        case 'e': T('e')": ("none", "e", "a condition"),
    "{'3': EmptyOperator, '4': BashOperator}[X](task_id='a')": ("a", "a", "a lookup"),
    "a, b = X.split(',') if X == 'a,b' else (X, X)\n    T(a + b)": ("xx", "33", "a loop"),
    "X == '3' and T('yes')": ("", "yes", "a condition"),
    "T('yes') if X == '3' else T('no')": ("no", "yes", "a condition"),
    "T('a', **V('kw', {}, deserialize_json=True))": ("a", "a", "a list of keyword arguments"),
}
GIVEN = {
    "variables": {"x": "3", "j": {"a": 1, "b": 2}, "kw": {}, "n": {"a": {"p": {"id": "x"}, "q": {"id": "y"}}}},
    "environment": {"E": "e"},
    "connections": {"c": {}},
}


def test_an_input_that_decides_in_many_places_is_told_once() -> None:
    body = "X = V('x', 'a')\n    if X == 'a': T('a')\n    if X != 'a': T('b')\n    for n in range(int(V('n', 2))): T(f't{n}')"
    raw, findings = trace_text(f"{HEAD}with DAG('d', schedule=None):\n    {body}")
    assert raw is not None
    assert [finding.message for finding in findings] == [
        "a condition and 1 more depend on the variable 'x', unknown while reading; values are assumed",
        "a number depends on the variable 'n', unknown while reading; '2' is assumed",
    ]
    line = findings[0].line or 0
    assert findings[1].line == line + 2
    assert (findings[0].advice or "").endswith(f" Line {line}: a condition ('True'); Line {line + 1}: a condition ('False').")


@pytest.mark.parametrize("source", STRUCTURE)
def test_what_decides_is_told_until_it_is_supplied(source: str) -> None:
    text = f"{HEAD}with DAG('d', schedule=None):\n    {source}"
    assumed, given, what = STRUCTURE[source]
    raw, findings = trace_text(text)
    assert raw is not None
    assert ids(raw.dags[0]) == assumed
    assert {finding.code for finding in findings} == {"airflow.assumed_value"}
    told = [f"{finding.message} {finding.advice}" for finding in findings]
    assert [one for one in told if one.startswith(f"{what} depends on the ") or re.search(rf"Line \d+: {what} \(", one)]
    assert ids(built(text, **GIVEN)) == given


SCHEDULES = {
    "if": "if V('env') == 'prod':\n    S = '@daily'\nelse:\n    S = None\nwith DAG('d', schedule=S): T('a')",
    "match": "match V('env'):\n    case 'prod': S = '@daily'\n    case _: S = None\nwith DAG('d', schedule=S): T('a')",
    "function": "def when():\n    if V('env') == 'prod':\n        return '@daily'\n    return None\nwith DAG('d', schedule=when()): T('a')",
    "parameter": "def make(s):\n    with DAG('d', schedule=s) as d: T('a')\n    return d\n"
    "d = make('@daily') if V('env') == 'prod' else make(None)",
    "attribute": "class C:\n    def __init__(self, env):\n        self.s = '@daily'\n        if env != 'prod':\n            self.s = None\n"
    "c = C(V('env'))\nwith DAG('d', schedule=c.s): T('a')",
    "key": "A = {'schedule': '@daily'}\nif V('env') != 'prod':\n    A['schedule'] = None\nwith DAG('d', **A): T('a')",
    "assigned": "d = DAG('d', schedule='@daily')\nif V('env') != 'prod':\n    d.schedule = None\nwith d: T('a')",
    "whole": "if V('env') == 'prod':\n    with DAG('d', schedule='@daily'): T('a')\nelse:\n    with DAG('d', schedule=None): T('a')",
    "not": "DEV = not (V('env') == 'prod')\nwith DAG('d', schedule=None if DEV else '@daily'): T('a')",
    "and": "P = V('env') == 'prod' and V('env') != ''\nwith DAG('d', schedule='@daily' if P else None): T('a')",
    "table": "with DAG('d', schedule={'prod': '@daily'}.get(V('env'))): T('a')",
    "words": "A = dict(schedule='@daily' if V('env') == 'prod' else None)\nwith DAG('d', **A): T('a')",
    "module": "from settings import WHEN as S\nwith DAG('d', schedule=S): T('a')",
    "module attribute": "import settings\nwith DAG('d', schedule=settings.WHEN): T('a')",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass S:\n    env: str = V('env')\n"
    "    def when(self): return '@daily' if self.env == 'prod' else None\nwith DAG('d', schedule=S().when()): T('a')",
    "decorator": "@dag(schedule='@daily' if V('env') == 'prod' else None)\ndef d(): T('a')\nd()",
}
SETTINGS = "from airflow.models import Variable\nif Variable.get('env') == 'prod':\n    WHEN = '@daily'\nelse:\n    WHEN = None\n"


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_behind_a_condition(name: str) -> None:
    source, files = f"V = Variable.get\n{SCHEDULES[name]}", {"settings.py": SETTINGS}
    raw, findings = trace_text(source, files=files)
    assert raw is not None
    assert raw.dags[0].schedule.kind == "unknown"
    told = [finding for finding in findings if finding.code == "airflow.schedule_unknown"]
    assert ["the variable 'env'" in finding.message for finding in told] == [True]
    assert built(source, files=files, variables={"env": "prod"}).schedule.cron == "0 0 * * *"
    assert built(source, files=files, variables={"env": "test"}).schedule.kind == "none"


def test_both_schedules_are_named() -> None:
    for name in ("if", "match", "not", "table", "words", "module", "decorator"):
        _, findings = trace_text(f"V = Variable.get\n{SCHEDULES[name]}", files={"settings.py": SETTINGS})
        message = next(finding.message for finding in findings if finding.code == "airflow.schedule_unknown")
        assert set(message.partition("'env': ")[2].split(" or ")) == {"'@daily'", "None"}


def test_a_schedule_beside_what_is_unknown_is_known() -> None:
    for source in (
        "with DAG(V('name'), schedule='@daily'): T('a')",
        "A = {'retries': 1}\nif V('env') == 'prod':\n    A['retries'] = 3\nwith DAG('d', schedule='@daily', default_args=A): T('a')",
        "if V('env') == 'prod':\n    OTHER = None\nwith DAG('d', schedule='@daily'): T('a')",
    ):
        raw, _ = trace_text(f"V = Variable.get\n{source}")
        assert raw is not None
        assert raw.dags[0].schedule.cron == "0 0 * * *"


def test_classes_of_settings_ask_the_environment() -> None:
    source = """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            env: str = "dev"
            copies: int = 2
        S = Settings()
        with DAG("d", schedule="@daily" if S.env == "prod" else None):
            for i in range(S.copies): T(f"t{i}")
    """
    raw, findings = trace_text(source)
    assert raw is not None
    assert (raw.dags[0].schedule.kind, ids(raw.dags[0])) == ("unknown", "t0 t1")
    assert {finding.code for finding in findings} == {"airflow.schedule_unknown", "airflow.assumed_value"}
    dag = built(source, environment={"ENV": "prod", "COPIES": "3"})
    assert (dag.schedule.cron, ids(dag)) == ("0 0 * * *", "t0 t1 t2")


def test_settings_of_airflow_are_supplied_by_their_environment_names() -> None:
    source = f"{HEAD}with DAG('d', schedule=None):\n    for i in range(conf.getint('core', 'parallelism')): T(f't{{i}}')"
    raw, findings = trace_text(source)
    assert raw is not None
    assert len(raw.dags[0].tasks) == 32
    assert "the environment 'AIRFLOW__CORE__PARALLELISM'" in findings[0].message
    assert ids(built(source, environment={"AIRFLOW__CORE__PARALLELISM": "2"})) == "t0 t1"


def test_variables_and_connections_in_the_environment() -> None:
    source = f"{HEAD}with DAG('d', schedule=None):\n    T(X)\n    T(f'{{C.host}}_{{C.port}}')"
    given = {"AIRFLOW_VAR_X": "v", "AIRFLOW_VAR_J": "{}", "AIRFLOW_CONN_C": "postgres://user@host:5432/db", "E": ""}
    assert ids(built(source, environment=given)) == "v host_5432"


def test_a_real_value_that_fails_fails_as_in_airflow() -> None:
    _, findings = trace_text("T(str(int(Variable.get('x'))))", variables={"x": "no number"})
    assert [(finding.code, finding.message) for finding in findings] == [
        ("tracing.raised", "the file raises ValueError while it is read: invalid literal for int() with base 10: 'no number'")
    ]


def test_a_condition_on_the_clock() -> None:
    _, findings = trace_text("with DAG('d', schedule=None):\n    if datetime.now().year > 2000: T('a')")
    assert [(finding.code, finding.message) for finding in findings] == [
        (
            "airflow.parse_time_value",
            "a condition depends on the clock or on chance when the DAG file is read; the way of this reading is taken",
        )
    ]


@pytest.mark.parametrize(
    "start",
    [
        "settings.START",
        "settings.Dates.first",
        "pendulum.today('UTC').add(days=-1)",
        "datetime.combine(datetime.now() - timedelta(days=7), datetime.min.time())",
        "datetime(date.today().year, 1, 1)",
        "days_ago(2)",
    ],
)
def test_a_start_date_that_moves(start: str) -> None:
    settings = """
        from datetime import datetime, timedelta
        class Dates: pass
        Dates.first = datetime.now() - timedelta(days=1)
        START = Dates.first.replace(hour=0)
    """
    head = "import pendulum, settings\nfrom datetime import date\nfrom airflow.utils.dates import days_ago\n"
    for given in (f"start_date={start}", f"default_args={{'start_date': {start}}}"):
        dag = built(f"{head}with DAG('d', {given}):\n    T('a')", files={"settings.py": settings}, findings=("airflow.moving_date",))
        assert dag.start_date is None
