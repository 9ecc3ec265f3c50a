"""How the order of tasks is written, and the edges that Airflow makes of it."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

import pytest
from read_helpers import built, edges, ids

CASES = {
    "arrows": ("T('a') >> T('b') >> T('c')", "a>b b>c"),
    "backwards": ("T('a') << T('b') << T('c')", "b>a c>b"),
    "list after": ("T('a') >> [T('b'), T('c')] >> T('d')", "a>b a>c b>d c>d"),
    "list before": ("[T('a'), T('b')] >> T('c')", "a>c b>c"),
    "list backwards": ("[T('a'), T('b')] << T('c')", "c>a c>b"),
    "set_downstream": ("T('a').set_downstream([T('b'), T('c')])", "a>b a>c"),
    "set_upstream": ("T('a').set_upstream(T('b'))", "b>a"),
    "chain": ("chain(T('a'), [T('b'), T('c')], [T('d'), T('e')], T('f'))", "a>b a>c b>d c>e d>f e>f"),
    "chain_linear": ("chain_linear(T('a'), [T('b'), T('c')], [T('d'), T('e')])", "a>b a>c b>d b>e c>d c>e"),
    "cross_downstream": ("cross_downstream([T('a'), T('b')], [T('c'), T('d')])", "a>c a>d b>c b>d"),
    "label": ("T('a') >> Label('yes') >> T('b')", "a>b[yes]"),
    "label backwards": ("T('a') << Label('yes') << T('b')", "b>a[yes]"),
    "label to a list": ("T('a') >> Label('x') >> [T('b'), T('c')]", "a>b[x] a>c[x]"),
    "label from a list": ("[T('a'), T('b')] >> Label('x') >> T('c')", "a>c[x] b>c[x]"),
    "label in chain": ("chain(T('a'), Label('x'), T('b'))", "a>b[x]"),
    "loop": ("last = T('t0')\nfor i in range(1, 4):\n    now = T(f't{i}')\n    last >> now\n    last = now", "t0>t1 t1>t2 t2>t3"),
    "comprehension": ("T('a') >> [T(f'b{i}') for i in range(2)]", "a>b0 a>b1"),
    "twice is once": ("a, b = T('a'), T('b')\na >> b\na >> b", "a>b"),
    "group before": ("with TaskGroup('g') as g:\n    T('x') >> T('y')\n    T('z')\ng >> T('a')", "g.x>g.y g.y>a g.z>a"),
    "group after": ("with TaskGroup('g') as g:\n    T('x') >> T('y')\n    T('z')\nT('a') >> g", "a>g.x a>g.z g.x>g.y"),
    "group to group": ("with TaskGroup('g') as g:\n    T('x')\nwith TaskGroup('h') as h:\n    T('y')\ng >> h", "g.x>h.y"),
    "label into a group": ("with TaskGroup('g') as g:\n    T('x')\n    T('y')\nT('a') >> Label('go') >> g", "a>g.x[go] a>g.y[go]"),
    "group in a list": ("with TaskGroup('g') as g:\n    T('x')\nT('a') >> [g, T('b')]", "a>b a>g.x"),
    "output as argument": ("PythonOperator(task_id='b', python_callable=print, op_args=[T('a').output])", "a>b"),
    "output deep inside": ("PythonOperator(task_id='b', python_callable=print, op_kwargs={'x': [{'y': T('a').output['k']}]})", "a>b"),
    "output in a template field": ("BashOperator(task_id='b', bash_command=T('a').output)", "a>b"),
    "output in a field of the base": (
        "class Op(BashOperator):\n    template_fields = ('x', *BashOperator.template_fields)\n"
        "Op(task_id='b', bash_command=T('a').output)",
        "a>b",
    ),
    "output set later": ("b = BashOperator(task_id='b', bash_command='x')\nb.bash_command = T('a').output", "a>b"),
    "output in a text makes no edge": ("BashOperator(task_id='b', bash_command=f\"echo {T('a').output}\")", ""),
    "setup and teardown": ("s, w, t = T('s'), T('w'), T('t')\ns >> w >> t.as_teardown(setups=s)", "s>t s>w w>t"),
    "with teardown": ("s, t = T('s'), T('t')\nwith t.as_teardown(setups=s):\n    T('w') >> T('v')", "s>t s>w v>t w>v"),
    "nested with": (
        "s, t = T('s'), T('t')\np, q = T('p'), T('q')\nwith t.as_teardown(setups=s):\n    with q.as_teardown(setups=p):\n        T('w')",
        "p>q p>w q>t s>p s>t w>q",
    ),
    "teardown at the end of a group": ("with TaskGroup('g') as g:\n    s, w, t = T('s'), T('w'), T('t')\n    s >> w >> t.as_teardown(setups=s)\ng >> T('a')",
                                       "g.s>g.t g.s>g.w g.w>a g.w>g.t"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_order(name: str) -> None:
    source, expected = CASES[name]
    body = "\n".join("    " + line for line in source.splitlines())
    assert edges(built(f"with DAG('d', schedule=None):\n{body}")) == expected


@pytest.mark.parametrize("name", CASES)
def test_order_is_the_same_for_airflow_3(name: str) -> None:
    source, expected = CASES[name]
    body = "\n".join("    " + line for line in source.splitlines())
    assert edges(built(f"with DAG('d', schedule=None):\n{body}", version="3")) == expected


def test_relations_without_a_dag_join_the_other_task() -> None:
    dag = built("a, b = T('a'), T('b')\nwith DAG('d'):\n    c = T('c')\nc >> a >> b")
    assert (sorted(ids(dag).split()), edges(dag)) == (["a", "b", "c"], "a>b c>a")


def test_unequal_lists_in_chain_are_an_error() -> None:
    from read_helpers import trace_text

    _, found = trace_text("with DAG('d'):\n    chain([T('a')], [T('b'), T('c')])")
    assert [finding.code for finding in found] == ["tracing.raised"]
    assert found[0].line == 14
