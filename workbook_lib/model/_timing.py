"""When a join rule is decided: some rules skip or block a task as soon as one upstream task has ended, before the others have.

It matters where `all_success` meets both a skip and a failure: the one that came first decides. Time is counted in rounds, as Airflow
2.11.2's `DAG.test` has them (`ti_deps/deps/trigger_rule_dep.py` with `flag_upstream_failed`): in each round every task that is ready runs
one attempt, then every waiting task looks once at how its upstream tasks stand. A branch's skip is seen together with the branch's end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from workbook_lib.model.join_rules import Decision, JoinRule, decide


class Ended(NamedTuple):
    """One upstream instance: the round from which its end is seen, how it ended, whether it is a setup."""

    seen: int
    state: str
    setup: bool = False


_BAD = frozenset({"failed", "upstream_failed", "not_run"})


def _block(states: set[str]) -> Decision | None:
    return "upstream_failed" if states & _BAD else None


def _unless(wanted: frozenset[str], then: Decision) -> Callable[[set[str]], Decision | None]:
    return lambda states: then if states & wanted else None


# What can be said as soon as some of the upstream instances have ended.
_EARLY: dict[JoinRule, Callable[[set[str]], Decision | None]] = {
    JoinRule.ALL_SUCCESS: lambda states: _block(states) or ("skipped" if "skipped" in states else None),
    JoinRule.ALL_FAILED: _unless(frozenset({"success", "skipped"}), "skipped"),
    JoinRule.ALL_SKIPPED: _unless(_BAD | {"success"}, "skipped"),
    JoinRule.ONE_SUCCESS: _unless(frozenset({"success"}), "run"),
    JoinRule.ONE_FAILED: _unless(_BAD, "run"),
    JoinRule.ONE_DONE: _unless(frozenset({"success", "failed"}), "run"),
    JoinRule.NONE_FAILED: _block,
    JoinRule.NONE_FAILED_MIN_ONE_SUCCESS: _block,
    JoinRule.NONE_SKIPPED: _unless(frozenset({"skipped"}), "skipped"),
    JoinRule.ALL_DONE_MIN_ONE_SUCCESS: _unless(frozenset({"skipped"}), "skipped"),
}


def settle(rule: JoinRule, upstream: Sequence[Ended], required: Sequence[Ended] = ()) -> tuple[Decision, int]:
    """What happens to a task, and in which round that is decided.

    `required` are instances that must succeed whatever the rule says, and that are asked first: setups in whose scope the task is.
    """
    if rule is JoinRule.ALWAYS:
        upstream = ()
    if not upstream and not required:
        return "run", 0
    early = _EARLY.get(rule)
    need = _EARLY[JoinRule.ALL_SUCCESS]
    rounds = sorted({one.seen for one in (*upstream, *required)})
    for now in rounds:
        blocked = need({one.state for one in required if one.seen <= now})
        if blocked is not None:
            return blocked, now
        seen = [one for one in upstream if one.seen <= now]
        if len(seen) == len(upstream):
            decided: Decision | None = decide(rule, ((one.state, one.setup) for one in upstream))
        else:
            decided = early({one.state for one in seen}) if early is not None else None
        if decided is not None and (decided != "run" or all(one.seen <= now for one in required)):
            return decided, now
    return "run", rounds[-1]
