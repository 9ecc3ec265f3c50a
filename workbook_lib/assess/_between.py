"""The graph between workflows, its cycles, and the waves in which they can migrate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbook_lib.assess._report import Tie, Wave
from workbook_lib.model.workflow import Workflow


def ties(workflows: Sequence[Workflow]) -> tuple[tuple[Tie, ...], tuple[Tie, ...]]:
    """Ties among the workflows, and those that lead to workflows or assets that are not here."""
    known = {workflow.id for workflow in workflows}
    producers: dict[str, list[str]] = {}
    consumed: dict[str, list[str]] = {}
    for workflow in workflows:
        for link in workflow.links:
            if link.kind == "produces":
                producers.setdefault(link.target, []).append(workflow.id)
        for uri in _consumes(workflow):
            consumed.setdefault(uri, []).append(workflow.id)
    inside: dict[Tie, None] = {}
    outside: dict[Tie, None] = {}
    for workflow in workflows:
        for link in workflow.links:
            if link.kind == "waits_for":
                tie = Tie(before=link.target, after=workflow.id, kind="waits_for", task=link.task)
                (inside if link.target in known else outside)[tie] = None
            elif link.kind == "starts":
                tie = Tie(before=workflow.id, after=link.target, kind="starts", task=link.task)
                (inside if link.target in known else outside)[tie] = None
        for uri in _consumes(workflow):
            for producer in producers.get(uri, ()):
                if producer != workflow.id:
                    inside[Tie(before=producer, after=workflow.id, kind="asset", via=uri)] = None
            if uri not in producers:
                outside[Tie(before="", after=workflow.id, kind="asset", via=uri)] = None
    return tuple(inside), tuple(outside)


def _consumes(workflow: Workflow) -> tuple[str, ...]:
    uris = [link.target for link in workflow.links if link.kind == "consumes"]
    return tuple(dict.fromkeys([*uris, *workflow.schedule.assets]))


def cycles(ids: Sequence[str], found: Iterable[Tie]) -> tuple[tuple[str, ...], ...]:
    """Groups of workflows that depend on each other in a circle, each in the order of `ids`."""
    following: dict[str, set[str]] = {}
    for tie in found:
        following.setdefault(tie.before, set()).add(tie.after)
    reach = {workflow_id: _reached(workflow_id, following) for workflow_id in ids if workflow_id in following}
    groups: dict[tuple[str, ...], None] = {}
    for workflow_id, reached in reach.items():
        if workflow_id in reached:
            groups[tuple(other for other in ids if other in reached and workflow_id in reach.get(other, ()))] = None
    return tuple(groups)


def _reached(start: str, following: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    stack = [start]
    while stack:
        for target in following.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen


def waves(ids: Sequence[str], found: Sequence[Tie], circles: Sequence[tuple[str, ...]]) -> tuple[Wave, ...]:
    """What is waited for goes first; workflows in a circle go together."""
    together = {member: circle[0] for circle in circles for member in circle}
    before: dict[str, set[str]] = {together.get(workflow_id, workflow_id): set() for workflow_id in ids}
    for tie in found:
        first, then = together.get(tie.before, tie.before), together.get(tie.after, tie.after)
        if first != then:
            before[then].add(first)
    result: list[Wave] = []
    while before:
        ready = {name for name, earlier in before.items() if not earlier & before.keys()}
        members = tuple(workflow_id for workflow_id in ids if together.get(workflow_id, workflow_id) in ready)
        result.append(Wave(number=len(result) + 1, workflows=members))
        for name in ready:
            del before[name]
    return tuple(result)
