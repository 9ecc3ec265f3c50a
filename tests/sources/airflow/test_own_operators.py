"""Operator classes of the repository: a class and how it is used -> the function, and what its parameters are given."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

import pytest
from airflow_build import applied, brief

from workbook_lib.model.action import Opaque, PythonCall
from workbook_lib.model.workflow import Task
from workbook_lib.sources.airflow import read

HEAD = """\
import json
from datetime import datetime
from airflow import DAG
from airflow.exceptions import AirflowSkipException
from airflow.models import Variable
from airflow.models.baseoperator import BaseOperator
from airflow.operators.bash import BashOperator
from airflow.hooks.base import BaseHook
LIMIT = 3
def helper(x): return x
"""


def task_of(operator: str, use: str) -> tuple[Task, list[str]]:
    """The last task of a DAG that uses the class, and the messages of the findings."""
    source = HEAD + textwrap.dedent(operator) + f"\nwith DAG('d', start_date=datetime(2024, 1, 1), schedule=None) as dag:\n    {use}\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "dag_file.py")
        file.write_text(source)
        result = read([file])
    return result.workflows[0].tasks[-1], [finding.message for finding in result.findings]


PLAIN = """
    class SendReportOperator(BaseOperator):
        \"\"\"Documented.\"\"\"
        template_fields = ("path",)
        ui_color = "#fff"
        LEVELS = [1, 2]
        def __init__(self, path: str, size=LIMIT, *, mode="w", **kwargs):
            super().__init__(**kwargs)
            self.path, self.size = path, size
            self._mode: str = mode
        def execute(self, context) -> str:
            {body}
"""
CASES = {
    "attributes": (
        "return self.path * self.size",
        "SendReportOperator(task_id='a', path='{{ ds }}', size=2)",
        "def send_report(path: str, size, **context) -> str:\n    return path * size\n",
        {"path": "format_date(logical_date, '%Y-%m-%d')", "size": "2"},
    ),
    "defaults and constants": (
        "return self.size, self._mode, self.LEVELS",
        "SendReportOperator(task_id='a', path='p')",
        "def send_report(size, mode, LEVELS, **context) -> str:\n    return size, mode, LEVELS\n",
        {"size": "3", "mode": "'w'", "LEVELS": "[1, 2]"},
    ),
    "not a template field": (
        "return self._mode",
        "SendReportOperator(task_id='a', path='p', mode='{{ ds }}')",
        "def send_report(mode, **context) -> str:\n    return mode\n",
        {"mode": "'{{ ds }}'"},
    ),
    "a name that is taken": (
        "path = self.path; return path",
        "SendReportOperator(task_id='a', path='p')",
        "def send_report(path_: str, **context) -> str:\n    path = path_; return path\n",
        {"path_": "'p'"},
    ),
    "the context": (
        "return context['ti'].xcom_pull(task_ids='b'), self.task_id, context['ds']",
        "SendReportOperator(task_id='a', path='p')",
        "def send_report(**context) -> str:\n    return <None>, <task_id>, <format_date(logical_date, '%Y-%m-%d')>\n",
        {},
    ),
    "a skip": (
        "raise AirflowSkipException(self.path)",
        "SendReportOperator(task_id='a', path='p')",
        "def send_report(path: str, **context) -> str:\n    skip(path)\n",
        {"path": "'p'"},
    ),
    "the log": (
        "self.log.info('x %s', self.path)",
        "SendReportOperator(task_id='a', path='p')",
        "def send_report(path: str, **context) -> str:\n    import logging\n\n"
        "    log = logging.getLogger(__name__)\n    log.info('x %s', path)\n",
        {"path": "'p'"},
    ),
    "mapped": (
        "return self.path",
        "SendReportOperator.partial(task_id='a', size=1).expand(path=['x', 'y'])",
        "def send_report(path: str, **context) -> str:\n    return path\n",
        {"path": "element path"},
    ),
    "records": (
        "return self.path, self._mode",
        "SendReportOperator.partial(task_id='a').expand_kwargs([{'path': 'x', 'mode': 'r'}, {'path': 'y', 'mode': 'w'}])",
        "def send_report(path: str, mode, **context) -> str:\n    return path, mode\n",
        {"path": "element path", "mode": "element mode"},
    ),
    "default_args": (
        "return self._mode",
        "SendReportOperator(task_id='a', path='p', default_args={'mode': 'r'})",
        "def send_report(mode, **context) -> str:\n    return mode\n",
        {"mode": "'r'"},
    ),
    "set afterwards": (
        "return self.size",
        "a = SendReportOperator(task_id='a', path='p'); a.size = 9",
        "def send_report(size, **context) -> str:\n    return size\n",
        {"size": "9"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_class_that_keeps_its_arguments_becomes_a_function(name: str) -> None:
    body, use, function, bound = CASES[name]
    task, messages = task_of(PLAIN.format(body=body), use)
    assert isinstance(task.action, PythonCall)
    assert applied(task.action.function) == function
    assert {key: brief(found) for key, found in task.action.arguments} == bound
    assert messages == (["what is logged in `send_report` stays out of Prefect's log"] if name == "the log" else [])
    assert task.may_skip is (name == "a skip")


def test_the_result_is_what_the_method_returns() -> None:
    """The same values go through the class itself and through the function."""
    text = PLAIN.format(body="values = [self.path, *self.LEVELS]; return json.dumps(values), self.size")
    task, _ = task_of(text, "SendReportOperator(task_id='a', path='p', size=5)")
    assert isinstance(task.action, PythonCall)
    names: dict[str, object] = {"BaseOperator": type("BaseOperator", (), {}), "LIMIT": 3}
    exec("import json\n" + textwrap.dedent(text), names)
    operator = names["SendReportOperator"](path="p", size=5)  # type: ignore[operator]
    exec(task.action.function.source, names)
    given = {"path": "p", "size": 5, "LEVELS": [1, 2]}
    assert sorted(given) == sorted(name for name, _ in task.action.arguments)
    assert names["send_report"](**given) == operator.execute({})  # type: ignore[operator]


def test_an_attribute_that_bears_the_name_of_another_argument() -> None:
    text = """
    class Own(BaseOperator):
        def __init__(self, a, b, **kwargs):
            super().__init__(**kwargs)
            self.b = a
            self.c = b
        def execute(self, context):
            return self.b, self.c
    """
    task, _ = task_of(text, "Own(task_id='a', a=1, b=2)")
    assert isinstance(task.action, PythonCall)
    assert [(name, brief(found)) for name, found in task.action.arguments] == [("b", "1"), ("c", "2")]
    task, _ = task_of(text, "a = Own(task_id='a', a=1, b=2); a.c = 9")
    assert isinstance(task.action, PythonCall)
    assert [(name, brief(found)) for name, found in task.action.arguments] == [("b", "1"), ("c", "9")]


def test_hand_over_and_outputs_of_keys() -> None:
    task, _ = task_of(
        PLAIN.format(body="return {'a': 1}"), "SendReportOperator(task_id='a', path='p', do_xcom_push=False, multiple_outputs=True)"
    )
    assert isinstance(task.action, PythonCall)
    assert (task.action.returns, task.action.several_outputs) == ("none", True)


OUTPUT = "b = SendReportOperator(task_id='b', path='p'); SendReportOperator(task_id='a', path='p', size=b.output)"
USE = "SendReportOperator(task_id='a', path='p')"
REFUSED_BODIES = {
    "self.path = 1": (USE, "its `execute` changes `self.path`"),
    "return helper(self)": (USE, "its `execute` uses `self` as a whole"),
    "return self.other": (USE, "its `execute` uses `self.other`"),
    "return super().execute(context)": (USE, "its `execute` calls `super()`"),
    "yield 1": (USE, "its `execute` is a generator"),
    "return BaseHook('x').get()": (
        USE,
        "its `execute` cannot be carried over: `BaseHook('x').get()` calls Airflow's airflow.hooks.base.BaseHook",
    ),
    "return helper(context)": (USE, "its `execute` cannot be carried over: `context` uses the whole task context as a whole"),
    "return self.size": (OUTPUT, "its `size` is no template field, and is given the output of a task"),
    "return self.size + 1": (
        "SendReportOperator.partial(task_id='a', path='p').expand(size=['{{ ds }}'])",
        "its `size` is no template field, and is mapped over texts that look like templates",
    ),
}


@pytest.mark.parametrize("body", REFUSED_BODIES)
def test_a_method_that_does_more_stays_a_placeholder(body: str) -> None:
    use, reason = REFUSED_BODIES[body]
    task, messages = task_of(PLAIN.format(body=body), use)
    assert task.action == Opaque(family="other", missing=f"SendReportOperator defines `execute` itself, and {reason}")
    assert f"the task 'a' becomes a placeholder: {task.action.missing}" in messages


INIT = "def __init__(self, a, **kwargs):\n            super().__init__(**kwargs)\n            self.a = a"
CALL = "def execute(self, context): return self.a"
REFUSED_CLASSES = {
    "class Own(BashOperator):\n        def execute(self, context): return 1": "it derives from BashOperator",
    f"class Own(BaseOperator):\n        {INIT}.strip()\n        {CALL}": (
        "its `__init__` does more than keep arguments: `self.a = a.strip()`"
    ),
    f"class Own(BaseOperator):\n        {INIT}\n        {CALL}\n        def more(self): ...": ("it has a method `more` beside `execute`"),
    f"class Own(BaseOperator):\n        {INIT}\n        async def execute(self, context): return 1": (
        "its `execute` is decorated, or a coroutine function"
    ),
    f"class Own(BaseOperator):\n        template_fields = sorted(['a'])\n        {INIT}\n        {CALL}": (
        "its `template_fields` is computed"
    ),
}


@pytest.mark.parametrize("text", REFUSED_CLASSES)
def test_a_class_that_does_more_stays_a_placeholder(text: str) -> None:
    bash = "bash_command='x'" if "Bash" in text else "a='x'"
    task, _ = task_of("    " + text, f"Own(task_id='a', {bash})")
    assert isinstance(task.action, Opaque)
    assert task.action.missing == f"Own defines `execute` itself, and {REFUSED_CLASSES[text]}"


def test_a_class_of_a_sibling_module_and_a_method_put_in_later() -> None:
    own = "class Own(BaseOperator):\n    def execute(self, context): return 1\n"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ops.py").write_text("from airflow.models import BaseOperator\n" + own)
        file = Path(folder, "dag_file.py")
        file.write_text(HEAD + "from ops import Own\n" + "with DAG('d', schedule=None):\n    Own(task_id='a')\n")
        first = read([file]).workflows[0].tasks[0].action
        patched = "Own.execute = lambda self, context: 2\nwith DAG('d', schedule=None):\n    Own(task_id='a')\n"
        file.write_text(HEAD + "from ops import Own\n" + patched)
        second = read([file]).workflows[0].tasks[0].action
    assert isinstance(first, PythonCall)
    assert first.function.name == "own"
    assert isinstance(second, Opaque)
