"""Makes a DAG that came out differently as small as it goes: drops parts, one kind of part a round, while the difference stays.

All candidates of a round go through the engines together, so that a round costs about as much as a batch of the campaign.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

from fuzz_source import Dag

# What may be taken off a task, the plainest first.
PARTS = (
    "setup", "teardown", "counts", "takes", "map", "pushes", "keys", "value", "does", "times", "at", "retries", "rule", "steers", "group",
)  # fmt: skip
DEPENDENT = {"steers": ("answer", "form", "other", "sweeps"), "does": ("times", "count", "at"), "teardown": ("counts",)}
MOST_ROUNDS = 12
MOST_CANDIDATES = 40


def shrink(dag: Dag, still: Callable[[Sequence[Dag]], list[bool]]) -> Dag:
    """The smallest DAG found for which `still` holds; it is asked about many DAGs at once."""
    for _ in range(MOST_ROUNDS):
        candidates = list(smaller(dag))[:MOST_CANDIDATES]
        held = [candidate for candidate, holds in zip(candidates, still(candidates), strict=True) if holds]
        if not held:
            return dag
        dag = min(held, key=size)
    return dag


def size(dag: Dag) -> tuple[int, int]:
    """Fewer tasks first, then fewer parts."""
    return len(dag["tasks"]), len(repr(dag))


def smaller(dag: Dag) -> Iterator[Dag]:
    """Descriptions with something less: half of the tasks, one task, one edge, one part of a task."""
    names = [task["id"] for task in dag["tasks"]]
    for wanted in (names[: len(names) // 2], names[len(names) // 2 :], *([name] for name in reversed(names))):
        if wanted and len(wanted) < len(names):
            yield without(dag, set(wanted))
    for index in range(len(dag.get("edges", ()))):
        less = copy.deepcopy(dag)
        edge = less["edges"].pop(index)
        if not _needed(less, edge):
            yield less
    for index, task in enumerate(dag["tasks"]):
        for part in PARTS:
            if part in task:
                less = copy.deepcopy(dag)
                for name in (part, *DEPENDENT.get(part, ())):
                    less["tasks"][index].pop(name, None)
                yield _tidy(less)


def without(dag: Dag, names: set[str]) -> Dag:
    """The DAG without these tasks; what stood before and behind one of them is tied together."""
    less = copy.deepcopy(dag)
    for name in names:
        before = [first for first, second in less.get("edges", ()) if second == name]
        after = [second for first, second in less.get("edges", ()) if first == name]
        kept = [edge for edge in less.get("edges", ()) if name not in edge]
        less["edges"] = kept + [[a, b] for a in before for b in after if [a, b] not in kept]
    less["tasks"] = [task for task in less["tasks"] if task["id"] not in names]
    return _tidy(less)


def _needed(dag: Dag, edge: list[str]) -> bool:
    """Whether a branch answers with the target of this edge."""
    return any(task["id"] == edge[0] and edge[1] in (*_names(task.get("answer")), task.get("other")) for task in dag["tasks"])


def _names(answer: object) -> list[str]:
    return answer if isinstance(answer, list) else []


def _tidy(dag: Dag) -> Dag:
    """Without mentions of what is gone."""
    made = {task["id"]: task for task in dag["tasks"]}
    used = {task.get("group") for task in dag["tasks"]}
    parents = {group["id"]: group.get("parent") for group in dag.get("groups", ())}
    used |= {parents.get(name) for name in used}
    dag["groups"] = [group for group in dag.get("groups", ()) if group["id"] in used]
    known = {*made, *(group["id"] for group in dag["groups"])}
    dag["edges"] = [edge for edge in dag.get("edges", ()) if set(edge) <= known]
    for task in dag["tasks"]:
        task["takes"] = [take for take in task.get("takes", ()) if take["from"] in made and _hands_over(made[take["from"]], take)]
        if isinstance(task.get("answer"), list):
            after = [second for first, second in dag["edges"] if first == task["id"]]
            task["answer"] = [name for name in task["answer"] if name in after]
            if task.get("other") not in after or not task["answer"]:
                task.pop("other", None)
                task["form"] = "list" if task.get("form") == "if" else task.get("form", "list")
        if "teardown" in task:
            task["teardown"] = [name for name in task["teardown"] if made.get(name, {}).get("setup")]
        if any(one.get("task") is not None and not isinstance(made.get(one["task"], {}).get("value"), list)
               and not made.get(one["task"], {}).get("map") for one in task.get("map", {}).get("over", ())):  # fmt: skip
            del task["map"]
        if not task["takes"]:
            del task["takes"]
    return {key: value for key, value in dag.items() if value != []}


def _hands_over(task: dict[str, object], take: dict[str, str]) -> bool:
    keys = [*task.get("keys", ()), task.get("pushes")]  # type: ignore[misc]
    return "key" not in take or take["key"] in keys
