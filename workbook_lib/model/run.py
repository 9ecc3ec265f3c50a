"""The record of one run, in one form for every engine, and the scenario that it followed."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from workbook_lib.errors import RecordError
from workbook_lib.model._base import Frozen, Json


class State(StrEnum):
    """How a task instance ended; `not_run`: it should have run by the rules, and nothing shows that it did."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"
    NOT_RUN = "not_run"


class Outcome(Frozen):
    """What a scripted task does: succeed with `value`, fail always, skip, or fail `fails` times before it succeeds.

    `arms` is the result of a branching task (task ids); a short circuit succeeds with the value true or false. For a
    mapped task the outcome holds for each instance, unless `map_index` names one.
    """

    does: Literal["succeed", "fail", "skip", "recover"] = "succeed"
    value: Json = None
    arms: tuple[str, ...] | None = None
    fails: int = 0
    map_index: int | None = None


class Scenario(Frozen):
    """A real run (`real`), or a rehearsal in which every task body is replaced by an outcome (default: succeed with None)."""

    name: str
    kind: Literal["real", "rehearsal"] = "rehearsal"
    outcomes: tuple[tuple[str, Outcome], ...] = ()

    def outcome(self, task_id: str, map_index: int = -1) -> Outcome:
        """The outcome of one task instance."""
        found = Outcome()
        for name, outcome in self.outcomes:
            if name == task_id and outcome.map_index in (None, map_index):
                found = outcome
                if outcome.map_index == map_index:
                    break
        return found


REAL = Scenario(name="real", kind="real")
FLOW_RAISED = "the flow itself raised"  # such a record's `problem` begins so: no task's body raised it, so that the run is different


class TaskRun(Frozen):
    """One task instance. `attempts`: how often its body started. `start`, `end`: ISO 8601 UTC, of the last attempt.

    `result` is {"json": value}, {"digest": "sha256:..."} or {"absent": true}; with "kept": false where the task answered and the engine
    keeps no such answer (Airflow 3: of a task that skips others). `observed`: the engine showed this
    state; false when the rules filled it in. `updates`: the updates of assets that it told of, each {"asset": ..., "extra": {...}};
    None where nobody recorded them, as in a rehearsal. `refused`: why the engine itself failed the attempt before its body, if it did.
    """

    id: str
    map_index: int = -1
    state: State
    attempts: int = 0
    start: str | None = None
    end: str | None = None
    observed: bool = True
    seeded: bool = False
    result: dict[str, Json] = Field(default_factory=lambda: {"absent": True})
    calls: tuple[Json, ...] = ()
    log_tail: str = ""
    updates: tuple[dict[str, Json], ...] | None = None
    refused: str = ""

    @model_serializer(mode="wrap")
    def _without_unrecorded(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Records in which nobody looked for updates, and tasks that were not refused, stay as they were."""
        document: dict[str, Any] = handler(self)
        if document.get("updates") is None:
            document.pop("updates", None)
        if not document.get("refused"):
            document.pop("refused", None)
        return document


class Output(Frozen):
    """A file or table left behind: its path below the run's folder, and a digest of its content; see `model.left_behind.outputs`."""

    path: str
    digest: str


class RunRecord(Frozen):
    """One run of one workflow by one engine. `state` is the run's own end: success or failed.

    `problem` says why the run did not come to its own end (the time limit); then it is not comparable, or different after FLOW_RAISED.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    engine: str
    version: str
    workflow: str
    logical_date: str
    inputs: dict[str, Json] = Field(default_factory=dict)
    scenario: str = "real"
    state: State
    tasks: tuple[TaskRun, ...] = ()
    outputs: tuple[Output, ...] = ()
    problem: str = ""

    model_config = Frozen.model_config | {"populate_by_name": True}

    def task(self, task_id: str, map_index: int = -1) -> TaskRun | None:
        """The task instance, or None."""
        return next((run for run in self.tasks if run.id == task_id and run.map_index == map_index), None)

    def document(self) -> dict[str, Any]:
        """The record as one JSON document."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_json(cls, text: str | bytes | dict[str, Any]) -> RunRecord:
        """Load a stored record; RecordError names what does not fit."""
        try:
            return cls.model_validate(text if isinstance(text, dict) else json.loads(text))
        except (ValueError, ValidationError) as error:
            raise RecordError(f"not a run record of schema 1: {str(error).splitlines()[0]}") from error


def result_of(value: Any, *, limit: int = 20_000) -> dict[str, Json]:
    """The `result` entry for a value: its JSON when it has one and is short, else a digest; None is absent.

    Tuples and sets become lists (a set sorted); dates their ISO text; a value without a stable form gives a digest of its type's name only.
    """
    if value is None:
        return {"absent": True}
    try:
        text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"digest": "type:" + type(value).__qualname__}
    if len(text) > limit:
        return {"digest": "sha256:" + hashlib.sha256(text.encode()).hexdigest()}
    return {"json": json.loads(text)}


def _plain(value: Any) -> Json:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(type(value).__qualname__)
