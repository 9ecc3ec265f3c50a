"""Callables that cannot be carried over: each becomes a placeholder, and a finding says what it is and why."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

import pytest

from workbook_lib.findings import Finding
from workbook_lib.model.action import PythonCall
from workbook_lib.model.function import Function
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

HEAD = """
import functools, operator, random
from datetime import datetime
from airflow import DAG
from airflow.operators.python import PythonOperator
import missing_package
from missing_package.inner import gone


class Counter:
    total = 0
    def __init__(self, start):
        self.start = start
        self.hook = missing_package.Hook()
    def count(self, n):
        self.total += n
        return self.total
    def whole(self):
        return repr(self)
    def hooked(self):
        return self.hook.run()


def not_named(function):
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner


def calls_back(function):
    def inner():
        return function()
    return inner


def total():
    global number
    number = 1


async def waits():
    return 1


"""
DAG = """
with DAG("d", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    {use}
"""

# what is called, with its arguments -> why it is not carried over
REFUSED = {
    "gone": "`missing_package.inner.gone` is no function whose source could be read",
    "missing_package.do": "`missing_package.do` is no function whose source could be read",
    "functools.partial(gone, 1)": "`functools.partial(missing_package.inner.gone, 1)` is no function whose source could be read",
    "dict": "`builtins.dict` has no source, and Python does not tell its parameters, which Airflow asks for",
    "operator.itemgetter(1)": "`operator.itemgetter(1)` is no function whose source could be read",
    "'a'.upper": "`str.upper` has no source that could be read: not of this repository",
    "Counter": "no function `Counter` begins at line 10 of dag.py",
    "Counter(1).count, op_args=[1]": "the method `Counter.count` changes `self.total`, which other tasks do not see",
    "Counter(1).whole": "the method `Counter.whole` uses `self` as a whole",
    "Counter(1).hooked": "the method `Counter.hooked` uses `self.hook`, which is no plain data",
    "calls_back(total)": "it uses `function`, an argument of the function `calls_back` around it",
    "total": "it changes `number` of its module, which tasks in other processes do not see",
    "waits": "it is a coroutine function, which Airflow awaits from 3.2 on",
    "max": "`builtins.max` has no source, and Python does not tell its parameters, which Airflow asks for",
    "random.Random(1).shuffle": ("`random.Random.shuffle` has no source, and Python does not tell its parameters, which Airflow asks for"),
    "datetime.now": "`datetime.now` has no source, and Python does not tell its parameters, which Airflow asks for",
    "datetime(2024, 1, 1).isoformat": "`datetime.isoformat` has no source, and Python does not tell its parameters, which Airflow asks for",
}


def called(use: str, version: str = "2.11") -> tuple[Workflow, Function, list[Finding]]:
    """The workflow, the function of its one task, and the findings."""
    source = textwrap.dedent(HEAD) + DAG.format(use=f"PythonOperator(task_id='t', python_callable={use})")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "dag.py").write_text(source)
        result = read([Path(folder, "dag.py")], ReadOptions(version=version))
    action = result.workflows[0].tasks[0].action
    assert isinstance(action, PythonCall)
    return result.workflows[0], action.function, list(result.findings)


@pytest.mark.parametrize(("use", "reason"), REFUSED.items(), ids=list(REFUSED))
def test_a_callable_that_cannot_be_carried_over(use: str, reason: str) -> None:
    workflow, function, findings = called(use)
    assert function.blockers[:1] == (reason,)
    blocked = [finding for finding in findings if finding.code == "airflow.function_blocked"]
    assert blocked[0].message == f"the function of the task 't' cannot be carried over: {reason}"
    project = write([workflow])
    assert project.flows["d"].tasks["t"].status == "placeholder"
    compile(project.files["flows/d.py"], "d.py", "exec")


# what is called -> the text of the function that it becomes, and what its parameters are bound to
KEPT = {
    "operator.add, op_args=[1, 2]": ("def add(a, b):\n    import _operator\n\n    return _operator.add(a, b)\n", {"a": 1, "b": 2}),
    "lambda: 1": ("def t():\n    return 1\n", {}),
    "functools.partial(lambda a, b: a + b, 1), op_args=[2]": ("def t(a, b):\n    return a + b\n", {"a": 1, "b": 2}),
    "sorted, op_args=[[2, 1]]": ("def sorted(iterable):\n    return sorted(iterable)\n", {"iterable": [2, 1]}),
    "print, op_args=['a', 'b'], op_kwargs={'sep': '-'}": ("def print(*values):\n    print(*values)\n", None),
}


@pytest.mark.parametrize(("use", "becomes"), KEPT.items(), ids=list(KEPT))
def test_a_callable_that_is_carried_over(use: str, becomes: tuple[str, dict[str, object] | None]) -> None:
    workflow, function, _ = called(use)
    action = workflow.tasks[0].action
    assert isinstance(action, PythonCall)
    text, bound = becomes
    if bound is None:
        assert function.blockers == ("it is given the argument `sep`, which it does not take",)
        return
    assert (function.source, function.blockers) == (text, ())
    assert {name: getattr(value, "value", None) for name, value in action.arguments} == bound


def test_a_coroutine_function_is_awaited_from_3_on() -> None:
    workflow, function, _ = called("waits", version="3.3")
    assert (function.is_async, function.blockers) == (True, ())
    assert write([workflow]).flows["d"].tasks["t"].status == "converted"
