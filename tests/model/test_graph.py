"""Answers about a graph: right, in the order of the source, and from one look at the edges however many tasks there are."""

from __future__ import annotations

import random

import pytest

from workbook_lib.errors import ModelError
from workbook_lib.model.action import Nothing
from workbook_lib.model.function import Origin
from workbook_lib.model.graph import listed, once, ordered
from workbook_lib.model.workflow import Edge, Task, Workflow, closure, topological

ORIGIN = Origin(file="a.py", line=1)


def workflow(pairs: list[tuple[str, str]]) -> Workflow:
    ids = dict.fromkeys(end for pair in pairs for end in pair)
    tasks = tuple(Task(id=task_id, operator="EmptyOperator", origin=ORIGIN, action=Nothing()) for task_id in ids)
    edges = tuple(Edge(source=source, target=target) for source, target in pairs)
    return Workflow(id="w", system="airflow", version="2.11", origin=ORIGIN, tasks=tasks, edges=edges)


def slowly(ids: list[str], upstream: dict[str, tuple[str, ...]], late: set[str]) -> list[str]:
    """The same order, found by looking at all that wait."""
    waiting = {task_id: set(upstream.get(task_id, ())) for task_id in ids}
    order: list[str] = []
    while ready := [task_id for task_id in waiting if not waiting[task_id]]:
        order.append(next((task_id for task_id in ready if task_id not in late), ready[0]))
        del waiting[order[-1]]
        for rest in waiting.values():
            rest.discard(order[-1])
    return order


@pytest.mark.parametrize("seed", range(30))
def test_the_first_that_can_come_comes_next(seed: int) -> None:
    rng = random.Random(seed)
    ids = [f"t{number}" for number in range(20)]
    shuffled = rng.sample(ids, len(ids))
    upstream = {task_id: tuple(rng.sample(shuffled[:place], min(place, rng.randrange(4)))) for place, task_id in enumerate(shuffled)}
    late = set(rng.sample(ids, seed % 5))
    assert ordered(ids, upstream, late) == slowly(ids, upstream, late)


def test_downstream_directly_or_not() -> None:
    made = workflow([("a", "b"), ("a", "c"), ("c", "d"), ("a", "b")])
    assert {task_id: sorted(reached) for task_id, reached in closure(made).items()} == {"a": ["b", "c", "d"], "b": [], "c": ["d"], "d": []}
    assert (made.upstream("b"), made.downstream("a")) == (("a", "a"), ("b", "c", "b"))


def test_a_cycle_is_told() -> None:
    with pytest.raises(ModelError, match="workflow 'w' has a cycle through b, c$"):
        topological(workflow([("a", "b"), ("b", "c"), ("c", "b")]))


def test_a_copy_with_other_edges_answers_for_itself() -> None:
    made = workflow([("a", "b"), ("b", "c")])
    assert made.upstream("c") == ("b",)
    other = made.model_copy(update={"edges": made.edges[:1]})
    assert (other.upstream("c"), made.upstream("c"), other == made) == ((), ("b",), False)


def test_a_tuple_is_looked_at_once() -> None:
    looks = []

    @once
    def answer(pairs: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, ...]]:
        looks.append(pairs)
        return listed(pairs)

    pairs = (("a", "b"), ("a", "c"))
    assert [answer(pairs) for _ in range(3)] == [{"a": ("b", "c")}] * 3
    assert looks == [pairs]


def test_each_edge_is_followed_once() -> None:
    class Counted(dict[str, tuple[str, ...]]):
        asked = 0

        def get(self, key: str, default: object = None) -> tuple[str, ...]:
            type(self).asked += 1
            return super().get(key, ())

    ids = [f"t{number}" for number in range(5000)]
    upstream = Counted({after: (before,) for before, after in zip(ids, ids[1:], strict=False)})
    assert ordered(ids, upstream) == ids
    assert Counted.asked == len(ids)
