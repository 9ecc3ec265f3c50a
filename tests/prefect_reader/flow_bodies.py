"""Helpers: a flow's body -> what the reader says of it, in short forms that fit on one line."""

from __future__ import annotations

from textwrap import dedent, indent

from workbook_lib.model.run import Outcome, Scenario
from workbook_lib.prefect_reader import FlowProgram, Simulation, read_source

HEAD = """\
import asyncio
from contextlib import suppress
from prefect import allow_failure, flow, task, unmapped
from prefect.futures import as_completed, wait
from shared.mapped_tasks import submit_each
from shared.trigger_rules import finish, submit
from shared.upstream import Setup, chosen, peek, pick

RETRY = {"retries": 2, "retry_delay_seconds": 60}

@task
def a(x=None): ...
@task(**RETRY)
def b(x=None): ...
@task(retries=3, retry_delay_seconds=[1, 2, 4], timeout_seconds=60)
def c(x=None, y=None): ...
@task(name="d")
def other(x=None): raise NotImplementedError("d: an operator that no rule knows")
d = other
@task(task_run_name="e_{x}")
def e(x, y=None): ...
@task
async def z(x=None): ...
"""
IDS = ("a", "b", "c", "d", "e_p", "e_q", "z")


def read_body(body: str, *, parameters: str = "", decorator: str = "@flow", define: str = "def", ids: tuple[str, ...] = IDS) -> FlowProgram:
    text = f"{HEAD}{decorator}\n{define} f({parameters}):\n{indent(dedent(body).strip(), '    ')}\n"
    return read_source(text, flow_name="f", task_names={name: name for name in ids})


def scenario(script: str) -> Scenario:
    """`a fails, b skips, c=3 gives [..]` in short: "a:fail b:skip c:recover c@0:fail a=[1,2] a>b,c"."""
    outcomes: list[tuple[str, Outcome]] = []
    for word in script.split():
        if ">" in word:
            name, _, arms = word.partition(">")
            outcomes.append((name, Outcome(arms=tuple(arms.split(",")))))
        elif "=" in word:
            name, _, value = word.partition("=")
            outcomes.append((name, Outcome.model_validate_json(f'{{"value": {value}}}')))
        else:
            name, _, does = word.partition(":")
            name, _, index = name.partition("@")
            outcomes.append((name, Outcome(does=does, fails=1, map_index=int(index) if index else None)))  # type: ignore[arg-type]
    return Scenario(name=script or "all succeed", outcomes=tuple(outcomes))


_LETTERS = {"success": "+", "failed": "!", "skipped": "~", "upstream_failed": "x"}


def states(program: FlowProgram, script: str = "") -> str:
    """`a+ b! c~ dx c0+ | success`: success, failed, skipped, upstream failed, in order of creation, and the run's end."""
    result: Simulation = program.simulate(scenario(script))
    if result.unfollowed:
        return "? " + result.unfollowed[0].reason
    words = [f"{task}{index if index >= 0 else ''}{_LETTERS[state]}" for (task, index), state in result.items()]
    return f"{' '.join(words)} | {result.state}"


def after(program: FlowProgram) -> str:
    """`b<a c<a,b`: what has ended before each task; tasks that wait for nothing stand alone."""
    graph = program.graph()
    return " ".join(f"{task}<{','.join(sorted(graph.after[task]))}".removesuffix("<") for task in graph.tasks)
