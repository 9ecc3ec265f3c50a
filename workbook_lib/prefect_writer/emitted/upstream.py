"""Upstream tasks, as calls of `submit` name them: their runs, what of their results is wanted, and how they ended."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prefect.futures import PrefectFuture


class Upstream:
    """What stands for other tasks in a call of `submit`: their runs, and what they will have returned."""

    source: Any

    def futures(self, every: bool) -> list[PrefectFuture]:
        """The runs; unless `every`, without those that the rule does not ask about."""
        return futures(self.source, every)

    def result(self) -> Any:
        """What they returned, once they have ended."""
        return arrived(self.source)


@dataclass(frozen=True)
class Setup(Upstream):
    """An upstream task that set something up; `all_done_setup_success` asks for it."""

    source: PrefectFuture


@dataclass(frozen=True)
class Chosen(Upstream):
    """An upstream branch, and the answers of the branch that let the task go on."""

    source: PrefectFuture
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Pick(Upstream):
    """What a task will return, or one part of it, such as an entry of a dict; `follows` tells whether `rule` asks how it ended."""

    source: PrefectFuture | list[PrefectFuture]
    keys: tuple[Any, ...]
    follows: bool = True

    def futures(self, every: bool) -> list[PrefectFuture]:
        return super().futures(every) if every or self.follows else []

    def result(self) -> Any:
        if isinstance(self.source, list):  # of each run of a mapped task
            return [part for run in self.source if (part := replace(self, source=run).result()) is not None]
        return functools.reduce(lambda whole, key: None if whole is None else whole[key], self.keys, arrived(self.source))


def pick(source: PrefectFuture | list[PrefectFuture], *keys: Any) -> Pick:
    """`source[key]` of what `source` will return."""
    return Pick(source, keys)


def peek(source: PrefectFuture | list[PrefectFuture], *keys: Any) -> Pick:
    """The same, of a task further up: how it ended does not matter to the rule."""
    return Pick(source, keys, follows=False)


def chosen(branch: PrefectFuture, *answers: str) -> Chosen:
    """Go on only when `branch` answers with one of these task names."""
    return Chosen(branch, answers)


def arrived(value: Any) -> Any:
    """`value` with every future replaced by its result; None for one that has no result."""
    if isinstance(value, PrefectFuture):
        return value.result() if outcome(value) == "success" else None
    if isinstance(value, Upstream):
        return value.result()
    if isinstance(value, Mapping):
        return {key: arrived(item) for key, item in value.items()}
    return type(value)(map(arrived, value)) if isinstance(value, list | tuple) else value


def futures(value: Any, every: bool = True) -> list[PrefectFuture]:
    """Every future in `value`, however deep; without those that are only peeked at unless `every`."""
    if isinstance(value, PrefectFuture):
        return [value]
    if isinstance(value, Upstream):
        return value.futures(every)
    if isinstance(value, Mapping):
        value = list(value.values())
    return [future for item in value for future in futures(item, every)] if isinstance(value, list | tuple) else []


def outcome(future: PrefectFuture) -> str:
    """How a task ended, in the words of the rules."""
    state = future.state
    if state.name in ("Skipped", "UpstreamFailed", "NotReady"):
        return "skipped" if state.name == "Skipped" else "upstream_failed"
    return "success" if state.is_completed() else "failed"
