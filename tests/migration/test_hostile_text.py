"""Texts of DAG files that try to break out, end to end: read, converted into a folder, drawn and reported, they stay text.

One conversion holds a DAG for each door, with all attacks, and one for each attack; outside of strings `HARM_CODE` must never be code,
`HARM_KEY` never a key.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from textwrap import indent
from typing import Any, TypeGuard
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt
from prefect.utilities.templating import apply_values, resolve_block_document_references, resolve_variables

from workbook_lib.assess import to_html
from workbook_lib.findings import Finding
from workbook_lib.migration import Migration
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation import Judgement, Mask, ScenarioVerdict, TaskVerdict, Verdict, report_html, to_junit

ATTACKS = {
    "double quote": '"); HARM_CODE() #',
    "single quote": "'); HARM_CODE() #",
    "backslash and quote": '\\"); HARM_CODE() #',
    "backslash at the end": "x\\",
    "triple quotes": '"""\nHARM_CODE()\n"""',
    "triple single quotes": "'''\nHARM_CODE()\n'''",
    "new line": "\nHARM_CODE()\n",
    "carriage return": "\rHARM_CODE()\r",
    "form feed": "\x0cHARM_CODE()\x0c",
    "next line": "\x85HARM_CODE()\x85",
    "line separator": "\u2028HARM_CODE()\u2028",
    "comment": "# HARM\nHARM_CODE()",
    "format": "{HARM_CODE()}",
    "format within": "{0.__class__.__init__.__globals__}",
    "percent": "%(HARM_CODE)s %s %n",
    "lone surrogate": "\ud800HARM",
    "bidirectional": "\u202eHARM\u2066",
    "NUL": "\x00HARM",
    "escape sequence": "\x1b[2J\x1b]0;HARM\x07",
    "Prefect variable": "{{ prefect.variables.HARM_KEY }}",
    "Prefect block": "{{ prefect.blocks.secret.HARM_KEY }}",
    "Prefect environment": "{{ $HARM_KEY }}",
    "YAML mapping": "x\nHARM_KEY: 1\n",
    "YAML flow": "{HARM_KEY: 1}",
    "YAML tag": "!!python/object/apply:os.system ['HARM']",
    "YAML anchor": "&a *a <<: HARM_KEY",
    "YAML document": "\n---\nHARM_KEY: 1\n...\n",
    "TOML table": '"\n[HARM_KEY]\nx = 1\n"',
    "TOML key": '"]\nHARM_KEY = 1\n#',
    "script": "<script>HARM_CODE()</script>",
    "image": '"><img src=x onerror=HARM_CODE()>',
    "attribute": "' onload='HARM_CODE()' x='",
    "end of style": "</style></svg><script>HARM_CODE()</script>",
    "end of comment": "--><script>HARM_CODE()</script><!--",
    "CDATA": "]]><script>HARM_CODE()</script>",
    "entity": "&lt;script&gt;HARM_CODE()&lt;/script&gt;",
    "link": "[a](javascript:HARM_CODE())",
    "Markdown": "```\n</details><script>HARM_CODE()</script>\n| a | b |\n# HARM",
    "shell": "$(HARM_CODE) `HARM_CODE` ; HARM_CODE",
    "parent folder": "../../HARM",
    "root folder": "/HARM/HARM",
    "drive": "C:\\HARM\\x",
    "device": "con",
    "dots": "...",
    "dot at the end": "x.",
    "capitals": "Harm",
    "capitals again": "hARM",
    "long": "x" * 400,
    "empty": "",
    "keyword": "class",
    "built-in": "__import__",
}
# Each door is a DAG in which all attacks are tried, one after the other; DAGS hold one attack each.
DOORS = {
    "ids of tasks": "for A in ATTACKS:\n    EmptyOperator(task_id=A or 'empty') >> BashOperator(task_id=f'{A}n', bash_command='true')",
    "ids of groups": "for n, A in enumerate(ATTACKS):\n    with TaskGroup(A or 'empty'):\n        EmptyOperator(task_id=f'a{n}')",
    "docs": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', bash_command='true', doc_md=A, doc=A)",
    "commands": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', bash_command=A, env={'X': A})",
    "parameters": "BashOperator(task_id='a', bash_command='echo {{ params.p1 }}')",
    "datasets": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', bash_command='true', outlets=[Dataset('s3://x/' + A)])",
    "settings": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', bash_command='true', pool=A, queue=A, trigger_rule=A)",
    "arguments": "def f(x):\n    return x\nfor n, A in enumerate(ATTACKS):\n"
    "    PythonOperator(task_id=f'a{n}', python_callable=f, op_kwargs={'x': A})\n"
    "    TriggerDagRunOperator(task_id=f'b{n}', trigger_dag_id=A)",
    "operators without a rule": "class Own(BaseOperator):\n    def __init__(self, what, **more):\n        super().__init__(**more)\n"
    "        self.what = what\n    def execute(self, context):\n        self.unknown(context)\n"
    "for n, A in enumerate(ATTACKS):\n    Own(task_id=f'a{n}', what=A)",
    "variables": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', bash_command='echo ' + Variable.get(A))",
    "ids in commands": "for n, A in enumerate(ATTACKS):\n    for B in (A, A + 'y', A + 'z'):\n"
    "        BashOperator(task_id=B or 'empty', bash_command='echo ' + B + ' + HARM_CODE() #')",
    "ends of ids": "for A in ('x' + chr(92), 'y' + chr(92)):\n    BashOperator(task_id=A, bash_command=A + chr(34) + ' + HARM_CODE() #')",
    "names of instances": "for n, A in enumerate(ATTACKS):\n"
    "    BashOperator.partial(task_id=f'a{n}', map_index_template=A).expand(bash_command=[A, 'true'])",
    "connections": "for n, A in enumerate(ATTACKS):\n    BashOperator(task_id=f'a{n}', "
    "bash_command='echo {{ conn[' + repr(A) + '].host }}')\n"
    "    FileSensor(task_id=f'b{n}', filepath=A, fs_conn_id=A)",
    "templates": "for n, A in enumerate(ATTACKS):\n"
    "    BashOperator(task_id=f'a{n}', bash_command='{% for x in [1] %}{{ x }}{% endfor %}' + A, "
    "env={A: '{{ ds_format(ds, 1, ' + repr(A) + ') }}'})\n"
    "    BashOperator(task_id=f'b{n}', bash_command='{{ logical_date.strftime(' + repr(A) + ') }} {{ params[' + repr(A) + '] }}')\n"
    "    BashOperator(task_id=f'c{n}', bash_command='{{ own(' + repr(A) + ') }} {{ ' + A + ' }}"
    " {{ ti.xcom_pull(task_ids=' + repr(A) + ') }}')",
    "waits": "for n, A in enumerate(ATTACKS):\n"
    "    ExternalTaskSensor(task_id=f'a{n}', external_dag_id=A or 'empty', external_task_id=A or 'empty')",
}
# The parameters of the DAG in a door, where it has more than a start.
OF_DOORS = {
    "parameters": "params=PARAMS",
    "templates": "user_defined_macros=MACROS, user_defined_filters=MACROS, template_searchpath=ATTACKS",
}
DAGS = "DAG(A or 'empty', start_date=START, schedule=A or None, doc_md=A, description=A, tags=[A], default_args={'owner': A})"
HEAD = """
import datetime
from airflow import DAG, Dataset
from airflow.models import BaseOperator, Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.sensors.filesystem import FileSensor
from airflow.utils.task_group import TaskGroup
START = datetime.datetime(2024, 1, 1)
"""


@dataclass
class Made:
    root: Path
    migration: Migration

    @functools.cached_property
    def workflows(self) -> tuple[Workflow, ...]:
        return self.migration.workflows()

    @functools.cached_property
    def findings(self) -> tuple[Finding, ...]:
        return self.migration.findings()

    @property
    def project(self) -> Path:
        return self.root / "project"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("hostile")
    source, root = folder / "dags", folder / "root"
    source.mkdir()
    texts = f"ATTACKS = {ascii(list(ATTACKS.values()))}\n"
    texts += "PARAMS = {A: 1 for A in ATTACKS} | {f'p{n}': A for n, A in enumerate(ATTACKS)}\n"
    texts += "def own(x):\n    return x\nMACROS = {A: own for A in ATTACKS} | {'own': own}\n"
    for number, (door, body) in enumerate(DOORS.items()):
        start = f"with DAG('door_{number}', start_date=START, {OF_DOORS.get(door, '')}):"
        (source / f"door_{number}.py").write_text(f"{HEAD}{texts}{start}\n{indent(body, '    ')}\n")
    for number, text in enumerate(ATTACKS.values()):
        body = f"A = {ascii(text)}\nwith {DAGS}:\n    BashOperator(task_id='a', bash_command='true')\n"
        body += f"with DAG('past_' + str({number}) + A, start_date=START, schedule='@daily', catchup=True):\n"
        body += "    BashOperator(task_id='a', bash_command='echo {{ ds }}')\n"
        body += f"with DAG('after_{number}', start_date=START, schedule=[Dataset('s3://x/' + A), Dataset(A or 'empty')]):\n"
        body += "    BashOperator(task_id='a', bash_command='true', outlets=[Dataset(A or 'empty')])\n"
        (source / f"dag_{number}.py").write_text(HEAD + body)
    plain = "with DAG('plain', start_date=START):\n    with TaskGroup('g'):\n        EmptyOperator(task_id='a')\n"
    (source / "plain.py").write_text(HEAD + plain)
    migration = Migration.create(root, source)
    migration.convert()
    return Made(root, migration)


def files(made: Made, pattern: str) -> Iterator[Path]:
    found = sorted(made.project.rglob(pattern))
    assert found != []
    yield from found


def test_every_file_lies_in_the_folder_and_differs_where_case_is_ignored(made: Made) -> None:
    assert sorted(path.name for path in made.root.parent.iterdir()) == ["dags", "root"]
    inside = [path.relative_to(made.root) for path in made.root.rglob("*") if path.relative_to(made.root).parts[0] != "legacy"]
    assert len(inside) > len(DOORS)
    assert [name for name, times in Counter(str(path).casefold() for path in inside).items() if times > 1] == []
    parts = {part for path in inside for part in path.parts}
    assert {part for part in parts if not re.fullmatch(r"[\w.%~-]{1,180}", part, re.ASCII) or part.endswith(".")} == set()
    devices = {"con", "prn", "aux", "nul"}
    assert {part for part in parts if part.partition(".")[0].lower() in devices} == set()


def test_python_holds_no_code_of_theirs(made: Made) -> None:
    for path in files(made, "*.py"):
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}  # a flow may be named so, and is called then
        futures = {target.id for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets if submits(target, node)}
        given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        assert "HARM_CODE" not in called - own, path
        assert "HARM_CODE" not in names - own - futures - given, path  # a parameter, or what a task of that id hands over, may be named so
        assert {char for char in text if char in "\x00\x0c\x85\u2028\u2029\u202e\u2066\x1b"} == set(), path
        compile(text, str(path), "exec")


def submits(target: ast.expr, node: ast.Assign) -> TypeGuard[ast.Name]:
    """Whether an assignment names the future of a task."""
    call = node.value
    method = call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""
    return isinstance(target, ast.Name) and method in ("submit", "map")


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_dag_is_read_or_told(attack: str, made: Made) -> None:
    file = f"dag_{list(ATTACKS).index(attack)}.py"
    read = {Path(workflow.origin.file).name for workflow in made.workflows}
    errors = {Path(finding.file or "").name for finding in made.findings if finding.severity != "note"}
    assert file in read | errors


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_read_or_told(door: str, made: Made) -> None:
    number = list(DOORS).index(door)
    read = {workflow.id: workflow for workflow in made.workflows}
    told = [finding.message for finding in made.findings if Path(finding.file or "").name == f"door_{number}.py"]
    assert f"door_{number}" in read, told


def test_yaml_holds_no_key_or_template_of_theirs(made: Made) -> None:
    text = (made.project / "prefect.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    assert "HARM_KEY" not in set(keys(document))
    assert [value for value in strings(document) if "{{" in value or "{%" in value] == []
    assert len(document["deployments"]) == len(made.workflows)


class Nobody:
    """A client of Prefect's that nobody may ask."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"Prefect asks its server: {name}")


def test_prefect_finds_nothing_to_fill_in(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each deployment through what `prefect deploy` does to it, with values for all names: every text comes back as it is.

    Prefect has no way to write `{{` as a text, so its braces are set apart: that is the one change to what the DAG file says.
    """
    monkeypatch.setenv("HARM_KEY", "HARM")
    resolving = Nobody()

    async def resolved(deployment: Any) -> Any:
        found = await resolve_block_document_references(deployment, client=resolving)  # type: ignore[arg-type]
        found = await resolve_variables(found, client=resolving)  # type: ignore[arg-type]
        return apply_values(found, {"HARM_KEY": "HARM", "prefect": {"variables": {"HARM_KEY": "HARM"}}}, remove_notset=False)

    document = yaml.safe_load((made.project / "prefect.yaml").read_text("utf-8"))
    before = [deployment["description"] for deployment in document["deployments"] if "description" in deployment]
    assert {text for text in ATTACKS.values() if text.startswith("{{")} == {
        text.replace("{ {", "{{").replace("} }", "}}") for text in before if text.startswith("{ {")
    }
    for deployment in document["deployments"]:
        assert asyncio.run(resolved(deployment)) == deployment
    assert asyncio.run(resolved({"x": "a {{ $HARM_KEY }}"})) == {"x": "a HARM"}  # it would have been filled in


def verdict() -> Verdict:
    """All attacks in every text of a verdict."""
    rows = [
        TaskVerdict(id=text, aspect=aspect, verdict=judged, legacy=text, pilot={text: [text]}, reason=text, scenario=text, decision=text)
        for text in ATTACKS.values()
        for aspect, judged in (("results", Judgement.DIFFERENT), ("states", Judgement.NOT_COMPARABLE), ("calls", Judgement.EXPLAINED))
    ]
    texts = tuple(ATTACKS.values())
    ran = tuple(ScenarioVerdict(name=text, kind="rehearsal", verdict=Judgement.DIFFERENT, reason=text) for text in texts)
    masked = tuple(Mask(id=text, path=(text,), kinds=(text,)) for text in texts)
    whole = "".join(texts)
    everything: dict[str, Any] = {"scenarios": ran, "masks": masked, "placeholders": texts, "unproven": texts, "edited": texts}
    return Verdict(workflow=whole, verdict="different", headline=whole, tasks=tuple(rows), fingerprint=whole, **everything)


def test_the_report_of_a_validation_holds_no_element_of_theirs(made: Made) -> None:
    plain = Verdict(workflow="x", verdict="different", headline="x")
    drawing = str(made.migration.svg("plain"))
    known = Elements(report_html(plain, svg=drawing)).found
    assert {"body", "img"} <= known
    workflows = [made.migration.workflow("door_0"), *made.workflows[:3]]
    for workflow in workflows:
        found = Elements(report_html(verdict(), workflow, drawing)).found
        more = {one for one in found - known if one.startswith(("script", "img", "iframe", "svg")) or re.search(r" on\w+|runs", one)}
        assert more == set(), workflow.id


def test_the_junit_report_holds_no_element_of_theirs() -> None:
    root = ElementTree.fromstring(to_junit(verdict()))
    assert {one.tag for one in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "skipped", "system-out"}
    names = {name for one in root.iter() for name in one.attrib}
    assert names == {"name", "tests", "failures", "skipped", "classname", "message", "type"}
    assert len(root.findall(".//testcase")) == 3 * len(ATTACKS) + 1


def test_toml_holds_no_key_of_theirs(made: Made) -> None:
    document = tomllib.loads((made.project / "pyproject.toml").read_text("utf-8"))
    assert "HARM_KEY" not in set(keys(document["tool"]["migration"].get("workflows", {}))) - {"HARM_KEY_TASK"}
    assert set(document) == {"project", "tool"}


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


class Elements(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        for name, value in attrs:
            self.found.add(f"{tag} {name}")
            if re.match(r"\s*(javascript|data|vbscript):", value or "", re.IGNORECASE) and tag != "img":
                self.found.add(f"{tag} {name} runs")


def test_drawings_hold_no_element_of_theirs(made: Made) -> None:
    known = Elements(str(made.migration.svg("plain"))).found
    assert "svg" in known
    for workflow in made.workflows:
        found = Elements(str(made.migration.svg(workflow.id))).found
        more = {one for one in found - known if "script" in one or re.search(r" on\w+|runs|foreignobject|iframe", one)}
        assert more == set(), workflow.id


def test_the_assessment_holds_no_element_of_theirs(made: Made) -> None:
    found = Elements(to_html(made.migration.assess())).found
    assert "body" in found or "table" in found
    assert {one for one in found if one.startswith(("script", "img", "iframe")) or re.search(r" on\w+|runs", one)} == set()


def test_the_guide_holds_no_html_of_theirs(made: Made) -> None:
    text = (made.project / "MIGRATION.md").read_text("utf-8")
    found = Elements(MarkdownIt("commonmark").enable("table").render(text)).found
    assert found - {"em", "strong"} == {
        "h1",
        "h2",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "p",
        "code",
        "pre",
        "code class",
    }


def test_a_shell_reads_the_names_in_commands_as_they_are(made: Made) -> None:
    """The command lines of the guide, each read by bash as one command whose words are shown."""
    text = (made.project / "MIGRATION.md").read_text("utf-8")
    lines = [line for block in re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) for line in block.splitlines()]
    commands = [line.strip() for line in lines if line.strip().startswith("prefect ")]
    shown = "prefect() { for word in \"$@\"; do printf '%s\\0' \"$word\"; done; printf '\\0'; }\n" + "\n".join(commands)
    done = subprocess.run(["bash", "-c", shown], capture_output=True, env={"LC_ALL": "C.UTF-8"})
    words = [one.split("\0") for one in done.stdout.decode().removesuffix("\0\0").split("\0\0")]
    assert (done.returncode, done.stderr.replace(b"bash: ", b"")) == (0, b"")
    assert len(words) == len(commands)
    pools = {one[-1] if "--" in one else one[2] for one in words if one[0] == "gcl"}
    limits = set(tomllib.loads((made.project / "pyproject.toml").read_text("utf-8"))["tool"]["migration"]["limits"].values())
    assert pools == limits
    assert [one for one in words if one[0] == "deployment"] != []
