from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.errors import CheckFailed, UsageError
from workbook_lib.migration import Check, Need
from workbook_lib.model.action import Nothing, Shell
from workbook_lib.model.expr import Constant, Context, Format, TaskOutput
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import RunRecord, State, TaskRun
from workbook_lib.model.workflow import Edge, Group, Mapping, RetryPolicy, Task, Workflow
from workbook_lib.teaching import CONCEPTS, check, concepts, show, spoil


def workflow(*tasks: Task, edges: tuple[Edge, ...] = (), groups: tuple[Group, ...] = ()) -> Workflow:
    return Workflow(id="w", system="airflow", version="2.11", origin=Origin(file="w.py", line=1), tasks=tasks, edges=edges, groups=groups)


def task(name: str, **more: Any) -> Task:
    return Task(id=name, operator="BashOperator", **{"action": Nothing()} | more)


def shell(*parts: Any) -> Shell:
    return Shell(command=Format(parts=parts))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (workflow(task("a")), []),
        (workflow(task("a"), task("b"), edges=(Edge(source="a", target="b"),)), ["dependencies"]),
        (workflow(task("a", join_rule=JoinRule.ALL_DONE)), ["trigger_rules"]),
        (workflow(task("a", action=shell(TaskOutput(task="b")))), ["xcom"]),
        (workflow(task("a", steers="branch")), ["branch"]),
        (workflow(task("a", mapping=Mapping(over=(("x", Constant(value=[1])),)))), ["mapping"]),
        (workflow(task("a", action=shell(Context(name="interval_start")))), ["data_interval"]),
        (workflow(task("a", retry=RetryPolicy(retries=1))), ["retries"]),
        (workflow(task("a", group="g"), groups=(Group(id="g"),)), ["groups"]),
    ],
)
def test_a_card_is_shown_where_its_construct_occurs(given: Workflow, found: list[str]) -> None:
    assert [concept.key for concept in concepts(given)] == found


def test_every_card_names_both_specifications() -> None:
    for concept in CONCEPTS:
        assert concept.legacy_url.startswith("https://airflow.apache.org/docs/apache-airflow/2.11.2/")
        assert concept.prefect_url.startswith("https://docs.prefect.io/v3/")


@dataclass
class Fake:
    """A stand-in for Migration; the flow needs `b()` before `a()`."""

    root: Path = Path()
    text: str = "def f():\n    b()\n    a()\n"
    given: list[Need] = field(default_factory=list)

    def workflows(self) -> tuple[Workflow, ...]:
        return (workflow(task("a")),)

    def workflow(self, name: str) -> Workflow:
        return workflow(task("a"))

    def code(self, name: str) -> str:
        return self.text

    def check(self, name: str, text: str | None = None) -> Check:
        lines = [line.strip() for line in (text or self.text).splitlines()]
        if lines[0] != "def f():":
            return Check(False, error="invalid syntax", line=1)
        if "a()" not in lines or "b()" not in lines:
            return Check(True, "different", differences=("a is gone",))
        ordered = lines.index("b()") < lines.index("a()")
        return Check(True, "equal") if ordered else Check(True, "different", differences=("a: does not wait for b",), missing=(("b", "a"),))

    def needs(self, name: str) -> list[Need]:
        return self.given


def test_a_spoilt_flow_lacks_a_dependency() -> None:
    assert spoil(Fake(), "w") == "def f():\n    a()\n    b()\n"  # type: ignore[arg-type]


def test_a_flow_that_cannot_be_spoilt() -> None:
    with pytest.raises(UsageError, match="no single line of 'w' changes its graph"):
        spoil(Fake(text="x = 1\n"), "w")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "✓ Compiles, and has the same graph as the legacy workflow."),
        ("def f(:", "✕ Does not compile: invalid syntax (line 1). Correct that line."),
        (
            "def f():\n    a()\n    b()\n",
            "✕ Compiles, but its graph differs: a: does not wait for b. "
            "Undo the last edit, or record a decision if you want the difference.",
        ),
    ],
)
def test_check_same_graph(text: str | None, said: str) -> None:
    outcome = check.same_graph(Fake(), "w", text)  # type: ignore[arg-type]
    assert (str(outcome), bool(outcome)) == (said, said.startswith("✓"))


def test_check_was_read() -> None:
    assert str(check.was_read(Fake(), "w")) == "✓ w was read, with 1 tasks."  # type: ignore[arg-type]
    assert str(check.was_read(Fake(), "x")) == "✕ x was not found. Found: w. Set `workflow` in the parameters to one of them."  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "strict"), [(None, False), ("", False), ("0", False), ("1", True)])
def test_a_check_stops_only_where_it_is_asked_to(asked: str | None, strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(check.STRICT, raising=False)
    if asked is not None:
        monkeypatch.setenv(check.STRICT, asked)
    broken = Fake(text="def f(:")
    said = "✕ Does not compile: invalid syntax (line 1). Correct that line."
    assert check.was_read(Fake(), "w")  # type: ignore[arg-type]
    assert str(check.same_graph(Fake(), "w", "def f(:")) == said  # type: ignore[arg-type]
    if not strict:
        assert str(check.same_graph(broken, "w")) == said  # type: ignore[arg-type]
        return
    with pytest.raises(CheckFailed) as caught:
        check.same_graph(broken, "w")  # type: ignore[arg-type]
    assert str(caught.value) == said


def test_check_needs_given() -> None:
    missing = Fake(given=[Need("variable", "limit", False), Need("pool", "p"), Need("connection", "db", True)])
    assert str(check.needs_given(missing, "w")).startswith("✕ Missing: variable limit. Give the values with")  # type: ignore[arg-type]
    assert check.needs_given(Fake(), "w")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "states", "passed"),
    [
        ("success", ["success", "skipped"], True),
        ("failed", ["failed", "upstream_failed"], False),
        ("success", ["failed", "success"], False),
    ],
)
def test_check_succeeded(end: str, states: list[str], passed: bool) -> None:
    runs = tuple(TaskRun(id=f"t{i}", state=State(state)) for i, state in enumerate(states))
    record = RunRecord(engine="prefect", version="3", workflow="w", logical_date="", state=State(end), tasks=runs)
    assert bool(check.succeeded(record)) is passed


def test_check_stands_alone(tmp_path: Path) -> None:
    flow = tmp_path / "project" / "flows" / "w.py"
    flow.parent.mkdir(parents=True)
    flow.write_text("import prefect\n")
    assert check.stands_alone(Fake(tmp_path))  # type: ignore[arg-type]
    flow.write_text("from airflow.models import Variable\n")
    assert check.stands_alone(Fake(tmp_path)).message == "flows/w.py imports airflow.models."  # type: ignore[arg-type]


@pytest.mark.parametrize(("body", "passed"), [("assert True", True), ("assert False", False)])
def test_check_own_tests(tmp_path: Path, body: str, passed: bool) -> None:
    tests = tmp_path / "project" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_w.py").write_text(f"def test_it():\n    {body}\n")
    outcome = check.own_tests(Fake(tmp_path))  # type: ignore[arg-type]
    assert (outcome.passed, outcome.message.startswith("pytest: 1 ")) == (passed, True)


def test_tables_escape_what_they_show() -> None:
    assert "<td>&lt;b&gt;</td><td>yes</td><td></td>" in show.table(["a", "b", "c"], [("<b>", True, None)])
    assert show.table(["a"], [], empty="<none>") == "<em>&lt;none&gt;</em>"
