"""Compares what a flow and its tasks are given beside the graph: the run's time limit, and who is told how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbook_lib.model.function import Function
from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._protocols import FlowProgram
from workbook_lib.validation._rows import AspectResult, Judgement, TaskVerdict

Callbacks = Sequence[tuple[str, Function]]

# Legacy callback -> the hook of the same moment (https://docs.prefect.io/v3/how-to-guides/workflows/state-change-hooks), and when it is.
HOOKS = {
    "on_failure_callback": ("on_failure", "when it fails"),
    "on_success_callback": ("on_completion", "when it succeeds"),
    "on_execute_callback": ("on_running", "when it starts"),
}


def compare_limits(workflow: Workflow, program: FlowProgram) -> Iterator[AspectResult]:
    """Rows for what differs in the run's time limit and in callbacks of the workflow (id "") and its tasks."""
    limit = workflow.limits.run_timeout_seconds or None
    if program.timeout != limit:
        values = ({"run_timeout_seconds": limit}, {"run_timeout_seconds": program.timeout})
        yield _row("", Judgement.DIFFERENT, "the time limits of a whole run differ", *values)
    yield from _callbacks("", workflow.callbacks, program.hooks)
    for task in workflow.tasks:
        if task.id in program.tasks:
            yield from _callbacks(task.id, task.callbacks, program.tasks[task.id].hooks)


def _callbacks(owner: str, callbacks: Callbacks, hooks: Sequence[tuple[str, str]]) -> Iterator[AspectResult]:
    for legacy_event in dict.fromkeys(event for event, _ in callbacks):
        functions = [function for event, function in callbacks if event == legacy_event]
        wanted = [function.name for function in functions]
        if legacy_event not in HOOKS:
            remark = f"{legacy_event} ({', '.join(wanted)}) is not compared: Prefect has no hook for that moment"
            yield _row(owner, Judgement.EQUAL, remark)
            continue
        event, when = HOOKS[legacy_event]
        found = [name for name_of_event, name in hooks if name_of_event == event]
        if len(found) >= len(wanted):
            continue
        values = ({legacy_event: [*wanted]}, {event: [*found]})
        blocked = [function for function in functions if function.blockers]
        if blocked and len(found) >= len(wanted) - len(blocked):
            reason = f"{legacy_event} {blocked[0].name!r} is not carried over: {blocked[0].blockers[0]}"
            yield _row(owner, Judgement.NOT_COMPARABLE, reason, *values)
        else:
            calls = f"the flow calls {', '.join(found) or 'nothing'}"
            yield _row(owner, Judgement.DIFFERENT, f"the legacy workflow calls {', '.join(wanted)} {when}, {calls}", *values)


def _row(task: str, verdict: Judgement, reason: str, legacy: object = None, pilot: object = None) -> AspectResult:
    return TaskVerdict(id=task, aspect="structure", verdict=verdict, legacy=legacy, pilot=pilot, reason=reason)
