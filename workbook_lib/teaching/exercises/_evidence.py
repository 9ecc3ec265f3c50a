"""What is known about an answer: how its graph compares, and what its runs did; each is found out when it is asked for, and once."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook_lib.errors import PilotError, ProjectError, UsageError
from workbook_lib.model.run import REAL, RunRecord, State
from workbook_lib.model.workflow import Workflow

if TYPE_CHECKING:
    from workbook_lib.migration import Check, Migration
    from workbook_lib.pilot import Session
    from workbook_lib.validation import Verdict


@cache
def session(root: Path) -> Session:
    """One process for all runs in this folder, for as long as this program runs: to start one takes seconds."""
    from workbook_lib.pilot import Session

    made = Session(root)
    atexit.register(made.close)
    return made


class Evidence:
    """About the flow of `workflow` as it stands in the migration now; `given` is what a question was answered with."""

    def __init__(self, migration: Migration, workflow: str, given: Mapping[str, Any]) -> None:
        self.migration, self.name, self.given = migration, workflow, given
        self._runs: dict[str, RunRecord] = {}

    @property
    def workflow(self) -> Workflow:
        """The legacy workflow."""
        return self.migration.workflow(self.name)

    @cached_property
    def graph(self) -> Check:
        """The structure, compared without running anything."""
        return self.migration.check(self.name)

    def run(self, scenario: str = REAL.name) -> RunRecord:
        """What the answer does in a scenario."""
        if scenario not in self._runs:
            wanted = self.migration.scenario(self.name, scenario)
            self._runs[scenario] = self.migration.pilot(self.name, wanted, session=session(self.migration.root))
        return self._runs[scenario]

    def with_variables(self, variables: Mapping[str, Any]) -> RunRecord:
        """What the answer's real run does with other values of variables; these are taken back, and the run is not kept."""
        inputs = self.migration.inputs("variables")
        self.migration.write_inputs(variables=variables)
        try:
            return session(self.migration.root).run(self.workflow, logical_date=self.legacy().logical_date)
        finally:
            self.migration.write_inputs(variables=dict.fromkeys(variables) | inputs)

    def failure(self) -> str:
        """Why the answer could not be run at all; empty when it could."""
        try:
            self.run()
        except (ProjectError, PilotError, UsageError) as error:
            return str(error)
        return ""

    def legacy(self, scenario: str = REAL.name) -> RunRecord:
        """What Airflow did in a scenario."""
        record = self.migration.store.record("legacy", self.name, scenario)
        assert record is not None, f"the exercise {self.name} lacks the record of {scenario!r}"
        return record

    def state(self, task: str, scenario: str = REAL.name) -> State | None:
        """How a task ends in the answer."""
        found = self.run(scenario).task(task)
        return found.state if found else None

    def result(self, task: str) -> Any:
        """What a task returned in the answer's real run; None where there is nothing."""
        return self._value(self.run(), task)

    def wanted(self, task: str) -> Any:
        """What the task returned in Airflow's real run."""
        return self._value(self.legacy(), task)

    @staticmethod
    def _value(record: RunRecord, task: str) -> Any:
        found = record.task(task)
        return found.result.get("json") if found else None

    def count(self, task: str) -> int:
        """How often the task ran in the answer's real run, as instances and as attempts."""
        return sum(run.attempts for run in self.run().tasks if run.id == task)

    @cached_property
    def verdict(self) -> Verdict:
        """Both engines compared in every scenario."""
        for scenario in self.migration.missing_runs(self.name)["pilot"]:
            self.run(scenario.name)
        return self.migration.validate(self.name)
