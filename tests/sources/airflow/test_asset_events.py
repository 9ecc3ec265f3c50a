"""Updates of assets in bodies and templates: source -> the calls that say the same, or the reason why there is none."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from airflow_build import applied, brief, python_task, raw_task, read

from workbook_lib.model.action import PythonCall, Shell

HEAD = """
from airflow.datasets import Dataset, DatasetAlias
from airflow.datasets.metadata import Metadata

ds = Dataset("s3://out/1.txt")
other = Dataset("s3://out/2.txt")
names = DatasetAlias("names")

"""
OUTLETS: Any = ["s3://out/1.txt", "s3://out/2.txt", "alias:names"]


def call(body: str, parameters: str = "*, outlet_events", **fields: Any) -> PythonCall:
    source = f"{HEAD}def f({parameters}):\n" + "".join(f"    {line}\n" for line in dedent(body).strip().split("\n"))
    workflow, _ = read(source, python_task(source, "f", **({"outlets": OUTLETS} | fields)))
    action = workflow.tasks[0].action
    assert isinstance(action, PythonCall)
    return action


def after(action: PythonCall) -> str:
    return dedent(applied(action.function)[action.function.header_end :]).strip("\n")


SAID = {
    "outlet_events[ds].extra = {'hi': 'bye'}": """updated("s3://out/1.txt", {'hi': 'bye'})""",
    "outlet_events[Dataset('s3://a b')].extra = told()": """updated("s3://a b", told())""",
    "outlet_events[ds].extra['rows'] = len(x)": """updated("s3://out/1.txt", {'rows': len(x)})""",
    "outlet_events[ds].extra.update(rows)": """updated("s3://out/1.txt", rows)""",
    "outlet_events['s3://out/1.txt'].extra = {}": """updated("s3://out/1.txt", {})""",
    "yield Metadata(ds, {'hi': 'bye'})": """updated("s3://out/1.txt", {'hi': 'bye'})""",
    "yield Metadata(Dataset(f's3://{a}/b'), extra=b, alias=names)": """updated(f's3://{a}/b', b, alias="names")""",
    "outlet_events[names].add(Dataset(f's3://{a}/b'))": """updated(f's3://{a}/b', alias="names")""",
    "outlet_events[names].add(ds, extra={'a': 1})": """updated("s3://out/1.txt", {'a': 1}, alias="names")""",
    "for n in ns:\n    outlet_events[ds].extra = {'n': n}": """for n in ns:\n    updated("s3://out/1.txt", {'n': n})""",
}


@pytest.mark.parametrize("before", SAID)
def test_what_is_said_of_an_update_becomes_a_call(before: str) -> None:
    body = "told = a = b = x = rows = ns = None\n" + before
    action = call(body)
    assert after(action) == "told = a = b = x = rows = ns = None\n" + SAID[before]
    assert (action.function.blockers, action.function.is_generator, action.function.uses) == ((), False, ())


def test_the_context_holds_the_same() -> None:
    assert after(call("context['outlet_events'][ds].extra = {'d': context['ds']}", "**context")) == (
        """updated("s3://out/1.txt", {'d': <format_date(logical_date, '%Y-%m-%d')>})"""
    )


READ = {
    "for e in inlet_events[ds][:-2]:\n    print(e.extra)": "for e in <updates_of('s3://out/1.txt', False)>[:-2]:\n    print(e.extra)",
    "print(inlet_events[names])": "print(<updates_of('names', True)>)",
}


@pytest.mark.parametrize("before", READ)
def test_what_was_said_before_is_asked_for(before: str) -> None:
    action = call(before, "*, inlet_events", inlets=OUTLETS, outlets=[])
    assert (after(action), action.function.blockers) == (READ[before], ())


REFUSED = {
    "outlet_events[ds].extra = {'a': 1}\noutlet_events[ds].extra = {'b': 1}": "it sets the extra of 's3://out/1.txt' more than once",
    "for n in ns:\n    outlet_events[ds].extra = n": "it sets the extra of 's3://out/1.txt' more than once",
    "print(outlet_events)": "`outlet_events` uses outlet_events as a whole",
    "outlet_events[DatasetAlias('else')].add(ds)": (
        "`outlet_events[DatasetAlias('else')].add(ds)` adds an update to the alias 'else', which is not among the task's outlets"
    ),
    "yield Metadata(ds, {}, alias=names)": "`yield Metadata(ds, {}, alias=names)` tells of an asset both by itself and through an alias",
    "outlet_events[pick()].extra = {}": "`outlet_events[pick()].extra = {}` is about an asset that is only known when it runs",
    "print(ds)": "`ds` uses asset as a whole",
    "outlet_events[ds].add_partitions('us')": (
        "`outlet_events[ds].add_partitions('us')` tells of partitions of an asset: start the flows that take them, "
        "with the partition as a parameter"
    ),
    "ns = outlet_events[ds].extra": "`outlet_events[ds].extra` uses what is said of an updated asset in a way that is not followed",
}


@pytest.mark.parametrize("before", REFUSED)
def test_what_no_call_says_stays(before: str) -> None:
    assert REFUSED[before] in call("pick = ns = None\n" + before).function.blockers


def test_events_are_asked_only_for_what_prefect_knows_and_of_inlets_only() -> None:
    asked = call("return [e.source_dag_id for e in inlet_events[ds]]", "*, inlet_events", inlets=OUTLETS, outlets=[])
    assert asked.function.blockers == ("it asks updates of assets for `source_dag_id`, which Prefect's events do not tell",)
    (reason,) = call("return inlet_events[ds]", "*, inlet_events", inlets=["s3://else"]).function.blockers
    assert reason == "`inlet_events[ds]` reads updates of what is not among the task's inlets"


@pytest.mark.parametrize("written", ["s3://out/1.txt", "alias:names"])
def test_what_the_same_dag_tells_is_not_read(written: str) -> None:
    (reason,) = call("return inlet_events[ds]", "*, inlet_events", inlets=OUTLETS, outlets=[written]).function.blockers
    assert reason == "`inlet_events[ds]` reads updates of which the DAG's own tasks tell: the server may not have them in time"


def test_a_template_asks_as_well() -> None:
    text = "echo '{{ inlet_events.for_asset(uri=\"s3://a\")[-1].extra | tojson }}'"
    tasks = [raw_task(operator="BashOperator", bash_command=text, inlets=["s3://a"])]
    action = read("", *tasks)[0].tasks[0].action
    assert isinstance(action, Shell)
    assert brief(action.command) == "template: calls inlet_events.for_asset()"  # which Airflow 2 does not have
    action = read("", *tasks, airflow="3.3")[0].tasks[0].action
    assert isinstance(action, Shell)
    assert brief(action.command) == """f("echo '" + json_html(updates_of('s3://a', False)[-1].extra) + "'")"""
