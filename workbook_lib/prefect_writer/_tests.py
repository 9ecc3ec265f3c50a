"""The tests of a generated project: what the legacy engine's records show, as literals that need only Prefect and pytest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook_lib.model.run import Outcome, RunRecord, Scenario, State
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer._emitted import whole
from workbook_lib.prefect_writer._expr import literal
from workbook_lib.prefect_writer._text import quoted

_RAN = {State.SUCCESS: "success", State.FAILED: "failed", State.SKIPPED: "skipped"}


def conftest() -> str:
    """`tests/conftest.py`, the same for every project."""
    return whole("conftest")


def flow_test(workflow: Workflow, entrypoint: str, recorded: Sequence[tuple[Scenario, RunRecord]]) -> str:
    """`tests/test_<workflow>.py`: per rehearsal the script, how the run ended, and how the tasks that ran did."""
    path, function = entrypoint.rsplit(":", 1)
    module = path.removesuffix(".py").replace("/", ".")
    engine = next(record for _, record in recorded)
    cases = []
    for scenario, record in recorded:
        if scenario.kind == "real":
            continue
        ran: dict[str, list[tuple[str, int]]] = {}
        for run in record.tasks:
            if run.attempts:
                ran.setdefault(run.id, []).append((_RAN.get(run.state, str(run.state)), run.attempts))
        expected = "{" + ", ".join(f"{literal(name)}: {sorted(pairs)!r}" for name, pairs in ran.items()) + "}"
        cases.append(f"    {literal(scenario.name)}: ({literal(_script(scenario))}, {literal(str(record.state))}, {expected}),")
    said = f"What {engine.engine.capitalize()} {engine.version} did with `{workflow.id}`: the flow must end the same way in all rehearsals."
    lines = [
        quoted(said),
        "",
        "import pytest",
        "",
        f"from {module} import {function}",
        "",
        "# name: (script, how the run ends, per task that runs its ends and attempts)",
    ]
    lines += ["REHEARSALS = {", *cases, "}", "", '@pytest.mark.parametrize("name", REHEARSALS)', "def test_rehearsal(name, rehearse):"]
    lines += ["    script, ends, ran = REHEARSALS[name]", f"    assert rehearse({function}, script) == (ends, ran)", ""]
    return "\n".join(lines)


def _script(scenario: Scenario) -> dict[str, Any]:
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
