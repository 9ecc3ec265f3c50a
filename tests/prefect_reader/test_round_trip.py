"""Random workflows: what the writer makes of them is read back with their tasks, their order and, scenario by scenario, their states."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from workbook_lib.model.action import Nothing, PythonCall, Shell
from workbook_lib.model.evaluate import fill, simulate
from workbook_lib.model.expr import Constant, Format, TaskOutput
from workbook_lib.model.function import Function, Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Edge, RetryPolicy, Task, Workflow, closure
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.validation.scenarios import scenarios


def python(name: str, returns: str) -> PythonCall:
    head = f"def {name}():"
    return PythonCall(function=Function(name=name, source=f"{head}\n    return {returns}\n", header_end=len(head)))


def workflow(seed: int) -> Workflow:
    """Two to eight tasks with every kind of rule, branches, short circuits, values handed over, skips and retries."""
    chance = random.Random(seed)
    ids = [f"t{index}" for index in range(chance.randint(2, 8))]
    pairs = [(a, b) for i, b in enumerate(ids) for a in ids[:i] if chance.random() < 1.6 / len(ids)]
    rules = [JoinRule.ALL_SUCCESS] * chance.choice([1, 6, 20]) + [JoinRule.ALL_DONE, JoinRule.NONE_FAILED_MIN_ONE_SUCCESS]
    rules += list(JoinRule) if chance.random() < 0.4 else []
    tasks = []
    for name in ids:
        before, behind = [a for a, b in pairs if b == name], [b for a, b in pairs if a == name]
        steers = chance.choice(["branch", "short_circuit"]) if behind and chance.random() < 0.25 else ""
        action = chance.choice([Nothing(), Shell(command=Constant(value="echo hi")), python(name, '"x"')])
        if steers:
            action = python(name, repr(behind[0]) if steers == "branch" else "True")
        elif before and chance.random() < 0.4:
            action = Shell(command=Format(parts=(Constant(value="echo "), TaskOutput(task=before[0]))))
        rule, skips, retries = chance.choice(rules) if before else JoinRule.ALL_SUCCESS, chance.random() < 0.1, chance.choice([0, 0, 2])
        retry = RetryPolicy(retries=retries)
        tasks.append(Task(id=name, operator="X", action=action, join_rule=rule, steers=steers, may_skip=skips, retry=retry))
    bare = Workflow(
        id="w",
        system="airflow",
        version="2.11",
        origin=Origin(file="w.py", line=1),
        tasks=tuple(tasks),
        edges=tuple(Edge(source=a, target=b) for a, b in pairs),
    )
    reach = closure(bare)
    edges = []
    for a, b in pairs:
        choice = (
            (b, *(other for other in bare.downstream(a) if other != b and b in reach[other])) if bare.task(a).steers == "branch" else None
        )
        edges.append(Edge(source=a, target=b, choice=choice))
    return bare.model_copy(update={"edges": tuple(edges)})


@pytest.mark.parametrize("seed", range(24))
def test_round_trip(seed: int, tmp_path: Path) -> None:
    legacy = workflow(seed)
    write([legacy]).save(tmp_path)
    program = read_flow(tmp_path, "w")
    assert (program.problems, program.unfollowed, set(program.tasks)) == ((), (), {task.id for task in legacy.tasks})
    assert {t.id: t.retries for t in legacy.tasks for t in [program.tasks[t.id]]} == {t.id: t.retry.retries for t in legacy.tasks}
    after = program.graph().after
    assert [(a, b) for a, behind in closure(legacy).items() for b in behind if a not in after[b]] == []
    for scenario in scenarios(legacy):
        runs, state = simulate(legacy, scenario)
        read = program.simulate(scenario)
        assert read.unfollowed == ()
        filled = {(run.id, run.map_index): run.state for run in fill(legacy, read.runs)}
        assert (filled, read.state) == ({(run.id, run.map_index): run.state for run in runs}, state), scenario.name
