"""Which line, which calls and which expression of the source each thing comes from."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from read_helpers import trace_text

from workbook_lib.sources.airflow._raw import RawFile

HEAD = """\
import functools
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task, task_group
from airflow.models.baseoperator import BaseOperator, chain
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup
"""


def read(source: str, files: dict[str, str] | None = None) -> RawFile:
    """The DAGs of a source below `HEAD`, whose first line counts as line 1."""
    raw, found = trace_text(HEAD + textwrap.dedent(source).strip("\n"), prelude=False, files=files)
    assert [finding.message for finding in found] == []
    assert raw is not None
    return raw


def place(file: str, line: int) -> str:
    """`3` for a line of the DAG file, `name.py:3` for one of another file."""
    name = Path(file).name
    return str(line - HEAD.count("\n")) if name == "dag_file.py" else f"{name}:{line}"


def source_of(raw: RawFile, task: str, argument: str) -> str:
    """`text @ line`, and `<- text @ line` for what a name stood for."""
    (found,) = [one for dag in raw.dags for node in dag.tasks if node.id == task for one in node.argument_sources if one.name == argument]
    shown = f"{found.text} @ {place(found.file, found.line)}"
    bound = found.bound_to
    return shown + (f" <- {bound.text} @ {place(bound.file, bound.line)}" if bound else "")


def stack_of(thing: Any) -> str:
    """The calls that made a thing, outermost first, and its own line."""
    frames = [
        f"{place(frame.file, frame.line)}" + ("" if frame.function == "<module>" else f" {frame.function}") for frame in thing.origin.stack
    ]
    assert place(thing.origin.file, thing.origin.line) == frames[-1].partition(" ")[0]
    return " > ".join(frames)


# what, source, files beside it, {task.argument: source}, {task: stack}
CASES: dict[str, tuple[str, dict[str, str], dict[str, str], dict[str, str]]] = {
    "a call": (
        """
        with DAG("d", start_date=datetime(2024, 1, 1)):
            BashOperator(
                task_id="a",
                bash_command="echo "
                "1",
            )
        """,
        {},
        {"a.task_id": '"a" @ 3', "a.bash_command": '"echo "\n        "1" @ 4'},
        {"a": "2"},
    ),
    "dag=": (
        """
        d = DAG("d")
        a = BashOperator(task_id="a", bash_command="echo", dag=d)
        """,
        {},
        {"a.dag": 'd @ 2 <- DAG("d") @ 1', "a.bash_command": '"echo" @ 2'},
        {"a": "2"},
    ),
    "a name, the last assignment before the use": (
        """
        with DAG("d"):
            cmd = "echo 1"
            BashOperator(task_id="a", bash_command=cmd)
            cmd = "echo 2"
            BashOperator(task_id="b", bash_command=cmd)
        """,
        {},
        {"a.bash_command": 'cmd @ 3 <- "echo 1" @ 2', "b.bash_command": 'cmd @ 5 <- "echo 2" @ 4'},
        {},
    ),
    "a name that may have been bound twice": (
        """
        with DAG("d"):
            cmd = "echo 1"
            if len(cmd) > 3:
                cmd = "echo 2"
            BashOperator(task_id="a", bash_command=cmd)
        """,
        {},
        {"a.bash_command": "cmd @ 5"},
        {},
    ),
    "loops and comprehensions": (
        """
        with DAG("d"):
            for name in ["a", "b"]:
                cmd = f"echo {name}"
                BashOperator(task_id=name, bash_command=cmd)
            made = [BashOperator(task_id=x, bash_command=f"echo {x}") for x in "xy"]
        """,
        {},
        {
            "b.task_id": "name @ 4",
            "b.bash_command": 'cmd @ 4 <- f"echo {name}" @ 3',
            "y.bash_command": 'f"echo {x}" @ 5',
            "y.task_id": "x @ 5",
        },
        {"b": "4", "y": "5"},
    ),
    "a factory": (
        """
        def make(name, command="true", **more):
            return BashOperator(task_id=name, bash_command=command, **more)

        with DAG("d"):
            make("a", "echo", retries=3)
            make("b")
        """,
        {},
        {
            "a.task_id": 'name @ 2 <- "a" @ 5',
            "a.bash_command": 'command @ 2 <- "echo" @ 5',
            "a.retries": "3 @ 5",
            "b.bash_command": 'command @ 2 <- "true" @ 1',
        },
        {"a": "5 > 2 make", "b": "6 > 2 make"},
    ),
    "a factory in a sibling module, called by another": (
        """
        from makers import step
        with DAG("d"):
            step("a", "echo")
        """,
        {
            "makers.py": """
                from airflow.operators.bash import BashOperator
                COMMON = {"retries": 4, "pool": "p"}
                def inner(name, **options):
                    return BashOperator(task_id=name, **options)
                def step(name, command):
                    options = dict(COMMON, bash_command=command)
                    options["retry_exponential_backoff"] = True
                    return inner(name, **options)
            """,
        },
        {
            "a.task_id": 'name @ makers.py:5 <- "a" @ 3',
            "a.bash_command": 'command @ makers.py:7 <- "echo" @ 3',
            "a.retries": "4 @ makers.py:3",
            "a.retry_exponential_backoff": "True @ makers.py:8",
        },
        {"a": "3 > makers.py:9 step > makers.py:5 inner"},
    ),
    "default_args, each value where it stands": (
        """
        BASE = {"owner": "me", "retries": 1}
        ARGS = {
            **BASE,
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
        }
        ARGS["pool"] = "p"
        ARGS.update(queue="q")
        with DAG("d", default_args=ARGS):
            EmptyOperator(task_id="a", retries=5)
            EmptyOperator(task_id="b")
            with TaskGroup("g", default_args={"retries": 7}):
                EmptyOperator(task_id="c", default_args=dict(pool="own"))
        """,
        {},
        {
            "a.retries": "5 @ 10",
            "b.retries": "2 @ 4",
            "b.owner": '"me" @ 1',
            "b.retry_delay": "timedelta(minutes=1) @ 5",
            "b.pool": '"p" @ 7',
            "b.queue": '"q" @ 8',
            "g.c.retries": "7 @ 12",
            "g.c.pool": '"own" @ 13',
        },
        {"g.c": "13"},
    ),
    "default_args of a sibling module, through a function": (
        """
        import settings
        from settings import defaults
        with DAG("d", default_args=settings.ARGS):
            EmptyOperator(task_id="a")
        with DAG("e", default_args=defaults("me")):
            EmptyOperator(task_id="b")
        """,
        {
            "settings.py": """
                ARGS = {"retries": 3}
                def defaults(owner):
                    return {"owner": owner, "retries": 6}
            """,
        },
        {"a.retries": "3 @ settings.py:2", "b.retries": "6 @ settings.py:4", "b.owner": 'owner @ settings.py:4 <- "me" @ 5'},
        {},
    ),
    "**kwargs built before": (
        """
        common = {"retries": 3}
        more = common | {"pool": "p"}
        with DAG("d"):
            EmptyOperator(task_id="a", **common)
            EmptyOperator(**{"task_id": "b", **more})
        """,
        {},
        {"a.retries": "3 @ 1", "b.task_id": '"b" @ 5', "b.pool": '"p" @ 2', "b.retries": "3 @ 1"},
        {},
    ),
    "functools.partial": (
        """
        make = functools.partial(BashOperator, retries=2, bash_command="echo")
        with DAG("d"):
            make(task_id="a")
        """,
        {},
        {"a.retries": "2 @ 1", "a.bash_command": '"echo" @ 1', "a.task_id": '"a" @ 3'},
        {"a": "3"},
    ),
    "an operator of the repository": (
        """
        class Say(BashOperator):
            def __init__(self, text, times=1, **kwargs):
                command = f"echo {text}"
                super().__init__(bash_command=command, retries=times, **kwargs)

        class Shout(Say):
            def __init__(self, *, text, **kwargs):
                super().__init__(text=text + "!", times=2, **kwargs)

        with DAG("d"):
            Say(text="hi", task_id="a", pool="p")
            Shout(task_id="b", text="ho", pool="q")
        """,
        {},
        {
            "a.task_id": '"a" @ 11',
            "a.pool": '"p" @ 11',
            "a.bash_command": 'command @ 4 <- f"echo {text}" @ 3',
            "a.retries": "times @ 4",
            "b.pool": '"q" @ 12',
            "b.retries": "times @ 4 <- 2 @ 8",
        },
        {"a": "11", "b": "12"},
    ),
    "an operator of the repository with code of its own": (
        """
        class Copy(BaseOperator):
            def __init__(self, source, *, target="t", **kwargs):
                super().__init__(**kwargs)
                self.source, self.target = source, target
            def execute(self, context): ...

        ARGS = {"target": "everywhere"}
        with DAG("d", default_args=ARGS):
            Copy(source="s", task_id="a")
        """,
        {},
        {"a.source": '"s" @ 9', "a.target": '"everywhere" @ 7', "a.task_id": '"a" @ 9'},
        {"a": "9"},
    ),
    "@task": (
        """
        @dag(schedule=None)
        def d():
            @task(retries=3)
            def extract(x, y=2): ...
            first = extract(1, y=5)
            extract.override(task_id="second", pool="p")(first)
        d()
        """,
        {},
        {
            "extract.x": "1 @ 5",
            "extract.y": "5 @ 5",
            "extract.retries": "3 @ 3",
            "extract.python_callable": "extract @ 3",
            "second.task_id": '"second" @ 6',
            "second.pool": '"p" @ 6',
            "second.retries": "3 @ 3",
            "second.x": "first @ 6 <- extract(1, y=5) @ 5",
        },
        {"extract": "7 > 5 d", "second": "7 > 6 d"},
    ),
    "partial and expand": (
        """
        with DAG("d"):
            BashOperator.partial(
                task_id="a", env={"A": "1"}
            ).expand(bash_command=["x", "y"])
            @task
            def f(a, b): ...
            f.partial(a=1).expand(b=[2, 3])
        """,
        {},
        {"a.env": '{"A": "1"} @ 3', "a.bash_command": '["x", "y"] @ 4', "f.a": "1 @ 7", "f.b": "[2, 3] @ 7"},
        {"a": "2", "f": "7"},
    ),
    "assigned later": (
        """
        with DAG("d"):
            a = BashOperator(task_id="a", bash_command="one")
            a.trigger_rule = "all_done"
            a.doc_md = __doc__
            b = BashOperator(task_id="b", bash_command="one")
            b.bash_command = "two"
            for name, value in {"pool": "p"}.items():
                setattr(b, name, value)
        """,
        {},
        {"a.trigger_rule": '"all_done" @ 3', "a.doc_md": "__doc__ @ 4", "b.bash_command": '"two" @ 6', "b.pool": "value @ 8"},
        {},
    ),
    "callbacks": (
        """
        def told(context): ...
        with DAG("d", default_args={"on_failure_callback": told}):
            EmptyOperator(task_id="a", on_success_callback=[told, lambda context: None])
        """,
        {},
        {"a.on_success_callback": "[told, lambda context: None] @ 3", "a.on_failure_callback": "told @ 2"},
        {},
    ),
    "a decorator around a factory": (
        """
        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper

        @logged
        def make(name, **more):
            return EmptyOperator(task_id=name, **more)

        with DAG("d"):
            make("a", retries=2)
        """,
        {},
        {"a.retries": "2 @ 12", "a.task_id": 'name @ 9 <- "a" @ 12'},
        {"a": "12 > 4 wrapper > 9 make"},
    ),
    "task groups": (
        """
        with DAG("d"):
            @task_group
            def g(n):
                EmptyOperator(task_id="a", retries=n)
            g(3)
        """,
        {},
        {"g.a.retries": "n @ 4 <- 3 @ 5"},
        {"g.a": "5 > 4 g"},
    ),
    "attributes and items": (
        """
        class Config:
            POOL = "p"
        CONFIG = {"a": {"cmd": "echo"}}
        with DAG("d"):
            BashOperator(task_id="a", bash_command=CONFIG["a"]["cmd"], pool=Config.POOL)
        """,
        {},
        {"a.bash_command": 'CONFIG["a"]["cmd"] @ 5', "a.pool": 'Config.POOL @ 5 <- "p" @ 2'},
        {},
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_each_argument_has_its_expression(what: str) -> None:
    source, files, arguments, stacks = CASES[what]
    raw = read(source, files)
    assert {key: source_of(raw, *key.rsplit(".", 1)) for key in arguments} == arguments
    tasks = {node.id: node for dag in raw.dags for node in dag.tasks}
    assert {name: stack_of(tasks[name]) for name in stacks} == stacks


def test_dags_groups_and_parameters() -> None:
    raw = read("""
        PARAMS, START = {"x": 1}, datetime(2024, 1, 1)
        with DAG("d", "what it does", schedule="@daily", start_date=datetime(2024, 1, 1), params=PARAMS) as d:
            d.doc_md = "text"
            with TaskGroup("g") as g:
                pass
        @dag(schedule=timedelta(days=1), start_date=START)
        def e(n=3):
            EmptyOperator(task_id="a")
        e()
    """)
    found = {dag.id: {one.name: f"{one.text} @ {place(one.file, one.line)}" for one in dag.argument_sources} for dag in raw.dags}
    assert found == {
        "d": {
            "dag_id": '"d" @ 2',
            "description": '"what it does" @ 2',
            "schedule": '"@daily" @ 2',
            "start_date": "datetime(2024, 1, 1) @ 2",
            "params": "PARAMS @ 2",
            "doc_md": '"text" @ 3',
        },
        "e": {"schedule": "timedelta(days=1) @ 6", "start_date": "START @ 6"},
    }
    parameters = [one.source for dag in raw.dags for one in dag.parameters]
    assert [f"{one.text} @ {place(one.file, one.line)}" for one in parameters if one is not None] == ["1 @ 1", "3 @ 7"]
    assert [stack_of(dag) for dag in raw.dags] == ["2", "9"]
    assert [stack_of(group) for dag in raw.dags for group in dag.groups] == ["4"]


def test_edges_know_their_line() -> None:
    raw = read("""
        with DAG("d"):
            a, b, c, e, f = [EmptyOperator(task_id=x) for x in "abcef"]
            (
                a
                >> b
                >> c
            )
            chain(c, e)
            e.set_downstream(f)
            @task
            def t(x): ...
            t(f.output)
    """)
    assert [f"{edge.source}>{edge.target} {edge.origin.line - HEAD.count(chr(10))}" for edge in raw.dags[0].edges if edge.origin] == [
        "a>b 5",
        "b>c 6",
        "c>e 8",
        "e>f 9",
        "f>t 12",
    ]


def test_code_without_source_has_no_expressions() -> None:
    raw = read("""
        with DAG("d") as d:
            a = BashOperator(task_id="a", bash_command="one")
            exec(compile("a.trigger_rule = 'all_done'; d.doc_md = 'x'", __file__.replace("dag_file", "made"), "exec"))
    """)
    task = raw.dags[0].tasks[0]
    assert (task.trigger_rule, raw.dags[0].doc) == ("all_done", "x")
    assert [one.name for one in task.argument_sources] == ["task_id", "bash_command"]
