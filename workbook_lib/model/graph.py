"""Questions about a workflow's graph, each answered from one look at its edges: near-linear also for thousands of tasks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

Part = TypeVar("Part")
Answer = TypeVar("Answer")
Ends = Mapping[str, tuple[str, ...]]
_KEPT = 64  # answers of so many tuples are remembered


class _Itself(Generic[Part]):
    """A tuple by its identity: tuples of a workflow never change, and comparing them takes longer than what is remembered."""

    __slots__ = ("of",)

    def __init__(self, of: tuple[Part, ...]) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.of is other.of


def once(answer: Callable[[tuple[Part, ...]], Answer]) -> Callable[[tuple[Part, ...]], Answer]:
    """A question about a tuple that is answered once for each tuple object."""

    @lru_cache(maxsize=_KEPT)
    def kept(itself: _Itself[Part]) -> Answer:
        return answer(itself.of)

    return lambda parts: kept(_Itself(parts))


def listed(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """What stands second, in order, by what stands first."""
    found: dict[str, list[str]] = {}
    for first, second in pairs:
        found.setdefault(first, []).append(second)
    return {first: tuple(seconds) for first, seconds in found.items()}


def ordered(ids: Sequence[str], upstream: Ends, late: Iterable[str] = ()) -> list[str]:
    """Ids so that each comes after its upstream: always the first that can come, one of `late` only when no other can.

    Those on a cycle, and behind one, are missing from the answer.
    """
    last = frozenset(late)
    place = {task_id: (task_id in last, number) for number, task_id in enumerate(ids)}
    waits = {task_id: set(upstream.get(task_id, ())) for task_id in ids}
    after = listed((up, task_id) for task_id, ups in waits.items() for up in ups)
    ready = [(place[task_id], task_id) for task_id in ids if not waits[task_id]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, task_id = heapq.heappop(ready)
        order.append(task_id)
        for following in after.get(task_id, ()):
            waits[following].discard(task_id)
            if not waits[following]:
                heapq.heappush(ready, (place[following], following))
    return order
