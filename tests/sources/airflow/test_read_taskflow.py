"""TaskFlow, groups and mapping: ids, classes, arguments and edges as Airflow makes them."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

import pytest
from read_helpers import built, edges, ids, only, values

DECORATORS = {
    "@task": ("_PythonDecoratedOperator", "task"),
    "@task()": ("_PythonDecoratedOperator", "task"),
    "@task.python": ("_PythonDecoratedOperator", "task"),
    "@task.branch": ("_BranchPythonDecoratedOperator", "branch"),
    "@task.branch(retries=1)": ("_BranchPythonDecoratedOperator", "branch"),
    "@task.short_circuit()": ("_ShortCircuitDecoratedOperator", "short_circuit"),
    "@task.virtualenv(requirements=['x'])": ("_PythonVirtualenvDecoratedOperator", "virtualenv"),
    "@task.external_python(python='/x')": ("_PythonExternalDecoratedOperator", "external_python"),
    "@task.branch_virtualenv": ("_BranchPythonVirtualenvDecoratedOperator", "branch_virtualenv"),
    "@task.branch_external_python(python='/x')": ("_BranchExternalPythonDecoratedOperator", "branch_external_python"),
    "@task.sensor(poke_interval=3)": ("DecoratedSensorOperator", "sensor"),
    "@task.bash": ("_BashDecoratedOperator", "bash"),
    "@task.docker(image='x')": ("_DockerDecoratedOperator", "docker"),
    "@task.kubernetes(image='x')": ("_KubernetesDecoratedOperator", "kubernetes"),
}


@pytest.mark.parametrize("decorator", DECORATORS)
def test_decorators(decorator: str) -> None:
    dag = built(f"with DAG('d'):\n    {decorator}\n    def a(): ...\n    a()")
    assert (only(dag).operator, only(dag).decorator) == DECORATORS[decorator]
    assert only(dag).bases[-1] == "BaseOperator"


def test_arguments_and_edges() -> None:
    dag = built("""
        @task
        def a(): return 1
        @task(multiple_outputs=True)
        def b(x, *, y): return {"p": x}
        @task
        def c(p, q): ...
        with DAG("d"):
            out = b(a(), y=3)
            c(out["p"], [out["q"]])
    """)
    assert edges(dag) == "a>b b>c"
    task = only(dag, "b")
    texts = {one.name: one.text for one in task.argument_sources}
    assert texts == {"multiple_outputs": "True", "x": "a()", "y": "3", "python_callable": "b"}
    arguments = values(task)
    assert arguments["op_args"] == {"items": ({"task": "a"},)}
    assert arguments["op_kwargs"] == {"y": 3}
    assert arguments["multiple_outputs"] is True
    assert arguments["python_callable"]["name"] == "b"
    assert values(only(dag, "c"))["op_args"]["items"][0] == {"task": "b", "key": "p"}


def test_several_outputs_are_inferred_from_the_annotation() -> None:
    dag = built(
        "from typing import Dict\nwith DAG('d'):\n    @task\n    def a() -> Dict[str, int]: ...\n    @task\n    def b() -> int: ...\n    a(), b()"
    )
    assert (values(only(dag)).get("multiple_outputs"), values(only(dag, "b")).get("multiple_outputs")) == (True, None)


def test_repeated_calls_get_suffixes() -> None:
    assert ids(built("with DAG('d'):\n    @task\n    def a(): ...\n    a(); a(); a()")) == "a a__1 a__2"


def test_override() -> None:
    dag = built("with DAG('d'):\n    @task(retries=1)\n    def a(): ...\n    a.override(task_id='b', retries=5, trigger_rule='all_done')()")
    task = only(dag, "b")
    assert (task.retry.retries, task.trigger_rule) == (5, "all_done")


def test_dag_decorator_with_parameters() -> None:
    dag = built("""
        @dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False)
        def pipeline(name: str = "x"):
            "The doc."
            @task
            def a(n): ...
            a(name)
        pipeline()
    """)
    assert (dag.id, dag.doc, dag.schedule.cron, dag.catchup) == ("pipeline", "The doc.", "0 0 * * *", False)
    assert [(parameter.name, parameter.default.value) for parameter in dag.parameters] == [("name", "x")]
    assert values(only(dag))["op_args"]["items"] == ({"name": "name"},)


def test_expand() -> None:
    dag = built("""
        with DAG("d"):
            @task
            def numbers(): return [1]
            @task
            def a(x, y, z): ...
            a.partial(z=0).expand(x=numbers(), y=[1, 2])
    """)
    mapping = only(dag).mapping
    assert mapping is not None
    assert mapping.form == "product"
    assert [(name, expr.kind) for name, expr in mapping.over] == [("x", "task_output"), ("y", "constant")]
    assert values(only(dag))["op_kwargs"] == {"z": 0}
    assert edges(dag) == "numbers>a"


def test_expand_kwargs_and_derived_outputs() -> None:
    dag = built("""
        with DAG("d"):
            @task
            def one(): ...
            @task
            def two(): ...
            @task
            def a(x, y): ...
            a.expand_kwargs(one().zip(two()).map(lambda p: {"x": p[0]}))
    """)
    mapping = only(dag).mapping
    assert mapping is not None
    assert (mapping.form, mapping.over[0][0]) == ("records", "")
    over = mapping.over[0][1]
    assert (over.function, over.args[0].name.rpartition(".")[2]) == ("map", "<lambda>")
    assert (over.args[1].function, [part.task for part in over.args[1].args]) == ("zip", ["one", "two"])
    assert edges(dag) == "one>a two>a"


def test_classic_operators_expand() -> None:
    dag = built("with DAG('d'):\n    BashOperator.partial(task_id='a', retries=2).expand(bash_command=T('b').output.concat(T('c').output))")
    task = only(dag)
    assert (task.operator, task.retry.retries, edges(dag)) == ("BashOperator", 2, "b>a c>a")
    assert task.mapping is not None


def test_outputs_of_mapped_tasks_are_lists() -> None:
    dag = built("with DAG('d'):\n    @task\n    def a(x): ...\n    @task\n    def b(x): ...\n    b(a.expand(x=[1]))")
    assert values(only(dag, "b"))["op_args"]["items"] == ({"task": "a", "mapped": True},)


def test_groups() -> None:
    dag = built("""
        with DAG("d", default_args={"retries": 1}):
            with TaskGroup("outer", default_args={"retries": 2}, tooltip="doc"):
                T("a")
                with TaskGroup("inner", default_args={"pool": "p"}):
                    T("b")
                with TaskGroup("flat", prefix_group_id=False):
                    T("c")
            T("e")
    """)
    assert ids(dag) == "outer.a outer.inner.b c e"
    assert [(group.id, group.parent, group.doc) for group in dag.groups] == [
        ("outer", None, "doc"),
        ("outer.inner", "outer", None),
        ("outer.flat", "outer", None),
    ]
    assert [(task.group, task.retry.retries, task.pool) for task in dag.tasks] == [
        ("outer", 2, None),
        ("outer.inner", 2, "p"),
        ("outer.flat", 2, None),
        (None, 1, None),
    ]


def test_task_group_decorator() -> None:
    dag = built("""
        with DAG("d"):
            @task
            def a(x): return x
            @task_group
            def g(x):
                return a(a(x))
            g(1) >> T("b")
            g(2)
    """)
    assert ids(dag) == "g.a g.a__1 b g__1.a g__1.a__1"
    assert edges(dag) == "g.a>g.a__1 g.a__1>b g__1.a>g__1.a__1"


def test_mapped_group() -> None:
    dag = built("""
        with DAG("d"):
            @task
            def source(): ...
            @task
            def a(x): ...
            @task_group
            def g(x):
                a(x)
            g.expand(x=source())
    """)
    assert edges(dag) == "source>g.a"
    mapping = dag.groups[0].mapping
    assert mapping is not None
    assert mapping.over[0][1].model_dump(exclude_defaults=True) == {"task": "source"}
    assert values(only(dag, "g.a"))["op_args"]["items"] == ({"name": "x"},)


GROUPS = """
with DAG("d"):
    @task
    def a(x): return x
    @task
    def b(x): return x
    @task
    def src(): return [1, 2]
    @task
    def many(xs): ...
    @task_group
    def last(x): return b(a(x))
    @task_group
    def pair(x): return [a(x), b(x)]
    @task_group
    def named(x): return {"k": a(x), "l": b(x)}
    @task_group
    def nothing(x): a(x)
    @task_group
    def operator(x):
        a(x)
        return T("e")
    @task_group
    def outer(x): return last(x)
"""
# What is done with a group -> its edges; checked with the DagBag of Airflow 2.11.2.
RETURNED = {
    "many(last.expand(x=src()))": "last.a>last.b last.b>many src>last.a",
    "many(pair.expand(x=src()))": "pair.a>many pair.b>many src>pair.a src>pair.b",
    "many(named.expand(x=src()))": "named.a>many named.b>many src>named.a src>named.b",
    "many(outer.expand(x=src()))": "outer.last.a>outer.last.b outer.last.b>many src>outer.last.a",
    "many(last.partial().expand_kwargs([{'x': 1}]))": "last.a>last.b last.b>many",
    "many(a.expand(x=last.expand(x=src())))": "a>many last.a>last.b last.b>a src>last.a",
    "last.expand(x=src()) >> T('z')": "last.a>last.b last.b>z src>last.a",
    "nothing.expand(x=src()) >> T('z')": "nothing.a>z src>nothing.a",
    "operator.expand(x=src()) >> T('z')": "operator.e>z src>operator.a src>operator.e",
    "T('z') >> last.expand(x=src())": "last.a>last.b src>last.a z>last.b",
    "T('z') >> operator.expand(x=src())": "src>operator.a src>operator.e z>operator.e",
    "T('z') >> nothing.expand(x=src())": "src>nothing.a z>nothing.a",
}


@pytest.mark.parametrize("use", RETURNED)
def test_what_a_mapped_group_returns_stands_for_it(use: str) -> None:
    dag = built(f"{GROUPS}    {use}\n")
    assert edges(dag) == RETURNED[use]


def test_outputs_of_a_mapped_group_are_lists() -> None:
    dag = built(f"{GROUPS}    many(last.expand(x=src()))\n")
    assert values(only(dag, "many"))["op_args"]["items"] == ({"task": "last.b", "mapped": True},)


def test_setup_and_teardown_decorators() -> None:
    dag = built("""
        with DAG("d"):
            @setup
            def s(): ...
            @teardown(on_failure_fail_dagrun=True)
            def t(): ...
            @task
            def w(): ...
            s() >> w() >> t()
    """)
    facts = [(task.id, task.setup, task.teardown, task.teardown_fails_run, task.trigger_rule) for task in dag.tasks]
    assert facts == [
        ("s", True, False, False, "all_success"),
        ("w", False, False, False, "all_success"),
        ("t", False, True, True, "all_done_setup_success"),
    ]


def test_run_if() -> None:
    dag = built("with DAG('d'):\n    @task.run_if(lambda context: True)\n    @task\n    def a(): ...\n    a()")
    assert values(only(dag))["run_if"]["reason"] == "lambda"


def test_assets() -> None:
    dag = built(
        """
        from airflow.sdk import dag, task, Asset
        a, b = Asset("s3://a"), Asset("s3://b")
        @dag(schedule=a & b)
        def d():
            @task(outlets=[a])
            def x(): ...
            x()
        d()
        """,
        prelude=False,
    )
    assert (dag.schedule.kind, dag.schedule.assets, dag.schedule.text) == ("assets", ("s3://a", "s3://b"), "s3://a & s3://b")
    assert values(only(dag, "x"))["outlets"] == ["s3://a"]
    assert dag.catchup is False


def test_asset_decorator() -> None:
    dag = built("from airflow.sdk import asset\n@asset(schedule='@daily')\ndef numbers(): ...\n", prelude=False)
    assert (dag.id, ids(dag), dag.schedule.cron, values(only(dag, "numbers"))["outlets"]) == (
        "numbers",
        "numbers",
        "0 0 * * *",
        ["numbers"],
    )


def test_asset_decorator_with_its_own_arguments() -> None:
    dag = built(
        "from airflow.sdk import Asset, asset\n@asset(schedule=Asset('raw'), uri='s3://n')\ndef numbers(self, context, raw): ...\n",
        prelude=False,
    )
    task = only(dag, "numbers")
    assert (task.operator, values(task)["inlets"], values(task)["outlets"]) == ("_AssetMainOperator", ["raw"], ["s3://n"])
    assert (task.origin.line, dag.origin.line) == (2, 2)
