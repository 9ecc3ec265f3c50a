"""The tests of a generated project: what the legacy engine's records show, as literals that need only Prefect and pytest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from workbook_lib.model.action import StartWorkflow, Wait
from workbook_lib.model.run import Outcome, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer.project._emitted import whole
from workbook_lib.prefect_writer.project._text import quoted
from workbook_lib.prefect_writer.python._expr import literal

_RAN = {State.SUCCESS: "success", State.FAILED: "failed", State.SKIPPED: "skipped"}
Date = tuple[str, bool]  # the flow's parameter that takes the logical date, and whether it takes a day
Recorded = Sequence[tuple[Scenario, RunRecord]]


def conftest() -> str:
    """`tests/conftest.py`, the same for every project."""
    return whole("conftest")


def flow_test(
    workflow: Workflow,
    entrypoint: str,
    recorded: Recorded,
    *,
    date: Date | None = None,
    unfinished: Collection[str] = (),
    unsteady: Collection[str] = (),
    decided: Workflow | None = None,
    deployment: Mapping[str, Any] | None = None,
) -> str:
    """`tests/test_<workflow>.py`: the rehearsals, each as what is otherwise than when all succeed, and the real run.

    `unfinished`: tasks whose work is not written yet; in the real run they are scripted, as tasks are that wait for something
    outside or start it. `unsteady`: tasks whose result the legacy engine itself does not give twice. `decided`: the workflow with
    the user's decisions. `deployment`: the flow's entry of `prefect.yaml`.
    """
    path, function = entrypoint.rsplit(":", 1)
    module = path.removesuffix(".py").replace("/", ".")
    engine = next(record for _, record in recorded)
    rehearsed = [(scenario, record) for scenario, record in recorded if scenario.kind != "real"]
    real = [record for scenario, record in recorded if scenario.kind == "real" and _repeatable(workflow, record)]
    said = f"What {engine.engine.capitalize()} {engine.version} did with `{workflow.id}`: the flow must do the same."
    lines = [quoted(said), ""]
    when = _moment(real[0].logical_date, date) if real and date else ""
    if when:
        lines += ["from datetime import date", ""] if date and date[1] else ["from datetime import UTC, datetime", ""]
    lines += ["import pytest", "", f"from {module} import {function}", ""]
    lines += _rehearsals(function, rehearsed) if rehearsed else []
    lines += _settings(function, decided or workflow, rehearsed) if rehearsed else []
    lines += _deployed(entrypoint, deployment) if deployment is not None else []
    lines += _real(workflow, function, real[0], f"{date[0]}={when}" if when and date else "", unfinished, unsteady) if real else []
    return "\n".join(lines)


def _rehearsals(function: str, rehearsed: Recorded) -> list[str]:
    usual, script = _ends(rehearsed[0][1]), _script(rehearsed[0][0])
    cases = []
    for scenario, record in rehearsed:
        ends = _ends(record)
        others: dict[str, Any] = {name: end for name, end in ends.items() if usual.get(name) != end}
        others |= {name: None for name in usual if name not in ends}
        own = _script(scenario)
        does = {name: what for name, what in own.items() if script.get(name) != what} | {name: {} for name in script if name not in own}
        cases.append(f"    {literal(scenario.name)}: ({literal(does)}, {literal(str(record.state))}, {literal(others)}),")
    lines = ["# How each task ends when all succeed.", f"USUAL = {literal(usual)}"]
    if script:
        lines += ["# What tasks return that decide what happens next.", f"ANSWERS = {literal(script)}"]
    lines += [
        "# name: (what tasks do, how the run ends, which tasks end otherwise than usual; None: the task does not run)",
        "REHEARSALS = {", *cases, "}", "", '@pytest.mark.parametrize("name", REHEARSALS)', "def test_rehearsal(name, rehearse):",
        "    does, ends, otherwise = REHEARSALS[name]",
        "    expected = {task: end for task, end in (USUAL | otherwise).items() if end is not None}",
        f"    assert rehearse({function}, {'ANSWERS | does' if script else 'does'}) == (ends, expected)", "",
    ]  # fmt: skip
    return lines


def _settings(function: str, workflow: Workflow, rehearsed: Recorded) -> list[str]:
    """Delays and limits of the tasks that run when all succeed."""
    ran = _ends(rehearsed[0][1])
    found = {task.id: (_delays(task), task.timeout_seconds) for task in workflow.tasks if task.id in ran}
    script = "ANSWERS" if _script(rehearsed[0][0]) else "{}"
    return [
        "def test_settings(declared):",
        "    # task: (seconds before each further try, seconds that it may take)",
        f"    assert declared({function}, {script}) == {literal({name: both for name, both in found.items() if any(both)})}",
        "",
    ]


def _delays(task: Task) -> list[float]:
    retry = task.retry
    most = retry.max_delay_seconds if retry.max_delay_seconds is not None else 24 * 3600.0
    grown = [min(retry.delay_seconds * retry.multiplier**number, most) for number in range(retry.retries)]
    delays = grown if retry.exponential else [retry.delay_seconds] * retry.retries
    return [int(delay) if delay == int(delay) else delay for delay in delays]


def _deployed(entrypoint: str, deployment: Mapping[str, Any]) -> list[str]:
    schedules = [{name: value for name, value in item.items() if name != "active"} for item in deployment.get("schedules") or []]
    known = {"schedules": schedules} | {name: deployment[name] for name in ("concurrency_limit",) if name in deployment}
    return ["def test_deployment(deployed):", f"    assert deployed({literal(entrypoint)}) == {literal(known)}", ""]


def _real(
    workflow: Workflow, function: str, record: RunRecord, when: str, unfinished: Collection[str], unsteady: Collection[str]
) -> list[str]:
    outside = {task.id for task in workflow.tasks if isinstance(task.action, Wait | StartWorkflow) or task.id in unfinished}
    runs = [run for run in record.tasks if run.attempts]
    script = {run.id: _did(run) for run in runs if run.id in outside}
    returned: dict[str, list[Any]] = {}
    unknown = {run.id for run in runs if "digest" in run.result or run.result.get("kept") is False} | outside | {*unsteady}
    for run in sorted(runs, key=lambda run: run.map_index):
        returned.setdefault(run.id, []).append(run.result.get("json"))
    known = {name: _one(values) for name, values in returned.items() if name not in unknown}
    call = ", ".join([function, literal(script), *([when] if when else [])])
    return [
        f"RETURNED = {literal(known)}",
        "",
        "@pytest.mark.real",
        "def test_real_run(really):",
        f"    ends, ran, returned = really({call})",
        f"    assert (ends, ran) == ({literal(str(record.state))}, {literal(_ends(record))})",
        "    assert {task: returned[task] for task in RETURNED} == RETURNED",
        "",
    ]


def _did(run: TaskRun) -> Any:
    if run.state in (State.FAILED, State.SKIPPED):
        return "fail" if run.state is State.FAILED else "skip"
    return {"returns": run.result["json"]} if "json" in run.result else {}


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, key=repr)


def _repeatable(workflow: Workflow, record: RunRecord) -> bool:
    """Whether a test can make the real run again: with nothing that only the recorded run was given."""
    return not record.problem and not record.inputs.get("params") and not workflow.requirements.variables


def _moment(logical_date: str, date: Date) -> str:
    try:
        moment = datetime.fromisoformat(logical_date)
    except ValueError:
        return ""
    day = f"{moment.year}, {moment.month}, {moment.day}"
    return f"date({day})" if date[1] else f"datetime({day}, {moment.hour}, {moment.minute}, {moment.second}, tzinfo=UTC)"


def _ends(record: RunRecord) -> dict[str, Any]:
    """Per task that ran how it ended, as `tests/conftest.py` says it."""
    ends: dict[str, list[str]] = {}
    for run in record.tasks:
        if run.attempts:
            tries = f" ({run.attempts} tries)" if run.attempts > 1 else ""
            ends.setdefault(run.id, []).append(_RAN.get(run.state, str(run.state)) + tries)
    return {name: found[0] if len(found) == 1 else sorted(found) for name, found in ends.items()}


def _script(scenario: Scenario) -> Mapping[str, Any]:
    """By task what it does. Of a mapped task an outcome of one instance is that of any one: ends are compared without their order."""
    script = {name: _said(outcome) for name, outcome in scenario.outcomes if outcome.map_index is None}
    for name, outcome in scenario.outcomes:
        if outcome.map_index is not None:
            script[name] = {"in_one": _said(outcome)} | ({"others": script[name]} if name in script else {})
    return script


def _said(outcome: Outcome) -> Any:
    if outcome.does in ("fail", "skip"):
        return outcome.does
    said: dict[str, Any] = {}
    if outcome.arms is not None:
        said["returns"] = outcome.arms[0] if len(outcome.arms) == 1 else list(outcome.arms)
    elif outcome.value is not None:
        said["returns"] = outcome.value
    if outcome.does == "recover":
        said["fails"] = outcome.fails
    return said
