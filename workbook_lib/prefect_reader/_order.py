"""From the runs of one task found on several paths to the order of the tasks."""

from __future__ import annotations

from collections.abc import Sequence

from workbook_lib.prefect_reader._explore import Site
from workbook_lib.prefect_reader._program import EdgeKind, FlowEdge, FlowGraph


def order(sites: Sequence[Site]) -> FlowGraph:
    """`after` counts an order only when it holds for every pair of runs that can both happen."""
    ids = list(dict.fromkeys(site.run.id for site in sites))
    of: dict[str, list[Site]] = {task_id: [] for task_id in ids}
    for site in sites:
        of[site.run.id].append(site)
    after = {task_id: frozenset(_after(of[task_id], of, task_id)) for task_id in ids}
    edges: dict[tuple[str, str], EdgeKind] = {}
    for site in sites:
        for run in site.waits:
            edges.setdefault((run.id, site.run.id), "wait")
        for run in site.data:
            edges[run.id, site.run.id] = "data"
    for target in ids:
        for source in _nearest(after[target], after):
            edges.setdefault((source, target), "control")
    walked = _closure(ids, edges)
    loose = {target: walked[target] - after[target] - {target} for target in ids}
    races = tuple((source, target) for target in ids for source in ids if source in loose[target])
    return FlowGraph(tuple(ids), tuple(FlowEdge(source, target, kind) for (source, target), kind in edges.items()), after, races)


def _after(sites: Sequence[Site], of: dict[str, list[Site]], own: str) -> list[str]:
    before, loose = 0, 0
    for site in sites:
        before |= site.before
        loose |= site.started & ~site.before
    found = []
    for task_id, others in of.items():
        mask = 0
        for other in others:
            mask |= 1 << other.run.number
        if task_id != own and mask & before and not mask & loose:
            found.append(task_id)
    return found


def _nearest(sources: frozenset[str], after: dict[str, frozenset[str]]) -> list[str]:
    """The sources that no other source comes after."""
    behind: set[str] = set()
    for source in sources:
        behind |= after[source]
    return [source for source in after if source in sources and source not in behind]


def _closure(ids: Sequence[str], edges: dict[tuple[str, str], EdgeKind]) -> dict[str, set[str]]:
    """Per task everything from which it can be reached along the edges."""
    direct: dict[str, set[str]] = {task_id: set() for task_id in ids}
    for source, target in edges:
        direct[target].add(source)
    walked: dict[str, set[str]] = {}
    for task_id in ids:
        seen: set[str] = set()
        stack = list(direct[task_id])
        while stack:
            source = stack.pop()
            if source not in seen:
                seen.add(source)
                stack.extend(walked.get(source, direct[source]) - seen)
        walked[task_id] = seen
    return walked
