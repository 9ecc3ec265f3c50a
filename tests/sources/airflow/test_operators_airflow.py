"""Operators: a task's arguments -> its action, one example for every rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_build import brief, function_at, raw_task, read, value

from workbook_lib.model import expr as x
from workbook_lib.model.action import Nothing, Opaque, PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.workflow import Link, Mapping, Task
from workbook_lib.sources.airflow import operators
from workbook_lib.sources.airflow.operators._bash import may_exit_with
from workbook_lib.sources.airflow.operators._families import family

SOURCE = """\
from airflow.sensors.base import PokeReturnValue


def ready(ds):
    return ds > "2024"


def choose(ti):
    return "a"


def pair() -> PokeReturnValue:
    return PokeReturnValue(is_done=True, xcom_value=[1])


def summed(a, b):
    return {"sum": a + b}


def typed(a) -> dict[str, int]:
    return {"a": a}


def command(n: int) -> str:
    return f"echo {n} {{{{ ds_nodash }}}}"


def listing() -> str:
    import os
    return f"ls {os.sep}"
"""
DAY = x.Call(function="format_date", args=(x.Context(name="logical_date"), x.Constant(value="%Y%m%d")))


def built(operator: str = "", *, decorator: str = "", function: str = "", **given: Any) -> tuple[Task, list[str], tuple[Link, ...]]:
    """The task, the messages of its findings, and the links."""
    if function:
        given["python_callable"] = function_at(SOURCE, function)
    operator = operator or "_PythonDecoratedOperator"
    workflow, findings = read(SOURCE, raw_task("t", operator, decorator=decorator, **given), files={"dags/run.sh": "echo {{ ds_nodash }}"})
    messages = [found.message for found in findings if found.code != "airflow.branch_unknown"]  # it is the only task there is
    return workflow.tasks[0], messages, workflow.links


ACTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "BashOperator": ({"bash_command": "echo {{ ds_nodash }}\n"}, Shell(command=x.Format(parts=(x.Constant(value="echo "), DAY)))),
    "BashOperator of a script file": ({"bash_command": "run.sh"}, Shell(command=x.Format(parts=(x.Constant(value="echo "), DAY)))),
    "BashOperator in its surroundings": (
        {"bash_command": "date", "env": {"A": "{{ ds_nodash }}"}, "cwd": "/tmp", "skip_on_exit_code": [3, 4], "do_xcom_push": False},
        Shell(
            command=x.Constant(value="date"),
            environment=x.DictOf(items=((x.Constant(value="A"), DAY),)),
            inherit=False,
            directory=x.Constant(value="/tmp"),
            skip_on=(3, 4),
            returns="none",
        ),
    ),
    "BashOperator that adds to the environment": (
        {"bash_command": "date", "env": {"A": "b"}, "append_env": True, "skip_on_exit_code": None},
        Shell(command=x.Constant(value="date"), environment=x.Constant(value={"A": "b"}), skip_on=()),
    ),
    "EmptyOperator": ({}, Nothing()),
    "DummyOperator": ({}, Nothing()),
    "BashSensor": (
        {"bash_command": "test -f x", "poke_interval": 5, "timeout": timedelta(minutes=1), "soft_fail": True, "mode": "reschedule"},
        Wait(
            on="shell",
            check=Shell(command=x.Constant(value="test -f x"), skip_on=(), returns="none"),
            interval_seconds=5,
            timeout_seconds=60,
            soft=True,
            holds_slot=False,
        ),
    ),
    "FileSensor": ({"filepath": "/data/{{ ds_nodash }}.csv"}, None),
    "TimeDeltaSensor": ({"delta": timedelta(hours=1)}, Wait(on="duration", target=x.Constant(value=3600), timeout_seconds=604800)),
    "TimeDeltaSensorAsync": (
        {"delta": timedelta(hours=1)},
        Wait(on="duration", target=x.Constant(value=3600), tells=True, holds_slot=False),
    ),
    "TimeSensor": (
        {"target_time": x.Unknown(source="datetime.time(6, 30)", reason="a time of day")},
        Wait(on="clock", target=x.Constant(value="06:30:00"), timeout_seconds=604800),
    ),
    "DateTimeSensor": ({"target_time": "{{ ds_nodash }}"}, Wait(on="moment", target=DAY, timeout_seconds=604800)),
    "ExternalTaskSensor": (
        {"external_dag_id": "other", "external_task_id": "last"},
        Wait(on="workflow", workflow="other", tasks=("last",), timeout_seconds=604800),
    ),
    "ExternalTaskSensor of a group": (
        {
            "external_dag_id": "other",
            "external_task_group_id": "group",
            "execution_delta": timedelta(days=1),
            "allowed_states": ["success", "skipped"],
            "failed_states": ["failed"],
        },
        Wait(
            on="workflow",
            workflow="other",
            group="group",
            behind_seconds=86400,
            succeeds_on=("success", "skipped"),
            fails_on=("failed",),
            timeout_seconds=604800,
        ),
    ),
    "BashSensor with a status": (
        {"bash_command": "exit 7", "retry_exit_code": 7, "exponential_backoff": True, "max_wait": 90, "silent_fail": True},
        Wait(
            on="shell",
            check=Shell(command=x.Constant(value="exit 7"), skip_on=(), returns="none"),
            again_on=7,
            grows=True,
            longest_seconds=90,
            on_error="again",
            timeout_seconds=604800,
        ),
    ),
    "TriggerDagRunOperator": (
        {"trigger_dag_id": "other", "conf": {"day": "{{ ds_nodash }}"}, "wait_for_completion": True},
        StartWorkflow(workflow=x.Constant(value="other"), parameters=x.DictOf(items=((x.Constant(value="day"), DAY),)), wait=True),
    ),
}


def test_a_subdag_is_started_for_the_same_date_and_awaited() -> None:
    task, _, links = built("SubDagOperator", subdag=x.Unknown(source="DAG('d.t')"))
    child = links[0].target
    assert child.endswith(".t")
    assert links == (Link(kind="starts", target=child, task="t"),)
    assert task.action == StartWorkflow(
        workflow=x.Constant(value=child), logical_date=x.Context(name="logical_date"), wait=True, interval_seconds=5.0
    )
    task, messages, _ = built("SubDagOperator", propagate_skipped_state="any_leaf")
    assert isinstance(task.action, Opaque)
    assert "propagate_skipped_state" in messages[0]


@pytest.mark.parametrize(("operator", "case"), ACTIONS.items(), ids=list(ACTIONS))
def test_actions(operator: str, case: tuple[dict[str, Any], Any]) -> None:
    given, action = case
    if operator == "FileSensor":
        target = x.Format(parts=(x.Constant(value="/data/"), DAY, x.Constant(value=".csv")))
        action = Wait(on="file", target=target, timeout_seconds=604800)
    task, messages, _ = built(operator.split()[0], **given)
    assert task.action == action
    assert [message for message in messages if "base path" not in message] == []


PYTHON = {
    "PythonOperator": (
        "summed",
        {"op_args": ["{{ ds_nodash }}"], "op_kwargs": {"b": 2}},
        {"a": "format_date(logical_date, '%Y%m%d')", "b": "2"},
    ),
    "BranchPythonOperator": ("choose", {}, {}),
    "ShortCircuitOperator": ("ready", {}, {"ds": "format_date(logical_date, '%Y-%m-%d')"}),
    "PythonVirtualenvOperator": ("summed", {"op_args": [1, 2], "requirements": ["pandas==2", "x"]}, {"a": "1", "b": "2"}),
    "ExternalPythonOperator": ("summed", {"op_args": [1, 2], "python": "/usr/bin/python"}, {"a": "1", "b": "2"}),
    "BranchPythonVirtualenvOperator": ("choose", {}, {}),
    "BranchExternalPythonOperator": ("choose", {}, {}),
}
STEERS = {"BranchPythonOperator": "branch", "BranchPythonVirtualenvOperator": "branch", "BranchExternalPythonOperator": "branch"}
STEERS |= {"ShortCircuitOperator": "short_circuit"}


@pytest.mark.parametrize(("operator", "case"), PYTHON.items(), ids=list(PYTHON))
def test_python(operator: str, case: tuple[str, dict[str, Any], dict[str, str]]) -> None:
    function, given, bound = case
    task, messages, _ = built(operator, function=function, **given)
    action = task.action
    assert isinstance(action, PythonCall)
    assert ({name: brief(found) for name, found in action.arguments}, messages) == (bound, [])
    assert (task.steers, task.steers_rules) == (STEERS.get(operator, ""), False)
    isolation = "virtualenv" if "Virtualenv" in operator else "external" if "External" in operator else "none"
    assert action.isolation == isolation
    assert action.packages == (("pandas==2", "x") if "requirements" in given else ())


DECORATED = {
    "task": ("", "none"),
    "python": ("", "none"),
    "setup": ("", "none"),
    "teardown": ("", "none"),
    "virtualenv": ("", "virtualenv"),
    "external_python": ("", "external"),
    "branch": ("branch", "none"),
    "branch_virtualenv": ("branch", "virtualenv"),
    "branch_external_python": ("branch", "external"),
    "short_circuit": ("short_circuit", "none"),
}


@pytest.mark.parametrize(("decorator", "expected"), DECORATED.items(), ids=list(DECORATED))
def test_decorators(decorator: str, expected: tuple[str, str]) -> None:
    task, messages, _ = built(decorator=decorator, function="typed", op_args=(1,))
    assert isinstance(task.action, PythonCall)
    assert (task.steers, task.action.isolation, messages) == (*expected, [])
    assert task.action.several_outputs  # from `-> dict[str, int]`


def test_every_rule_has_an_example() -> None:
    covered = {name.split()[0] for name in ACTIONS} | set(PYTHON)
    elsewhere = {
        "PythonSensor",
        "DayOfWeekSensor",
        "BranchDayOfWeekOperator",
        "BranchDateTimeOperator",
        "LatestOnlyOperator",  # tests/operator_cases
        "HITLOperator",
        "HITLEntryOperator",
        "HITLBranchOperator",
        "ApprovalOperator",
        "TimeSensorAsync",
        "DateTimeSensorAsync",
        "SubDagOperator",
    }
    assert set(operators.OPERATORS) == covered | elsewhere
    assert set(operators.DECORATORS) == set(DECORATED) | {"sensor", "bash"}


def test_short_circuit_may_leave_the_rules_in_force() -> None:
    task, _, _ = built("ShortCircuitOperator", function="ready", ignore_downstream_trigger_rules=False)
    assert (task.steers, task.steers_rules) == ("short_circuit", True)


def test_results_that_are_not_handed_over() -> None:
    task, _, _ = built("PythonOperator", function="summed", op_args=[1, 2], do_xcom_push=False)
    assert isinstance(task.action, PythonCall)
    assert task.action.returns == "none"


def test_python_sensors() -> None:
    task, _, _ = built("PythonSensor", function="ready", mode="reschedule")
    assert isinstance(task.action, Wait)
    assert isinstance(task.action.check, PythonCall)
    assert (task.action.on, task.action.check.function.name, task.action.hands_over) == ("python", "ready", False)
    task, _, _ = built(decorator="sensor", function="pair")
    assert isinstance(task.action, Wait)
    assert isinstance(task.action.check, PythonCall)
    function = task.action.check.function
    text = function.source
    for span in reversed(function.spans):
        assert span.kind == "drop"
        text = text[: span.start] + text[span.end :]
    assert text[function.header_end :].strip() == "return (True, [1])"
    assert (task.action.hands_over, function.returns, function.blockers) == (True, None, ())


def test_bash_commands_that_a_function_builds() -> None:
    task, _, _ = built(decorator="bash", function="command", op_args=(5,))
    assert task.action == Shell(command=x.Format(parts=(x.Constant(value="echo 5 "), DAY)))
    assert not task.may_skip
    task, _, _ = built(decorator="bash", function="listing")
    assert isinstance(task.action, Shell)
    assert task.action.build is not None
    assert (task.action.command, task.action.build.function.name, task.may_skip) == (x.Constant(value=""), "listing", True)


MADE = {
    "DayOfWeekSensor": ({"week_day": "Monday"}, "today_is", {"days": "[1]"}),
    "DayOfWeekSensor by date": (
        {"week_day": ("saturday", "SUNDAY"), "use_task_logical_date": True},
        "falls_on",
        {"moment": "logical_date", "days": "[6, 7]"},
    ),
    "BranchDayOfWeekOperator": (
        {"week_day": 3, "follow_task_ids_if_true": "a", "follow_task_ids_if_false": ["b"]},
        "choose_by_day",
        {"days": "[3]", "timezone": "'UTC'", "if_true": "'a'", "if_false": "['b']"},
    ),
    "BranchDateTimeOperator": (
        {
            "target_lower": datetime(2024, 1, 1, tzinfo=UTC),
            "target_upper": None,
            "follow_task_ids_if_true": ["a"],
            "follow_task_ids_if_false": ["b"],
            "use_task_logical_date": True,
        },
        "choose_by_time_of",
        {"moment": "logical_date", "lower": "2024-01-01T00:00:00+00:00", "upper": "None", "if_true": "['a']", "if_false": "['b']"},
    ),
}


@pytest.mark.parametrize(("operator", "case"), MADE.items(), ids=list(MADE))
def test_operators_that_become_a_small_function(operator: str, case: tuple[dict[str, Any], str, dict[str, str]]) -> None:
    given, name, bound = case
    task, messages, _ = built(operator.split()[0], **given)
    call = task.action.check if isinstance(task.action, Wait) else task.action
    assert isinstance(call, PythonCall)
    assert (call.function.name, {key: brief(found) for key, found in call.arguments}, messages) == (name, bound, [])


@pytest.mark.parametrize(
    ("lower", "upper", "chosen"),
    [("00:00:00", "23:59:59.999999", "yes"), (None, "00:00:00", "no"), ("23:59:59.999999", "23:59:59.999998", "no")],
)
def test_choosing_by_the_clock_runs(lower: str | None, upper: str | None, chosen: str) -> None:
    from workbook_lib.sources.airflow.operators._made import _SOURCES

    names: dict[str, Any] = {}
    exec(_SOURCES["choose_by_clock"], names)
    assert names["choose_by_clock"](lower, upper, "UTC", "yes", "no") == chosen


OPAQUE = {
    "KubernetesPodOperator": ({}, "container", "no rule for KubernetesPodOperator"),
    "SQLExecuteQueryOperator": ({}, "sql", "no rule for SQLExecuteQueryOperator"),
    "MyOperator": ({}, "other", "no rule for MyOperator"),
    "EmptyOperator": ({"pre_execute": 1}, "other", "EmptyOperator with a `pre_execute` hook, which runs inside Airflow"),
    "ExternalTaskSensor": (
        {"external_dag_id": "o", "allowed_states": ["deferred"]},
        "wait",
        "ExternalTaskSensor: its `allowed_states` name the state 'deferred', which a flow run or task run does not keep",
    ),
}


@pytest.mark.parametrize(("operator", "case"), OPAQUE.items(), ids=list(OPAQUE))
def test_what_no_rule_covers_becomes_a_placeholder(operator: str, case: tuple[dict[str, Any], str, str]) -> None:
    given, kind, missing = case
    task, messages, _ = built(operator, **given)
    assert task.action == Opaque(family=kind, missing=missing)  # type: ignore[arg-type]
    assert messages == [f"the task 't' becomes a placeholder: {missing}"]
    assert dict(task.arguments) == {name: value(found) for name, found in given.items()}


def test_own_execute_code_wins_over_the_class() -> None:
    task, _, _ = built("MyBash", bases=("MyBash", "BashOperator", "BaseOperator"), bash_command="x", user_execute=True)
    assert task.action == Opaque(family="shell", missing="MyBash defines `execute` itself, and it derives from BashOperator")


def test_a_derived_class_has_the_rule_of_its_base() -> None:
    task, _, _ = built("MyBash", bases=("Mixin", "BashOperator", "BaseOperator"), bash_command="date")
    assert task.action == Shell(command=x.Constant(value="date"))


@pytest.mark.parametrize(
    ("operator", "steers"),
    [
        ("HITLOperator", ("", False)),
        ("HITLEntryOperator", ("", False)),
        ("HITLBranchOperator", ("branch", False)),
        ("ApprovalOperator", ("", False)),
    ],
)
def test_waiting_for_a_person_is_a_placeholder_that_steers(operator: str, steers: tuple[str, bool]) -> None:
    task = built(operator, subject="Go on?")[0]
    assert (task.action.kind, task.steers, task.steers_rules) == ("opaque", *steers)


def test_links() -> None:
    assert built("ExternalTaskSensor", external_dag_id="o", execution_delta=timedelta(1))[2] == (
        Link(kind="waits_for", target="o", task="t"),
    )
    assert built("TriggerDagRunOperator", trigger_dag_id="o")[2] == (Link(kind="starts", target="o", task="t"),)
    assert built("EmptyOperator", inlets=["s3://a"], outlets=[x.Unknown(source="Dataset('s3://b')")])[2] == (
        Link(kind="consumes", target="s3://a", task="t"),
        Link(kind="produces", target="s3://b", task="t"),
    )


def test_an_argument_that_no_rule_uses_is_told() -> None:
    _, messages, _ = built("BashOperator", bash_command="date", surprise=1)
    assert messages == ["the argument `surprise` of the task 't' is used by no rule of BashOperator"]


MAPPED = {
    "BashOperator": ((("bash_command", ["echo {{ ds_nodash }}"]),), {}, "element bash_command"),
    "PythonOperator": ((("op_args", [[1, 2]]),), {"function": "summed"}, "element op_args[0], element op_args[1]"),
    "PythonOperator by name": (
        (("op_kwargs", [{"a": 1, "b": 2}]),),
        {"function": "summed"},
        "element op_kwargs['a'], element op_kwargs['b']",
    ),
    "@task": ((("a", [1, 2]),), {"decorator": "task", "function": "summed", "op_kwargs": {"b": 3}}, "element a, 3"),
}


@pytest.mark.parametrize(("operator", "case"), MAPPED.items(), ids=list(MAPPED))
def test_mapped_tasks_name_their_element(operator: str, case: tuple[Any, dict[str, Any], str]) -> None:
    over, given, expected = case
    mapping = Mapping(over=tuple((name, value(found)) for name, found in over))
    task, messages, _ = built(operator.split()[0], mapping=mapping, **given)
    shown = [task.action.command] if isinstance(task.action, Shell) else [found for _, found in task.action.arguments]  # type: ignore[union-attr]
    assert (", ".join(map(brief, shown)), messages) == (expected, [])
    if operator == "BashOperator":
        assert task.mapping is not None
        assert brief(task.mapping.over[0][1]) == "[f('echo ' + format_date(logical_date, '%Y%m%d'))]"


def test_records_bind_what_is_required() -> None:
    mapping = Mapping(form="records", over=(("", x.TaskOutput(task="list")),))
    task, messages, _ = built(decorator="task", function="summed", mapping=mapping)
    assert isinstance(task.action, PythonCall)
    assert (task.action.arguments, messages) == ((("a", x.Element(name="a")), ("b", x.Element(name="b"))), [])


EXITS = {
    "echo hello": False,
    "echo a && sleep 1; date | tee x > y 2>&1": False,
    "exit 0": False,
    "exit 99": True,
    "echo x; exit $code": True,
    "echo x; exit": False,
    'if [ -f "$X" ]; then echo yes; else exit 1; fi': False,
    "for i in 1 2; do echo $i; done": False,
    "A=1 B=2 echo x": False,
    "python job.py": True,
    "./run": True,
    "echo $(custom)": True,
    "echo `custom`": True,
    "echo 'unfinished": True,
    "set -e\ncd /tmp\nrm -rf x": False,
    "VALUE": True,
    "": False,
}


@pytest.mark.parametrize(("command", "skips"), EXITS.items(), ids=list(EXITS))
def test_which_commands_could_skip(command: str, skips: bool) -> None:
    assert may_exit_with(command, (99,)) is skips
    assert may_exit_with(command, ()) is False


def test_families() -> None:
    names = [
        "GKEStartPodOperator",
        "BigQueryInsertJobOperator",
        "GCSToBigQueryOperator",
        "S3KeySensor",
        "SlackAPIPostOperator",
        "HttpOperator",
    ]
    assert [family(name) for name in names] == ["container", "warehouse", "warehouse", "wait", "notify", "http"]
    assert family("Mine", ("PostgresOperator", "BaseOperator")) == "sql"


def test_templates_named_by_file_that_are_not_there() -> None:
    task, messages, _ = built("BashOperator", bash_command="gone.sh")
    assert task.action == Shell(command=x.Template(source="gone.sh", reason="names the template file 'gone.sh', which is not there"))
    assert messages == ["a template of the task 't' is not understood: it names the template file 'gone.sh', which is not there"]
