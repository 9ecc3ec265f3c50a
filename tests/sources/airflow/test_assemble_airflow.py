"""Whole DAGs: raw data -> workflow and findings."""

from __future__ import annotations

from typing import Any

import pytest
from airflow_build import FILE, applied, brief, python_task, raw_task, read

from workbook_lib.findings import Severity
from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.function import ArgumentSource, Origin, SourceText
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, Group, Mapping, RetryPolicy, RunParameter, Workflow
from workbook_lib.sources.airflow._raw import RawDag, RawFile
from workbook_lib.sources.airflow.assemble import assemble


def test_the_daily_sales_dag() -> None:
    source = """REGIONS = {"north": 700, "south": 500}


def extract(region, ds):
    return {"region": region, "day": ds, "amount": REGIONS[region]}


def total(ti):
    rows = ti.xcom_pull(task_ids=[f"extract_{r}" for r in REGIONS])
    return sum(row["amount"] for row in rows)


def choose(ti):
    return "publish" if ti.xcom_pull(task_ids="total") >= 1000 else "hold"
"""
    workflow, findings = read(
        source,
        python_task(source, "extract", "extract_north", op_args=["north"]),
        python_task(source, "extract", "extract_south", op_args=["south"]),
        python_task(source, "total", "total"),
        python_task(source, "choose", "choose", "BranchPythonOperator"),
        raw_task("publish", "BashOperator", bash_command="echo {{ ti.xcom_pull(task_ids='total') }} for {{ ds }}"),
        raw_task("hold", "BashOperator", bash_command="echo holding {{ ds }}"),
        raw_task("notify", "BashOperator", bash_command="echo", trigger_rule="none_failed_min_one_success"),
        edges=(
            ("extract_north", "total"),
            ("extract_south", "total"),
            ("total", "choose"),
            ("choose", "publish"),
            ("choose", "hold"),
            ("publish", "notify"),
            ("hold", "notify"),
        ),
    )
    assert findings == []
    total = workflow.task("total").action
    assert isinstance(total, PythonCall)
    # both extracts surely give a value, so the list has no gaps
    assert applied(total.function).splitlines()[1] == "    rows = <[extract_north, extract_south]>"
    assert total.function.uses == ()
    extract = workflow.task("extract_south").action
    assert isinstance(extract, PythonCall)
    assert extract.function.uses == ("REGIONS",)
    assert [d.source for d in workflow.definitions] == ['REGIONS = {"north": 700, "south": 500}\n']
    publish = workflow.task("publish").action
    assert isinstance(publish, Shell)
    assert brief(publish.command) == "f('echo ' + total + ' for ' + format_date(logical_date, '%Y-%m-%d'))"
    assert [(e.target, e.choice) for e in workflow.edges if e.choice is not None] == [("publish", ("publish",)), ("hold", ("hold",))]
    assert workflow.task("choose").steers == "branch"
    assert workflow.task("notify").join_rule is JoinRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert Workflow.from_json(workflow.to_json()) == workflow


def branching(*edges: tuple[str, str], groups: dict[str, str] | None = None) -> dict[str, tuple[str, ...] | None]:
    """The choices behind a branch `b`, by target."""
    source = "def choose():\n    return 'x'\n"
    groups = groups or {}
    names = dict.fromkeys(name for edge in edges for name in edge if name != "b")
    tasks = [python_task(source, "choose", "b", "BranchPythonOperator")]
    tasks += [raw_task(name, group=groups.get(name)) for name in names]
    made = tuple(Group(id=name, parent=name.rpartition(".")[0] or None) for name in dict.fromkeys(groups.values()))
    workflow, _ = read(source, *tasks, edges=edges, groups=made)
    return {edge.target: edge.choice for edge in workflow.edges if edge.source == "b"}


def test_choices() -> None:
    assert branching(("b", "x"), ("b", "y")) == {"x": ("x",), "y": ("y",)}
    # a join that is also directly behind the branch goes on with either arm
    assert branching(("b", "x"), ("b", "join"), ("x", "m"), ("m", "join")) == {"x": ("x",), "join": ("x", "join")}
    # a group may be named instead of what it begins with
    assert branching(("b", "g.x"), ("b", "y"), groups={"g.x": "g"}) == {"g.x": ("g.x", "g"), "y": ("y",)}


def test_lists_with_gaps_stay_lists_with_gaps() -> None:
    source = "def maybe():\n    if X:\n        return 1\n\n\nX = 1\n\n\ndef f(ti):\n    return ti.xcom_pull(task_ids=['a', 's'])\n"
    workflow, _ = read(
        source,
        python_task(source, "maybe", "a"),
        raw_task("s", "BashOperator", bash_command="date"),
        python_task(source, "f", "f"),
        edges=(("a", "f"), ("s", "f")),
    )
    action = workflow.task("f").action
    assert isinstance(action, PythonCall)
    assert applied(action.function).splitlines()[1] == "    return <present([a, s])>"


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ({}, "[a, s]"),
        ({"m": "none_failed"}, "present([a, s])"),  # `m` may run although `a` was skipped
        ({"f": "all_done"}, "present([a, s])"),
        ({"s": "one_success"}, "[a, s]"),  # however it came to run, it has succeeded
    ],
)
def test_a_list_has_no_gaps_behind_rules_that_ask_for_success(rules: dict[str, str], shown: str) -> None:
    source = "def f(ti):\n    return ti.xcom_pull(task_ids=['a', 's'])\n"
    names = {"a": "BashOperator", "s": "BashOperator", "m": "EmptyOperator"}
    tasks = [raw_task(name, operator, bash_command="date", trigger_rule=rules.get(name, "all_success")) for name, operator in names.items()]
    tasks.append(python_task(source, "f", "f", trigger_rule=rules.get("f", "all_success")))
    workflow, _ = read(source, *tasks, edges=(("a", "s"), ("a", "m"), ("s", "m"), ("m", "f")))
    action = workflow.task("f").action
    assert isinstance(action, PythonCall)
    assert applied(action.function).splitlines()[1] == f"    return <{shown}>"


def test_outputs_of_mapped_tasks_are_lists_outside_of_their_group() -> None:
    source = "def one(x):\n    return x\n\n\ndef two(a, b):\n    return a, b\n"
    mapping = Mapping(over=(("x", x.Constant(value=[1, 2])),))
    group = Group(id="g", mapping=Mapping(over=(("n", x.Constant(value=[1])),)))
    first = python_task(source, "one", "many", mapping=mapping, decorator="task")
    inside = python_task(source, "one", "g.in", group="g", op_args=(1,))
    both = {"op_kwargs": {"a": x.TaskOutput(task="g.in"), "b": x.TaskOutput(task="many")}}
    next_inside = python_task(source, "two", "g.next", group="g", **both)
    outside = python_task(source, "two", "out", **both)
    workflow, _ = read(source, first, inside, next_inside, outside, groups=(group,))
    shown = {task.id: [brief(found) for _, found in task.action.arguments] for task in workflow.tasks[2:]}  # type: ignore[union-attr]
    assert shown == {"g.next": ["g.in", "many[*]"], "out": ["g.in[*]", "many[*]"]}


def test_defaults_that_the_configuration_of_a_run_does_not_have_are_told() -> None:
    task = raw_task("t", "BashOperator", bash_command="echo {{ dag_run.conf['p'] }} {{ dag_run.conf.get('q') }} {{ params.r }}")
    _, findings = read("", task, params={"p": 1, "q": None, "r": 2})
    told = "`dag_run.conf` gives 'p' only when the run is given it; in the flow its default counts there too"
    assert [(f.code, f.message) for f in findings] == [("airflow.conf_default", told)]


def test_parameters_that_only_the_run_gives() -> None:
    task = raw_task("t", "BashOperator", bash_command="echo {{ dag_run.conf['must'] }} {{ dag_run.conf.get('may') }} {{ params.p }}")
    workflow, findings = read("", task, params={"p": 1})
    none = x.Constant(value=None)
    assert [(p.name, p.default) for p in workflow.parameters] == [("p", x.Constant(value=1)), ("must", none), ("may", none)]
    assert {(f.code, f.severity) for f in findings} == {("airflow.parameter_undeclared", Severity.NOTE)}
    action = workflow.tasks[0].action
    assert isinstance(action, Shell)
    assert brief(action.command) == "f('echo ' + required(param must, 'must') + ' ' + param may + ' ' + param p)"


def test_requirements() -> None:
    source = (
        "import os\nimport pandas as pd\nfrom airflow.models import Variable\n\n\n"
        "def f():\n    import numpy.linalg\n    return pd, os.environ['HOME_DIR'], os.getenv('B'), Variable.get('v')\n"
    )
    workflow, _ = read(
        source,
        python_task(source, "f", "f", pool="slow"),
        raw_task("k", "KubernetesPodOperator", kubernetes_conn_id="cluster"),
        raw_task("b", "BashOperator", bash_command="run.sh", env={"C": x.Environment(name="C")}),
        files={"dags/run.sh": "echo {{ conn.db.host }}"},
    )
    found = workflow.requirements
    assert (found.connections, found.variables, found.pools) == (("cluster", "db"), ("v",), ("slow",))
    assert (found.environment, found.packages, found.files) == (("B", "C", "HOME_DIR"), ("numpy", "pandas"), ("dags/run.sh",))


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("all_done", JoinRule.ALL_DONE),
        ("dummy", JoinRule.ALWAYS),
        ("none_failed_or_skipped", JoinRule.NONE_FAILED_MIN_ONE_SUCCESS),
        ("TriggerRule.ONE_FAILED", JoinRule.ONE_FAILED),
    ],
)
def test_trigger_rules(given: str, rule: JoinRule) -> None:
    workflow, findings = read("", raw_task(trigger_rule=given))
    assert (workflow.tasks[0].join_rule, findings) == (rule, [])


def test_an_unknown_trigger_rule_is_an_error() -> None:
    _, findings = read("", raw_task(trigger_rule="most_done"))
    assert [(f.code, f.severity, f.message) for f in findings] == [
        (
            "airflow.trigger_rule_unknown",
            Severity.ERROR,
            "the task 't' has the trigger rule 'most_done', which is not known; all_success is taken",
        )
    ]


def test_settings_without_an_equivalent_give_one_finding_each() -> None:
    workflow, findings = read("", raw_task(line=7, unsupported=("depends_on_past", "sla", "strange")))
    assert workflow.tasks[0].unsupported == ("depends_on_past", "sla", "strange")
    assert [(f.severity, f.message, f.line) for f in findings] == [
        (Severity.WARNING, "the task 't' waits for its own success in the previous run (`depends_on_past`), which has no equivalent", 7),
        (Severity.NOTE, "the task 't' reports when it is not done in time (`sla`), which has no equivalent", 7),
        (Severity.WARNING, "the task 't' is given `strange`, which no rule knows (`strange`), which has no equivalent", 7),
    ]
    assert all(f.advice for f in findings)


def test_everything_else_of_the_task_is_carried_over() -> None:
    fields: dict[str, Any] = {
        "retry": RetryPolicy(retries=2, delay_seconds=30),
        "timeout_seconds": 60.0,
        "pool": "p",
        "pool_slots": 2,
        "setup": True,
        "doc": "why",
        "argument_sources": (ArgumentSource(name="a", text="b", file="d.py", line=3, bound_to=SourceText(text="c", file="d.py", line=2)),),
    }
    workflow, _ = read("", raw_task(**fields))
    task = workflow.tasks[0]
    assert {name: getattr(task, name) for name in fields} == fields


def raw(*dags: RawDag) -> RawFile:
    return RawFile(file=FILE, airflow="2.11", dags=dags)


def test_a_dag_that_cannot_be_put_together_is_a_finding_and_the_others_go_on() -> None:
    origin = Origin(file=FILE, line=3)
    loop = RawDag(
        id="loop",
        origin=origin,
        tasks=(raw_task("a"), raw_task("b")),
        edges=(Edge(source="a", target="b"), Edge(source="b", target="a")),
    )
    twice = RawDag(id="twice", origin=origin, tasks=(raw_task("a"), raw_task("a")))
    good = RawDag(id="good", origin=origin, parameters=(RunParameter(name="p"),), tasks=(raw_task("a"),))
    workflows, findings = assemble(raw(loop, twice, good), texts={FILE: ""}.__getitem__)
    assert [workflow.id for workflow in workflows] == ["good"]
    assert [(f.workflow, f.line, f.message) for f in findings] == [
        ("loop", 3, "the tasks of the DAG 'loop' form a cycle: 'a' -> 'b' -> 'a'; Airflow does not import it"),
        ("twice", 3, "the DAG 'twice' cannot be put together: workflow 'twice' has two tasks with the id 'a'"),
    ]


def test_the_same_input_gives_the_same_bytes() -> None:
    source = "import os, json\nA = 1\nB = 2\n\n\ndef f(ti):\n    return os, json, A, B\n"
    texts = [read(source, python_task(source, "f"))[0].to_json() for _ in range(3)]
    assert len(set(texts)) == 1


def test_placeholders_name_what_they_need() -> None:
    task = raw_task("t", "PodOperator", cmds=["{{ var.value.image }}", "{{ conn.db.host }}"], other=x.Environment(name="E"))
    found = read("", task)[0].requirements
    assert (found.variables, found.connections, found.environment) == (("image",), ("db",), ("E",))


@pytest.mark.parametrize(
    "ids", ["[[[c for c in range(999)] for b in range(999)] for a in range(999)]", "range(10 ** 30)", "f'{1}' * 10 ** 9"]
)
def test_hostile_values_end_soon(ids: str) -> None:
    source = f"def f(ti):\n    return ti.xcom_pull(task_ids={ids})\n"
    _, findings = read(source, python_task(source, "f"))
    assert [found.code for found in findings] == ["airflow.function_blocked"]
