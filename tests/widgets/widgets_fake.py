"""A stand-in for Migration: the widgets are driven without disk, server or browser."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from workbook_lib.errors import PilotStopped, ProjectError, UsageError
from workbook_lib.migration import Check
from workbook_lib.migration._task import Listing, Mark, TaskView
from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.run import REAL, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Edge, Group, Task, Workflow
from workbook_lib.validation import Verdict
from workbook_lib.view import Svg, draw, draw_live

WORKFLOW = Workflow(
    id="w",
    system="airflow",
    version="2.11",
    origin=Origin(file="w.py", line=1),
    tasks=tuple(Task(id=name, operator="PythonOperator", action=Nothing(), group=group) for name, group in (("a", None), ("b", "g"))),
    groups=(Group(id="g"),),
    edges=(Edge(source="a", target="b"),),
)


@dataclass
class Event:
    task: str
    map_index: int
    state: str


class FakeMigration:
    """`text` is the flow's file; an edit with "broken" does not compile, one without "a -> b" lacks the edge."""

    def __init__(self) -> None:
        self.text, self.fails = "a -> b", False
        self.judged: Verdict | None = None
        self.go_on, self.scripts = threading.Event(), [REAL, Scenario(name="a fails")]
        self.drawn: list[str] = []
        self.piloted: list[tuple[str, dict[str, Any]]] = []

    def workflow(self, workflow_id: str | None = None) -> Workflow:
        if workflow_id not in (None, "w"):
            raise UsageError(f"there is no workflow {workflow_id!r}.", advice="Name one of: w.")
        return WORKFLOW

    def colours(self, workflow_id: str, colour_by: str = "status") -> dict[str, str]:
        return {"status": {"a": "converted", "b": "placeholder"}, "state": {}, "verdict": {"a": "equal", "b": "different"}}[colour_by]

    def svg(self, workflow_id: str, *, collapsed: Any = (), colours: Any = None, edges: Any = None, live: bool = False) -> Svg:
        self.drawn.append("live" if live else "static")
        return Svg(draw_live(WORKFLOW, edges, collapsed) if live else draw(WORKFLOW, colours, edges=edges, collapsed=collapsed))

    def task(self, workflow_id: str, task_id: str) -> TaskView:
        if task_id not in ("a", "b"):
            raise UsageError(f"w has no task {task_id!r}.", advice="Name one of: a, b.")
        piece = Listing(file="w.py", text="x = 1\n", marks=(Mark(first=1, last=1, what="makes the task"),))
        return TaskView(workflow="w", id=task_id, operator="PythonOperator", trigger_rule="all_success", legacy=(piece,))

    def code(self, workflow_id: str) -> str:
        if self.fails:
            raise ProjectError("the flow's file is missing", file="flows/w.py", advice="Restore it.")
        return self.text

    def check(self, workflow_id: str, text: str) -> Check:
        if "broken" in text:
            return Check(False, error="invalid syntax", line=1)
        if "a -> b" not in text:
            return Check(True, "different", differences=("b no longer waits for a",), missing=(("a", "b"),))
        return Check(True, "equal")

    def save(self, workflow_id: str, text: str) -> Check:
        self.text = text
        return self.check(workflow_id, text)

    def scenarios(self, workflow_id: str) -> list[Scenario]:
        return self.scripts

    def scenario(self, workflow_id: str, name: str) -> Scenario:
        return next(scenario for scenario in self.scripts if scenario.name == name)

    def consent(self, workflow_id: str, scenario: Scenario) -> list[str]:
        return [f"{scenario.name}: <b>"]

    def pilot(self, workflow_id: str, scenario: Scenario, *, on_event: Any, stop: threading.Event, **options: Any) -> RunRecord:
        self.piloted.append((scenario.name, options))
        on_event(Event("a", -1, "running"))
        while not self.go_on.wait(0.02):
            if stop.is_set():
                raise PilotStopped("the run was stopped")
        if self.fails:
            raise ValueError("no server <here>")
        runs = tuple(TaskRun(id=name, state=State.SUCCESS, log_tail=f"log of {name}") for name in "ab")
        return RunRecord(engine="prefect", version="3", workflow="w", logical_date="", state=State.SUCCESS, tasks=runs)

    def verdict(self, workflow_id: str) -> Verdict | None:
        return self.judged

    def stale(self, workflow_id: str) -> bool:
        return False
