"""Attributes assigned after a DAG, a task or a group was made: taken as Airflow takes them, or told, never a failure of the reader."""

from __future__ import annotations

import pytest
from read_helpers import built, trace_text

VALUES = ("None", "{}", "[]", "'x'", "object()", "1", "{'a': 1}", "[None]", "lambda: 1")
# Where the attribute is, and what is probed for its names.
TARGETS = ("dag", "dag.group", "dag.first", "dag.mapped")
MAKE = """
PARTS = {}
def make(name):
    with DAG(name, schedule="@daily", start_date=datetime(2024, 1, 1), params={"a": 1}) as dag:
        with TaskGroup("g") as group:
            first = BashOperator(task_id="a", bash_command="x")
        mapped = BashOperator.partial(task_id="m").expand(bash_command=["a"])
        first >> mapped
    PARTS[name] = {"dag": dag, "dag.group": group, "dag.first": first, "dag.mapped": mapped}
    return dag
"""


@pytest.mark.parametrize("target", TARGETS)
def test_no_assignment_makes_the_reader_fail(target: str) -> None:
    source = (
        MAKE
        + f"""
make("probe")
probe = PARTS["probe"][{target!r}]
names = sorted({{*vars(probe), *dir(type(probe)), "retries", "pool", "doc_md"}})
VALUES = [{", ".join(VALUES)}]
tried = 0
for name in names:
    for n, value in enumerate(VALUES):
        if name.startswith("_"):
            continue
        globals()[f"{{name}}_{{n}}"] = make(f"{{name}}_{{n}}")
        try:
            setattr(PARTS[f"{{name}}_{{n}}"][{target!r}], name, value)
        except Exception:
            del globals()[f"{{name}}_{{n}}"]
        tried += 1
with DAG("last", description=str(tried)):
    pass
"""
    )
    raw, findings = trace_text(source)
    assert [finding for finding in findings if finding.code.startswith("tracing.")] == []
    assert raw is not None
    last = next(dag for dag in raw.dags if dag.id == "last")
    assert int(last.description or 0) > 200
    assert {finding.line for finding in findings if finding.code == "airflow.dag_not_assembled"} == {35}


def test_params_may_be_a_plain_dict() -> None:
    dag = built("with DAG('d') as d:\n    T('a')\nd.params = {'x': 3, 'y': [1]}\n")
    assert [(one.name, one.default.model_dump()["value"] if one.name == "x" else None) for one in dag.parameters] == [("x", 3), ("y", None)]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ("d.params = 'x'", "airflow.refused", "`params` of the DAG 'd' is set to str"),
        ("d.tags = 1", "airflow.refused", "`tags` of the DAG 'd' is set to int"),
        ("d.dag_id = None", "airflow.refused", "`dag_id` of the DAG 'd' is set to NoneType"),
        ("d.task_group.children = None", "airflow.dag_not_assembled", "after it was made: `d.task_group.children` (dag_file.py:15)"),
    ],
)  # fmt: skip
def test_what_no_dag_holds_is_told_with_its_line(change: str, code: str, text: str) -> None:
    _, findings = trace_text(f"with DAG('d') as d:\n    T('a')\n{change}\n")
    told = [(finding.code, finding.line, text in finding.message) for finding in findings]
    assert told == [(code, 15, True)], findings
