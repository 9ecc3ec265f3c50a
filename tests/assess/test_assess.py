"""Small hand-built workflows -> what the assessment says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from workbook_lib.assess import Assessment, assess, to_html
from workbook_lib.findings import Finding, Severity
from workbook_lib.model.action import Nothing, Opaque, PythonCall, Shell
from workbook_lib.model.expr import Constant
from workbook_lib.model.function import Function, Origin
from workbook_lib.model.workflow import Edge, Link, Requirements, Schedule, Task, Workflow

TODAY = date(2026, 11, 22)


@dataclass
class Read:
    workflows: list[Workflow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Status:
    status: str
    finding: Finding | None = None


def task(name: str, action: Any = None, **more: Any) -> Task:
    operator = more.pop("operator", "BashOperator")
    return Task(id=name, operator=operator, action=action or Shell(command=Constant(value="echo")), **more)


def workflow(name: str, *tasks: Task | str, edges: str = "", links: str = "", **more: Any) -> Workflow:
    """`edges` "a>b b>c"; `links` "waits_for:x produces:s3://y"."""
    made = tuple(task(one) if isinstance(one, str) else one for one in (tasks or ("a", "b")))
    pairs = [tuple(pair.split(">")) for pair in edges.split()]
    ties = [link.split(":", 1) for link in links.split()]
    return Workflow(
        id=name,
        system="airflow",
        version="2.11",
        origin=Origin(file=f"{name}.py", line=3),
        start_date=more.pop("start_date", "2024-01-01"),
        tasks=made,
        edges=tuple(Edge(source=a, target=b) for a, b in pairs),
        links=tuple(Link(kind=kind, target=target) for kind, target in ties),  # type: ignore[arg-type]
        **more,
    )


def assessed(*workflows: Workflow, findings: list[Finding] | None = None, statuses: Any = None) -> Assessment:
    return assess(Read(list(workflows), findings or []), statuses, today=TODAY)


OPAQUE = Opaque(family="sql", missing="SnowflakeOperator")
BLOCKED = PythonCall(function=Function(name="f", source="def f(): ...", header_end=8, blockers=("uses PostgresHook",)))


def test_inventory() -> None:
    one = workflow("one", "a", task("q", OPAQUE, operator="SnowflakeOperator", pool="db"), requirements=Requirements(connections=("wh",)))
    two = workflow("two", "a", requirements=Requirements(connections=("wh",), modules=("helpers",), packages=("requests", "nosuchthing")))
    inventory = assessed(one, two).inventory
    assert (inventory.workflows, inventory.tasks, inventory.converted) == (2, 3, 2)
    assert [(o.operator, o.kind, o.family, o.tasks, o.converted, o.workflows) for o in inventory.operators] == [
        ("BashOperator", "shell", "shell", 2, 2, ("one", "two")),
        ("SnowflakeOperator", "opaque", "sql", 1, 0, ("one",)),
    ]
    assert [(use.name, use.workflows) for use in inventory.connections] == [("wh", ("one", "two"))]
    assert [(use.name, use.workflows) for use in inventory.pools] == [("db", ("one",))]
    assert [(use.name, use.workflows) for use in inventory.modules] == [("helpers", ("two",))]
    assert [(use.name, use.installs) for use in inventory.packages] == [("nosuchthing", "unknown"), ("requests", "yes")]


def test_complexity_is_the_stated_sum() -> None:
    steers = task("b", steers="branch", join_rule="all_done", unsupported=("sla",))
    (report,) = assessed(workflow("w", "a", steers, task("q", OPAQUE), task("f", BLOCKED), edges="a>b b>q b>f")).workflows
    assert {part.name: (part.count, part.points) for part in report.parts} == {
        "tasks": (4, 4), "edges": (3, 1.5), "depth": (3, 3), "rules": (1, 2), "branches": (1, 3), "opaque": (1, 5), "blockers": (1, 4),
        "unsupported": (1, 2),
    }  # fmt: skip
    assert (report.complexity, report.level) == (24.5, "medium")


@pytest.mark.parametrize(
    ("made", "expected", "why"),
    [
        (workflow("w"), "convert", "every task has a conversion"),
        (workflow("w", "a", task("q", OPAQUE)), "convert with placeholders", "1 of its 2 tasks will be placeholders"),
        (workflow("w", task("f", BLOCKED), task("q", OPAQUE)), "rethink", "2 of its 2 tasks have no conversion"),
        (
            workflow("w", task("a", unsupported=("depends_on_past",))),
            "rethink",
            "its tasks depend on their own previous run (depends_on_past)",
        ),
        (workflow("w", task("a", Nothing())), "retire candidate", "no task of it does anything"),
        (workflow("w", end_date="2025-12-31T00:00:00+00:00"), "retire candidate", "its end date 2025-12-31 has passed"),
        (workflow("w", end_date="2027-01-01"), "convert", "every task has a conversion"),
        (
            workflow("w", start_date=None, schedule=Schedule(kind="cron", cron="@daily")),
            "retire candidate",
            "it has a schedule but no start date, so that it is never scheduled",
        ),
        (workflow("w", start_date=None), "convert", "every task has a conversion"),
    ],
)
def test_disposition(made: Workflow, expected: str, why: str) -> None:
    (report,) = assessed(made).workflows
    assert (report.disposition, report.reasons) == (expected, (why,))


def test_the_writers_statuses_decide_when_they_are_given() -> None:
    finding = Finding(
        code="convert.placeholder", severity=Severity.WARNING, message="a: no rule", advice="Write it.", workflow="w", task="a"
    )
    result = assessed(workflow("w"), findings=[finding], statuses={"w": {"a": Status("placeholder", finding), "b": Status("converted")}})
    assert result.workflows[0].placeholders == ("a",)
    assert [(c.cause, c.count, c.tasks, c.example, c.advice) for c in result.human] == [
        ("BashOperator", 1, ("w.a",), "a: no rule", "Write it.")
    ]


def test_human_work_is_grouped_by_cause() -> None:
    many = [task(f"q{i}", OPAQUE, operator="SnowflakeOperator") for i in range(3)]
    findings = [
        Finding(code="read.schedule", severity=Severity.WARNING, message=f"unknown {i}", workflow="w", line=i) for i in range(2)
    ] + [
        Finding(code="read.note", severity=Severity.NOTE, message="fine", workflow="w"),
        Finding(code="read.file", severity=Severity.ERROR, message="x.py raises", file="x.py"),
    ]  # fmt: skip
    result = assessed(workflow("w", "a", "b", "c", *many), findings=findings)
    assert [(c.cause, c.severity, c.family, c.count, c.workflows, c.hours) for c in result.human] == [
        ("read.file", "error", "finding", 1, ("x.py",), 0.25),
        ("SnowflakeOperator: SnowflakeOperator", "warning", "sql", 3, ("w",), 5.5),
        ("read.schedule", "warning", "finding", 2, ("w",), 0.5),
    ]


@pytest.mark.parametrize(("code", "count"), [("airflow.callback_blocked", 20), ("airflow.operator_unknown", 0)])
def test_other_work_at_a_placeholder_is_counted(code: str, count: int) -> None:
    many = [task(f"q{i}", OPAQUE, operator="SnowflakeOperator") for i in range(12)] + [task(f"a{i}") for i in range(8)]
    findings = [Finding(code=code, severity=Severity.WARNING, message="no", workflow="w", task=one.id) for one in many]
    result = assessed(workflow("w", *many), findings=findings if count else findings[:12])
    assert [cause.count for cause in result.human if cause.code == code] == ([count] if count else [])
    assert result.workflows[0].warnings == count


def test_what_findings_name_is_needed() -> None:
    def named(what: str, **place: str) -> Finding:
        message = f"the schedule depends on {what}, unknown while reading; '1' is assumed"
        return Finding.model_validate({"code": "airflow.assumed_value", "severity": "warning", "message": message} | place)

    one, two = workflow("one", requirements=Requirements(variables=("b",))), workflow("two")
    findings = [
        named("the variable 'a', the environment variable 'STAGE'", file="one.py"),
        named("the connection 'wh'", workflow="two"),
        named("the variable 'shared'", file="helpers.py"),
    ]
    inventory = assessed(one, two, findings=findings).inventory
    assert [(use.name, use.workflows) for use in inventory.variables] == [("a", ("one",)), ("b", ("one",)), ("shared", ())]
    assert [(use.name, use.workflows) for use in inventory.environment] == [("STAGE", ("one",))]
    assert [(use.name, use.workflows) for use in inventory.connections] == [("wh", ("two",))]


def test_ties_and_waves() -> None:
    result = assessed(
        workflow("report", links="waits_for:load waits_for:elsewhere consumes:s3://gone"),
        workflow("load", links="produces:s3://rows"),
        workflow("after", schedule=Schedule(kind="assets", assets=("s3://rows",))),
        workflow("start", links="starts:report"),
    )
    assert [(t.before, t.after, t.kind, t.via) for t in result.ties] == [
        ("load", "report", "waits_for", None),
        ("load", "after", "asset", "s3://rows"),
        ("start", "report", "starts", None),
    ]
    assert [(t.before, t.after, t.kind, t.via) for t in result.outside] == [
        ("elsewhere", "report", "waits_for", None),
        ("", "report", "asset", "s3://gone"),
    ]
    assert [wave.workflows for wave in result.waves] == [("load", "start"), ("report", "after")]
    assert result.cycles == ()


def test_cycles_migrate_together_and_need_a_human() -> None:
    result = assessed(
        workflow("a", links="waits_for:b"),
        workflow("b", links="waits_for:c"),
        workflow("c", links="waits_for:a"),
        workflow("d", links="waits_for:a"),
    )
    assert result.cycles == (("a", "b", "c"),)
    assert [wave.workflows for wave in result.waves] == [("a", "b", "c"), ("d",)]
    assert [r.disposition for r in result.workflows] == ["rethink", "rethink", "rethink", "convert"]
    assert result.first is not None
    assert result.first.id == "d"


def test_the_first_pilot_is_small_free_and_not_awaited() -> None:
    result = assessed(
        workflow("awaited"),
        workflow("waiting", links="waits_for:awaited"),
        workflow("tagged", tags=("Critical",)),
        workflow("wired", requirements=Requirements(connections=("x", "y"), variables=("v",))),
        workflow("tiny", "a"),
        workflow("free", "a", "b", edges="a>b"),
        workflow("dead", task("a", Nothing())),
        workflow("producing", links="produces:s3://x"),
        workflow("consuming", links="consumes:s3://x"),
    )
    assert [(pilot.id, pilot.score) for pilot in result.pilots if not pilot.against] == [
        ("free", 97.8), ("consuming", 88.5), ("tagged", 88.5), ("waiting", 88.5), ("wired", 87.5), ("tiny", 84.0),
    ]  # fmt: skip
    assert {pilot.id: pilot.against for pilot in result.pilots if pilot.against} == {
        "awaited": ("waiting waits for it",),
        "dead": ("retire candidate: no task of it does anything",),
        "producing": ("consuming consumes its asset s3://x",),
    }
    assert result.first is not None
    assert result.first.reasons == (
        "low complexity (4.5 points, 2 tasks)", "every task converts", "needs no connections", "nothing says that it is critical",
    )  # fmt: skip


def test_nothing_to_assess() -> None:
    result = assessed()
    assert (result.first, result.waves, result.inventory.tasks) == (None, (), 0)
    assert "No workflow is fit to be the first" in to_html(result)


def test_the_document_is_json() -> None:
    document = json.loads(json.dumps(assessed(workflow("w")).document()))
    assert (document["schema"], document["first"]) == (1, "w")
    assert set(document) == {"schema", "inventory", "workflows", "human", "ties", "outside", "cycles", "waves", "pilots", "first"}
    assert Assessment.model_validate({key: value for key, value in document.items() if key != "first"}) == assessed(workflow("w"))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{ds}}"


def test_hostile_names_stay_text() -> None:
    bad = workflow(
        HOSTILE, task(HOSTILE, Opaque(missing=HOSTILE), operator=HOSTILE), "b", "c", tags=(HOSTILE,), schedule=Schedule(text=HOSTILE),
        requirements=Requirements(connections=(HOSTILE,), packages=(HOSTILE,)),
    )  # fmt: skip
    tied = workflow("tied").model_copy(update={"links": (Link(kind="waits_for", target=HOSTILE), Link(kind="consumes", target=HOSTILE))})
    page = _Page()
    page.feed(to_html(assessed(bad, tied, findings=[Finding(code=HOSTILE, severity=Severity.ERROR, message=HOSTILE, advice=HOSTILE)])))
    assert page.tags & {"script", "img", "iframe", "a", "link"} == set()
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "style"}
    assert HOSTILE in page.text


def test_the_page_needs_nothing_from_outside() -> None:
    text = to_html(assessed(workflow("w", requirements=Requirements(packages=("pandas",)))))
    assert [word for word in ("http:", "https:", "url(", "@import", "src=") if word in text] == []
