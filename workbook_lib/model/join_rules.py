"""When a dataflow task runs, given how its direct upstream tasks ended.

Source of the meaning: Airflow's trigger rules
(https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/dags.html#trigger-rules), as its scheduler applies them once
all upstream tasks have ended. Luigi and Dagster know ALL_SUCCESS alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class JoinRule(StrEnum):
    """Names as Airflow spells them; old spellings are turned into these by the Airflow room."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_SKIPPED = "all_skipped"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"


Decision = Literal["run", "skipped", "upstream_failed"]


@dataclass(frozen=True)
class Counts:
    """How many direct upstream instances ended in which way; `failed` includes those whose own upstream failed."""

    total: int
    success: int
    failed: int  # failed itself
    upstream_failed: int
    skipped: int
    setups: int = 0
    setups_success: int = 0
    setups_skipped: int = 0

    @property
    def bad(self) -> int:
        """Failed, or blocked by a failure."""
        return self.failed + self.upstream_failed


def _if(bad: bool, then: Decision, otherwise: Decision = "run") -> Decision:
    return then if bad else otherwise


_RULES: dict[JoinRule, Callable[[Counts], Decision]] = {
    JoinRule.ALL_SUCCESS: lambda c: "upstream_failed" if c.bad else _if(c.skipped > 0, "skipped"),
    JoinRule.ALL_FAILED: lambda c: _if(c.success + c.skipped > 0, "skipped"),
    JoinRule.ALL_DONE: lambda c: "run",
    JoinRule.ALL_SKIPPED: lambda c: _if(c.success + c.bad > 0, "skipped"),
    JoinRule.ONE_SUCCESS: lambda c: "run" if c.success else _if(c.skipped == c.total, "skipped", "upstream_failed"),
    JoinRule.ONE_FAILED: lambda c: _if(c.bad == 0, "skipped"),
    JoinRule.ONE_DONE: lambda c: _if(c.success + c.failed == 0, "skipped"),
    JoinRule.NONE_FAILED: lambda c: _if(c.bad > 0, "upstream_failed"),
    JoinRule.NONE_FAILED_MIN_ONE_SUCCESS: lambda c: "upstream_failed" if c.bad else _if(c.skipped == c.total, "skipped"),
    JoinRule.NONE_SKIPPED: lambda c: _if(c.skipped > 0, "skipped"),
    JoinRule.ALWAYS: lambda c: "run",
    JoinRule.ALL_DONE_SETUP_SUCCESS: lambda c: (
        "run" if not c.setups or c.setups_success else _if(c.setups_skipped >= c.setups, "skipped", "upstream_failed")
    ),
    JoinRule.ALL_DONE_MIN_ONE_SUCCESS: lambda c: _if(c.skipped > 0, "skipped", _if(c.success == 0, "upstream_failed")),
}


def count(upstream: Iterable[tuple[str, bool]]) -> Counts:
    """Counts of `(state, is_setup)` pairs; states as in `model.run.State` ("removed" and "not_run" count as blocked)."""
    pairs = list(upstream)
    states = [state for state, _ in pairs]
    setups = [state for state, is_setup in pairs if is_setup]
    return Counts(
        total=len(states),
        success=states.count("success"),
        failed=states.count("failed"),
        upstream_failed=states.count("upstream_failed") + states.count("not_run"),
        skipped=states.count("skipped"),
        setups=len(setups),
        setups_success=setups.count("success"),
        setups_skipped=setups.count("skipped"),
    )


def decide(rule: JoinRule, upstream: Iterable[tuple[str, bool]]) -> Decision:
    """What happens to a task with `rule` whose direct upstream instances ended as given; without upstream it runs."""
    counts = count(upstream)
    return "run" if counts.total == 0 else _RULES[rule](counts)
