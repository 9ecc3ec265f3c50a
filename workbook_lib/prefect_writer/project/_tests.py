"""The tests of a generated project: what the legacy engine's records show, as literals that need only Prefect and pytest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workbook_lib.model.action import StartWorkflow, Wait
from workbook_lib.model.clock import time_decides
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Outcome, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.stopping import raced, raced_in
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer.project._emitted import whole
from workbook_lib.prefect_writer.project._text import quoted
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.python._expr import literal
from workbook_lib.prefect_writer.tasks._hooks import hands_over_by_key

# Tasks with these rules may start before all that they come after have ended.
_HASTY = frozenset({JoinRule.ALWAYS, JoinRule.ONE_SUCCESS, JoinRule.ONE_FAILED, JoinRule.ONE_DONE})
_RAN = {State.SUCCESS: "success", State.FAILED: "failed", State.SKIPPED: "skipped"}
Date = tuple[str, bool]  # the flow's parameter that takes the logical date, and whether it takes a day
Recorded = Sequence[tuple[Scenario, RunRecord]]


def beside() -> dict[str, str]:
    """What the tests need beside them, the same for every project."""
    return {f"tests/{name}.py": whole(name) for name in ("conftest", "watched_runs")}


@dataclass(frozen=True)
class Planned:
    """What the plan for a flow says of it, as far as tests ask for it."""

    workflow: Workflow  # with the user's decisions
    entrypoint: str
    date: Date | None = None
    dated: bool = False  # whether it hands the date to a task
    defaults: Mapping[str, str] = field(default_factory=dict)  # by the flow's parameter, as an expression
    hooks: Mapping[str, Mapping[str, Collection[str]]] = field(default_factory=dict)  # by task ("": the flow) and event
    swallowing: Collection[str] = ()  # functions of tasks whose legacy code catches every exception
    deployment: Mapping[str, Any] | None = None  # the flow's entry of `prefect.yaml`


def flow_test(
    workflow: Workflow,
    planned: Planned,
    recorded: Recorded,
    *,
    unfinished: Collection[str] = (),
    unsteady: Collection[str] = (),
) -> str:
    """`tests/test_<workflow>.py`: the rehearsals, each as what is otherwise than when all succeed, and the real run.

    `unfinished`: tasks whose work is not written yet; in the real run they are scripted, as tasks are that wait for something
    outside or start it. `unsteady`: tasks whose result the legacy engine itself does not give twice ("": the files that it leaves).
    """
    path, function = planned.entrypoint.rsplit(":", 1)
    module = path.removesuffix(".py").replace("/", ".")
    engine = next(record for _, record in recorded)
    # Where a run stops at its first failed task, what ends side by side with that one is no literal state.
    rehearsed = [(scenario, record) for scenario, record in recorded if scenario.kind != "real" and not raced(workflow, scenario)]
    real = [record for scenario, record in recorded if scenario.kind == "real" and _repeatable(workflow, record)]
    said = f"What {engine.engine.capitalize()} {engine.version} did with `{workflow.id}`: the flow must do the same."
    date = planned.date
    logical_date = real[0].logical_date if real else engine.logical_date
    when = f"{date[0]}={_moment(logical_date, date)}" if date and _moment(logical_date, date) else ""
    tests: list[str] = []
    if rehearsed:
        script = "ANSWERS" if _script(rehearsed[0][0]) else "{}"
        tests += _rehearsals(function, rehearsed) + _settings(function, planned, rehearsed, script)
        tests += _order(function, workflow, rehearsed, script) + _defaults(function, planned, script, logical_date, when)
    tests += _failures(function, planned) + _deployed(planned)
    tests += _real(workflow, function, real[0], when, unfinished, unsteady) if real else []
    lines = [quoted(said), ""]
    if when and any(when in line for line in tests):
        lines += ["from datetime import date", ""] if date and date[1] else ["from datetime import UTC, datetime", ""]
    lines += ["import pytest", ""] if any("pytest." in line for line in tests) else []
    lines += ["from prefect.task_runners import ThreadPoolTaskRunner", ""] if planned.workflow.limits.active_tasks and rehearsed else []
    return "\n".join([*lines, f"from {module} import {function}", "", *tests])


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


def _settings(function: str, planned: Planned, rehearsed: Recorded, script: str) -> list[str]:
    """Delays, limits and hooks of the tasks that run when all succeed, and the flow's own."""
    ran = _ends(rehearsed[0][1])
    found: dict[str, dict[str, Any]] = {}
    for task in planned.workflow.tasks:
        hooks = {event: list(names) for event, names in planned.hooks.get(task.id, {}).items()}
        said = {"delays": _delays(task), "limit": task.timeout_seconds} | hooks
        if task.id in ran and any(said.values()):
            found[task.id] = {name: value for name, value in said.items() if value}
    limits = planned.workflow.limits
    return [
        "def test_settings(declared):",
        *(["    # task: seconds before each further try, seconds that it may take, what is called besides"] if found else []),
        f"    assert declared({function}, {script}) == {literal(found)}",
        *([f"    assert {function}.timeout_seconds == {limits.run_timeout_seconds:g}"] if limits.run_timeout_seconds else []),
        *([f"    assert {function}.task_runner == ThreadPoolTaskRunner(max_workers={limits.active_tasks})"] if limits.active_tasks else []),
        *(
            f"    assert [hook.__name__ for hook in {function}.{event}_hooks] == {literal(list(names))}"
            for event, names in planned.hooks.get("", {}).items()
        ),
        "",
    ]


def _order(function: str, workflow: Workflow, rehearsed: Recorded, script: str) -> list[str]:
    """Which tasks wait for which others, of those that run when all succeed."""
    ran = _ends(rehearsed[0][1])
    groups = {task.id: _mapped_group(workflow, task) for task in workflow.tasks}
    after: dict[str, list[str]] = {}
    for task in workflow.tasks:
        if task.id in ran and task.join_rule not in _HASTY:
            before = [other for other in dict.fromkeys(workflow.upstream(task.id)) if other in ran]
            after[task.id] = [other for other in before if groups[other] is None or groups[other] != groups[task.id]]
    known = {name: others for name, others in after.items() if others}
    if not known:
        return []
    return [
        "def test_order(early):",
        "    # task: those that have ended when it starts",
        f"    after = {literal(known)}",
        f"    assert early({function}, {script}, after) == []",
        "",
    ]


def _mapped_group(workflow: Workflow, task: Task) -> str | None:
    """The mapped group around a task: there instances wait for those of the same index only."""
    groups = {group.id: group for group in workflow.groups}
    current = task.group
    while current is not None and groups[current].mapping is None:
        current = groups[current].parent
    return current


def _defaults(function: str, planned: Planned, script: str, logical_date: str, when: str) -> list[str]:
    """What the flow takes for what it is not told."""
    when = when if planned.dated else ""
    told = [*([when] if when else []), *(f"{name}={value}" for name, value in planned.defaults.items())]
    back = interval_seconds(planned.workflow) if when else 0
    if not told or back is None or (planned.dated and not when):
        return []
    due = [literal((datetime.fromisoformat(logical_date) + timedelta(seconds=back)).isoformat())] if when else []
    one, other = (", ".join([function, script, *more]) for more in (due, told))
    return ["def test_defaults(given):", f"    assert given({one}) == given({other})", ""]


def _failures(function: str, planned: Planned) -> list[str]:
    return [
        "def test_failures_show(swallowing):",
        f"    assert swallowing({function}) == {literal([*planned.swallowing])}",
        "",
    ]


def _delays(task: Task) -> list[float]:
    retry = task.retry
    most = retry.max_delay_seconds if retry.max_delay_seconds is not None else 24 * 3600.0
    grown = [min(retry.delay_seconds * retry.multiplier**number, most) for number in range(retry.retries)]
    delays = grown if retry.exponential else [retry.delay_seconds] * retry.retries
    return [int(delay) if delay == int(delay) else delay for delay in delays]


def _deployed(planned: Planned) -> list[str]:
    deployment = planned.deployment
    if deployment is None:
        return []
    schedules = [{name: value for name, value in item.items() if name != "active"} for item in deployment.get("schedules") or []]
    known = {"schedules": schedules} | {name: deployment[name] for name in ("concurrency_limit",) if name in deployment}
    return ["def test_deployment(deployed):", f"    assert deployed({literal(planned.entrypoint)}) == {literal(known)}", ""]


def _real(
    workflow: Workflow, function: str, record: RunRecord, when: str, unfinished: Collection[str], unsteady: Collection[str]
) -> list[str]:
    outside = {task.id for task in workflow.tasks if isinstance(task.action, Wait | StartWorkflow) or task.id in unfinished}
    runs = [run for run in record.tasks if run.attempts]
    script = {run.id: _did(run) for run in runs if run.id in outside}
    returned: dict[str, list[Any]] = {}
    unknown = {run.id for run in runs if "digest" in run.result or run.result.get("kept") is False} | outside | {*unsteady}
    unknown |= {task.id for task in workflow.tasks if hands_over_by_key(task.action)}
    for run in sorted(runs, key=lambda run: run.map_index):
        returned.setdefault(run.id, []).append(run.result.get("json"))
    known = {name: _one(values) for name, values in returned.items() if name not in unknown}
    call = ", ".join([function, literal(script), *([when] if when else [])])
    left = {output.path: output.digest.removeprefix("sha256:")[:12] for output in record.outputs} if "" not in unsteady else {}
    return [
        f"RETURNED = {literal(known)}",
        *(["# Digests of the files and tables that it leaves behind.", f"LEFT = {literal(left)}"] if left else []),
        "",
        "@pytest.mark.real",
        "def test_real_run(really):",
        f"    ends, ran, returned, {'left' if left else '_'} = really({call})",
        f"    assert (ends, ran) == ({literal(str(record.state))}, {literal(_ends(record))})",
        "    assert {task: returned[task] for task in RETURNED} == RETURNED",
        *(["    assert left == LEFT"] if left else []),
        "",
    ]


def _did(run: TaskRun) -> Any:
    if run.state in (State.FAILED, State.SKIPPED):
        return "fail" if run.state is State.FAILED else "skip"
    return {"returns": run.result["json"]} if "json" in run.result else {}


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, key=repr)


def _repeatable(workflow: Workflow, record: RunRecord) -> bool:
    """Whether a test can make the real run again: with nothing that only the recorded run was given, at any time of day."""
    given = record.inputs.get("params") or workflow.requirements.variables
    timed = any(time_decides(task, record) for task in workflow.tasks)
    return not (record.problem or given or timed or raced_in(workflow, record.tasks))


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
